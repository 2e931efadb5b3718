import { describe, expect, it } from 'vitest';
import { BATCH_SCHEMA } from '../../src/emulator/protos.js';
import { buildCanaryJob, CANARY_SECONDS, settingsHash } from '../../src/exec/canary/canaryJob.js';
import { withCanaryLine } from '../../src/exec/canary/canaryLines.js';
import { parseCanaryReport, projectedSeconds } from '../../src/exec/canary/canaryReport.js';
import { judgeCanary } from '../../src/exec/canary/judgeCanary.js';
import type { PortJob, PortTask } from '../../src/exec/port.js';
import { buildJob, SPEC_LABEL, specHash } from '../../src/plan/job.js';
import type { Plan } from '../../src/plan/plan.js';
import { checkJob } from '../../src/plan/protoJson.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import { cloudOf, cloudRegion, PROJECT, realPlan } from './realProject.js';

const RUN = { runId: 'fc-test', project: PROJECT, round: 0 };
const REGION = 'us-central1';

function shardJob(plan: Plan) {
  const shard = plan.shards.find((one) => one.region === REGION);
  if (!shard) throw new Error(`no shard in ${REGION}`);
  const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
  return buildJob(plan, { jobId: 'fc-test-w0', shard, round: 0, tasks }, RUN);
}

describe('the canary of a region', () => {
  const plan = realPlan();
  const canary = buildCanaryJob(plan, REGION, RUN);

  it('is one task with exactly the image, account, network, disk and driver of the jobs to come', () => {
    const job = shardJob(plan);
    expect(canary.job.allocationPolicy).toEqual(job.allocationPolicy);
    expect(canary.job.taskGroups[0]?.taskSpec.runnables).toEqual(job.taskGroups[0]?.taskSpec.runnables);
    expect(canary.job.taskGroups[0]).toMatchObject({ taskCount: 1, parallelism: 1, taskCountPerNode: 1 });
    expect(settingsHash(canary.job)).toBe(settingsHash(job));
  });

  it('is a job that Batch accepts, labelled by its own hash', () => {
    expect(checkJob(BATCH_SCHEMA, canary.job)).toEqual([]);
    expect(canary.job.labels?.[SPEC_LABEL]).toBe(specHash(canary.job));
    expect(canary.part.jobId).toBe('fc-test-canary-us-central1-0');
    const longest = buildCanaryJob(
      realPlan({ regions: { 'northamerica-northeast1': cloudRegion('northamerica-northeast1') } }),
      REGION,
      { ...RUN, runId: 'r'.repeat(24), round: 99 },
    );
    expect(longest.part.jobId.length + 'northamerica-northeast1'.length - REGION.length).toBeLessThanOrEqual(
      63,
    );
  });

  it('tells its task what it is, and where to write what it sees', () => {
    expect(canary.job.taskGroups[0]?.taskSpec.environment?.variables).toMatchObject({
      FEPCAST_CANARY: '1',
      FEPCAST_EXPECTED_SECONDS: String(CANARY_SECONDS),
      FEPCAST_CANARY_REPORT: 'gs://results-us-central1/runs/fc-test/canary/us-central1.json',
    });
  });

  it('is in the World a job of two minutes that does none of the campaign', () => {
    const spec = readJobSpec(canary.job, REGION, canary.part.jobId, plan.scenario.resolved);
    expect(spec).toMatchObject({ taskCount: 1, tasks: null, attempt: { seconds: 120, exitCode: 0 } });
    expect(readJobSpec(shardJob(plan), REGION, 'x', plan.scenario.resolved).attempt).toBeUndefined();
  });

  it.each<[string, (plan: Plan) => Plan]>([
    [
      'image',
      (p) => ({ ...p, image: { ...p.image, uriByRegion: { [REGION]: 'us-docker.pkg.dev/p/r/i:2' } } }),
    ],
    ['delivery', (p) => ({ ...p, image: { ...p.image, delivery: 'streaming' } })],
    ['account', (p) => ({ ...p, cloud: cloudOf({ serviceAccount: 'other@p.iam.gserviceaccount.com' }) })],
    ['address', (p) => ({ ...p, cloud: cloudOf({ externalIp: true }) })],
    ['disk', (p) => ({ ...p, machine: { ...p.machine, bootDiskGb: 60 } })],
    ['driver', (p) => ({ ...p, cloud: cloudOf({ installGpuDrivers: false }) })],
    [
      'secret',
      (p) => ({ ...p, cloud: cloudOf({ secretEnvironment: { KEY: 'projects/p/secrets/s/versions/1' } }) }),
    ],
  ])('speaks for these settings alone: another %s is another canary', (_, change) => {
    expect(buildCanaryJob(change(plan), REGION, RUN).settingsHash).not.toBe(canary.settingsHash);
  });

  it('speaks for jobs with other labels and other tasks', () => {
    const labelled = { ...plan, cloud: cloudOf({ labels: { team: 'a' } }) };
    expect(buildCanaryJob(labelled, REGION, { ...RUN, round: 3 }).settingsHash).toBe(canary.settingsHash);
  });
});

const T0 = 1_800_000_000;

function jobSeen(state: PortJob['state'], descriptions: string[] = []): PortJob {
  const scheduled =
    'Job state is set from QUEUED to SCHEDULED for job projects/1/locations/us-central1/jobs/x.';
  return {
    jobId: 'fc-test-canary-us-central1-0',
    region: REGION,
    state,
    counts: { total: 1, pending: 0, assigned: 0, running: 0, succeeded: 1, failed: 0 },
    labels: {},
    createTime: T0,
    events: [scheduled, ...descriptions].map((description, i) => ({
      type: 'STATUS_CHANGED',
      description,
      time: T0 + 60 + i,
    })),
  };
}

function taskSeen(...exitCodes: (number | null)[]): PortTask[] {
  const events = exitCodes.flatMap((exitCode, i) => [
    { description: 'a VM', time: T0 + 100 + 600 * i, state: 'ASSIGNED', exitCode: null },
    {
      description: 'its end',
      time: T0 + 400 + 600 * i,
      state: exitCode === null ? 'SUCCEEDED' : 'FAILED',
      exitCode,
    },
  ]);
  return [{ index: 0, state: exitCodes.at(-1) === null ? 'SUCCEEDED' : 'FAILED', events }];
}

function report(fields: object = {}) {
  const whole = {
    accelerator: 'NVIDIA L4',
    trials: [{ name: 'write', ok: true }],
    engine: { seconds: 120, step: 100, of: 3000 },
    ...fields,
  };
  return parseCanaryReport(JSON.stringify(whole));
}

describe('the verdict on a canary', () => {
  const plan = realPlan();
  const canary = buildCanaryJob(plan, REGION, RUN);
  const judge = (
    seen: { job: PortJob; tasks: PortTask[]; report?: ReturnType<typeof report> },
    virtual = false,
  ) => judgeCanary(canary, { report: null, ...seen }, plan, { project: PROJECT, virtual });

  it('passes with its start-up times, its speed and its cost', () => {
    // 30 times 120 s is the hour that the plan expects of a window.
    const verdict = judge({ job: jobSeen('SUCCEEDED'), tasks: taskSeen(null), report: report() });
    expect(verdict).toMatchObject({ passed: true, repair: null });
    expect(verdict.facts).toEqual({
      queuedSeconds: 60,
      vmSeconds: 40,
      taskSeconds: 300,
      accelerator: 'NVIDIA L4',
      speed: 1,
      costUsd: (300 / 3600) * 1,
    });
  });

  it('passes and says so when everything is far slower than planned', () => {
    const slow = report({ engine: { seconds: 120, step: 40, of: 3000 } });
    const verdict = judge({ job: jobSeen('SUCCEEDED'), tasks: taskSeen(null), report: slow });
    expect(verdict.passed).toBe(true);
    expect(verdict.message).toContain('0.40 times the planned speed, so that the campaign will take longer');
  });

  it('passes without a report only where nobody could write one', () => {
    const seen = { job: jobSeen('SUCCEEDED'), tasks: taskSeen(null) };
    expect(judge(seen, true).passed).toBe(true);
    expect(judge(seen).passed).toBe(false);
    expect(judge(seen).message).toContain('left no report at gs://results-us-central1/runs/fc-test/canary/');
  });

  it('fails by what the task has tried', () => {
    const trials = [
      { name: 'write', ok: true },
      { name: 'overwrite', ok: false, message: 'refused by a retention policy' },
    ];
    const verdict = judge({ job: jobSeen('SUCCEEDED'), tasks: taskSeen(null), report: report({ trials }) });
    expect(verdict.message).toBe(
      'the canary of us-central1 failed: overwrite: refused by a retention policy',
    );
  });

  it.each<[string, PortJob, PortTask[], RegExp, RegExp | null]>([
    [
      'the agent never reported',
      jobSeen('FAILED', ['No VM has agent reporting correctly within the time window 1080 seconds.']),
      [],
      /its VM never reported to Batch/,
      /--role=roles\/batch\.agentReporter/,
    ],
    ['there was no GPU', jobSeen('FAILED'), taskSeen(82, 82), /found no GPU/, null],
    [
      'the image could not be pulled',
      jobSeen('FAILED'),
      taskSeen(1),
      /before it wrote a word: us-central1-docker\.pkg\.dev\/my-project\/fep\/task:1 could not be pulled/,
      /--role=roles\/artifactregistry\.reader/,
    ],
    [
      'a bucket refused',
      jobSeen('FAILED'),
      taskSeen(2),
      /refused by a bucket or found a setting wrong \(exit code 2\)/,
      /gs:\/\/scratch-us-central1 .*gs:\/\/results-us-central1 /,
    ],
    ['an input was missing', jobSeen('FAILED'), taskSeen(72), /did not find its input/, null],
    ['the store was away', jobSeen('FAILED'), taskSeen(77), /did not reach Cloud Storage/, null],
    [
      'the VM was taken away each time',
      jobSeen('FAILED'),
      taskSeen(50001, 50001),
      /nothing was learnt/,
      null,
    ],
    ['something else happened', jobSeen('FAILED'), taskSeen(50001, 139), /exit code 139/, null],
    [
      'there was no quota',
      jobSeen('FAILED', ['Batch Error: code - CODE_GCE_QUOTA_EXCEEDED, description - error count is 4']),
      [],
      /quota of us-central1 does not hold one VM/,
      /gcloud compute regions describe/,
    ],
    [
      'somebody cancelled it',
      jobSeen('CANCELLED'),
      [],
      /somebody cancelled it/,
      /gcloud batch jobs describe/,
    ],
    [
      'nobody knows why',
      jobSeen('FAILED', ['Job failed for reasons of its own.']),
      [],
      /reasons of its own/,
      null,
    ],
  ])('fails when %s', (_, job, tasks, message, repair) => {
    const verdict = judge({ job, tasks });
    expect(verdict.passed).toBe(false);
    expect(verdict.message).toMatch(message);
    if (repair !== null) expect(verdict.repair).toMatch(repair);
  });
});

describe('the report of a canary', () => {
  it('tells how long a whole window would take', () => {
    const seen = report();
    expect(seen === null ? null : projectedSeconds(seen)).toBe(3600);
    const idle = report({ engine: { seconds: 120, step: 0, of: 3000 } });
    expect(idle === null ? 0 : projectedSeconds(idle)).toBeNull();
  });

  it('is none when it is torn or something else', () => {
    expect(parseCanaryReport('{"accelerator": "NVI')).toBeNull();
    expect(parseCanaryReport('[]')).toBeNull();
  });
});

describe('the ledger of canaries', () => {
  const line = { at: 1, region: REGION, settingsHash: 'a', jobId: 'x' };
  const facts = {
    queuedSeconds: null,
    vmSeconds: null,
    taskSeconds: null,
    accelerator: null,
    speed: null,
    costUsd: null,
  };

  it('knows of each whether it passed, and counts one that was written twice once', () => {
    let canaries = withCanaryLine([], { kind: 'canary-intended', ...line, round: 0 });
    canaries = withCanaryLine(canaries, { kind: 'canary-intended', ...line, round: 0 });
    expect(canaries).toEqual([{ region: REGION, settingsHash: 'a', round: 0, verdict: null }]);
    canaries = withCanaryLine(canaries, {
      kind: 'canary-failed',
      ...line,
      facts,
      why: 'no GPU',
      repair: null,
    });
    canaries = withCanaryLine(canaries, { kind: 'canary-intended', ...line, round: 1 });
    canaries = withCanaryLine(canaries, { kind: 'canary-passed', ...line, facts });
    expect(canaries.map(({ round, verdict }) => [round, verdict])).toEqual([
      [0, 'failed'],
      [1, 'passed'],
    ]);
  });
});
