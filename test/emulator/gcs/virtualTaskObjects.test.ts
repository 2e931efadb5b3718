import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Buckets } from '../../../src/emulator/gcs/buckets.js';
import { DiskVault } from '../../../src/emulator/gcs/diskVault.js';
import { MemoryVault } from '../../../src/emulator/gcs/memoryVault.js';
import { Objects } from '../../../src/emulator/gcs/objects.js';
import { Store } from '../../../src/emulator/gcs/store.js';
import type { Vault } from '../../../src/emulator/gcs/vault.js';
import { VirtualTaskObjects } from '../../../src/emulator/gcs/virtualTaskObjects.js';
import { Rehearsal } from '../../../src/emulator/rehearsal.js';
import type { BatchJob } from '../../../src/plan/batchJob.js';
import { formatIndexRow, type IndexRow } from '../../../src/plan/taskIndex.js';
import {
  CHECKPOINT_SLOTS,
  checkpointObject,
  claimObject,
  resultObject,
} from '../../../src/plan/taskObjects.js';
import { type ClaimLine, parseClaim, resultSchema } from '../../../src/plan/taskRecords.js';
import type { Scenario } from '../../../src/scenario/scenario.js';
import { exampleScenario } from '../../plan/examplePlan.js';
import { EPOCH, exampleJob, PARENT } from '../emulated.js';
import { temporaryFolder } from './served.js';

const TASKS = 40;
const ROW_BYTES = 256;
const INDEX = 'runs/run-1/jobs/job-a/index';
const WORK_SECONDS = 25_200;

const rowOf = (task: number): IndexRow => ({
  task,
  key: `mol~${task}/main/0/w0`,
  digest: String(task).padStart(64, 'd'),
  scratchBucket: 'scratch',
  resultsBucket: 'results',
  input: task % 2 === 0 ? null : 'i'.repeat(64),
});

function job(): BatchJob {
  const plain = exampleJob(TASKS, TASKS);
  const group = plain.taskGroups[0]!;
  const variables = {
    FEPCAST_INDEX: `gs://results/${INDEX}`,
    FEPCAST_INDEX_ROW_BYTES: String(ROW_BYTES),
    FEPCAST_RUN_ID: 'run-1',
    FEPCAST_IMAGE: 'image@sha256:1',
    FEPCAST_ADAPTER: 'gromacs',
    FEPCAST_CHECKPOINT_POLICY: 'periodic',
    FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '600',
    FEPCAST_FLUSH_ON_NOTICE: '1',
  };
  return {
    ...plain,
    taskGroups: [{ ...group, taskSpec: { ...group.taskSpec, environment: { variables } } }],
  };
}

interface Campaign {
  rehearsal: Rehearsal;
  objects: Objects;
  store: Store;
  warnings: string[];
  pass(seconds: number): void;
  close(): void;
}

const open: Campaign[] = [];
afterEach(() => {
  for (const campaign of open.splice(0)) campaign.close();
});

async function begin(
  scenario: Scenario,
  options: { vault?: Vault; journalFile?: string; index?: 'missing' | 'torn' } = {},
): Promise<Campaign> {
  let wall = 0;
  const warnings: string[] = [];
  const virtualTasks = new VirtualTaskObjects(scenario, (text) => warnings.push(text));
  const rehearsal = new Rehearsal({
    scenario,
    seed: 'virtual objects',
    speed: 1,
    wallNow: () => wall,
    epochSeconds: EPOCH,
    virtualTasks,
    ...(options.journalFile === undefined ? {} : { journalFile: options.journalFile }),
  });
  const vault = options.vault ?? new MemoryVault();
  const store = new Store(vault, () => (EPOCH + rehearsal.clock.now()) * 1000);
  const objects = new Objects(store);
  const buckets = new Buckets(store);
  if (buckets.list().length === 0) {
    await buckets.insert('scratch', {});
    await buckets.insert('results', {});
    const rows = Array.from({ length: TASKS }, (_, task) => formatIndexRow(rowOf(task), ROW_BYTES)).join('');
    const index = options.index === 'torn' ? rows.slice(0, -10) : rows;
    if (options.index !== 'missing') objects.putNow('results', INDEX, Buffer.from(index), {});
  }
  virtualTasks.begin(objects, rehearsal.clock.epochSeconds);
  const campaign = {
    rehearsal,
    objects,
    store,
    warnings,
    pass: (seconds: number) => {
      wall += seconds;
      rehearsal.step(true);
    },
    close: () => {
      rehearsal.close();
      vault.close();
    },
  };
  open.push(campaign);
  return campaign;
}

function finish(campaign: Campaign): void {
  for (let hour = 0; hour < 24 * 90; hour += 1) {
    campaign.pass(3600);
    if (campaign.rehearsal.service.allFinal) return;
  }
  throw new Error('not final within 90 days');
}

const submit = ({ rehearsal }: Campaign): unknown =>
  rehearsal.service.createJob({ parent: PARENT, jobId: 'job-a', job: job() });

function claimOf({ objects }: Campaign, task: number): ClaimLine[] {
  const text = objects.readNow('scratch', claimObject(rowOf(task)))?.toString() ?? '';
  const { lines, unreadable } = parseClaim(text);
  expect(unreadable).toBe(0);
  return lines;
}

function resultOf({ objects }: Campaign, task: number): unknown {
  return JSON.parse(`${objects.readNow('results', resultObject(rowOf(task)))}`);
}

/** Name -> content and metadata of everything in the scratch and results buckets, without what depends on steps. */
function everything({ store }: Campaign): Map<string, unknown> {
  const seen = new Map<string, unknown>();
  for (const [bucket, { objects }] of store.catalogue.buckets) {
    for (const [name, record] of objects) {
      seen.set(`${bucket}/${name}`, [store.vault.readNow(record.body).toString(), record.metadata]);
    }
  }
  return seen;
}

/** Spot VMs that do not last: most tasks are hit, and half of the notices are seen. */
function roughScenario(): Scenario {
  const scenario = exampleScenario();
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.85 } };
  scenario.spot = { ...scenario.spot, flushSuccess: 0.5 };
  return scenario;
}

/** What Batch tells of each task's attempts: their exit codes, the last one 0. */
function attemptsOf({ rehearsal }: Campaign): number[][] {
  const parent = `${PARENT}/jobs/job-a/taskGroups/group0`;
  const { tasks } = rehearsal.service.listTasks({ parent }) as {
    tasks: { status: { statusEvents: { taskState: string; taskExecution?: { exitCode: number } }[] } }[];
  };
  return tasks.map(({ status }) =>
    status.statusEvents.flatMap(({ taskState, taskExecution }) =>
      taskState === 'SUCCEEDED' ? [0] : taskState === 'FAILED' ? [taskExecution?.exitCode ?? -1] : [],
    ),
  );
}

describe('the objects of virtual tasks', () => {
  it('tell of every attempt what a real task would have told', async () => {
    const campaign = await begin(roughScenario());
    submit(campaign);
    finish(campaign);
    const attempts = attemptsOf(campaign);
    let flushed = 0;
    let vanished = 0;
    for (let task = 0; task < TASKS; task += 1) {
      const lines = claimOf(campaign, task);
      const starts = lines.filter((line) => line.kind === 'start');
      expect(starts.map(({ attempt, retry, index }) => [attempt, retry, index])).toEqual(
        attempts[task]!.map((_, number) => [number + 1, number, task]),
      );
      expect(new Set(starts.map(({ id }) => id)).size).toBe(starts.length);
      const last = lines.at(-1);
      expect(last).toMatchObject({
        kind: 'end',
        exit: 0,
        reason: 'done',
        step: WORK_SECONDS,
        syncedStep: WORK_SECONDS,
      });
      const ends = new Map(lines.flatMap((line) => (line.kind === 'end' ? [[line.attempt, line]] : [])));
      for (const [number, exitCode] of attempts[task]!.slice(0, -1).entries()) {
        expect(exitCode).toBe(50001);
        const end = ends.get(number + 1);
        if (end) {
          flushed += 1;
          expect(end).toMatchObject({ exit: 76, reason: 'preempted', step: end.syncedStep });
        } else vanished += 1;
      }
      const result = resultSchema.parse(resultOf(campaign, task));
      const { key, digest, input } = rowOf(task);
      expect(result).toMatchObject({
        key,
        digest,
        input,
        task,
        run: 'run-1',
        job: 'job-a',
        image: 'image@sha256:1',
      });
      expect(result.attempts).toEqual(lines);
      expect(result.stepsDone).toBe(WORK_SECONDS);
      expect(result.at).toBe((last as { at: number }).at);
      const slots = CHECKPOINT_SLOTS.map((slot) =>
        campaign.objects.find('scratch', checkpointObject(rowOf(task), slot)),
      );
      const holder = starts.at(-1)?.id;
      expect(slots.map((slot) => slot?.metadata['fepcast-holder'])).toEqual([holder, holder]);
      const newest = slots.find((slot) => slot?.metadata['fepcast-virtual-step'] === String(WORK_SECONDS));
      expect(newest).toMatchObject({ metadata: { 'fepcast-virtual-bytes': '50000000' } });
      expect(newest?.size).toBeGreaterThan(0);
    }
    // Both kinds of preemption were met.
    expect(flushed).toBeGreaterThan(0);
    expect(vanished).toBeGreaterThan(0);
    expect(campaign.warnings).toEqual([]);
  });

  it("tell of a failure by the task's own exit code, and of a cancellation", async () => {
    const scenario = exampleScenario();
    scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
    scenario.campaign = { ...scenario.campaign, taskFailure: 0.5 };
    const campaign = await begin(scenario);
    submit(campaign);
    for (let hour = 0; hour < 5; hour += 1) campaign.pass(3600);
    campaign.rehearsal.service.cancelJob({ name: `${PARENT}/jobs/job-a` });
    const ends = Array.from({ length: TASKS }, (_, task) =>
      claimOf(campaign, task).filter(({ kind }) => kind === 'end'),
    );
    expect(ends.flat().some((end) => end.kind === 'end' && end.exit === 1 && end.reason === 'engine')).toBe(
      true,
    );
    for (const of of ends) expect(of.at(-1)).toMatchObject({ exit: 76, reason: 'signal' });
    expect(campaign.objects.find('results', resultObject(rowOf(0)))).toBeNull();
  });

  it('are the same when the emulator is restarted half-way: what was written is not written again', async () => {
    const whole = await begin(roughScenario());
    submit(whole);
    finish(whole);
    const place = temporaryFolder();
    try {
      const on = () => ({
        vault: new DiskVault(join(place.folder, 'objects')),
        journalFile: join(place.folder, 'journal'),
      });
      const first = await begin(roughScenario(), on());
      submit(first);
      for (let hour = 0; hour < 6; hour += 1) first.pass(3600);
      const half = everything(first);
      open.pop()?.close();
      const second = await begin(roughScenario(), on());
      expect(everything(second)).toEqual(half);
      finish(second);
      expect(everything(second)).toEqual(everything(whole));
    } finally {
      for (const campaign of open.splice(0)) campaign.close();
      place.remove();
    }
  });

  it('leave a result alone that is there already', async () => {
    const campaign = await begin(exampleScenario());
    campaign.objects.putNow('results', resultObject(rowOf(3)), Buffer.from('earlier'), {});
    submit(campaign);
    finish(campaign);
    expect(`${campaign.objects.readNow('results', resultObject(rowOf(3)))}`).toBe('earlier');
    resultSchema.parse(resultOf(campaign, 4));
  });

  it.each(['missing', 'torn'] as const)(
    'are not there when the index is %s, which is said once',
    async (index) => {
      const campaign = await begin(exampleScenario(), { index });
      submit(campaign);
      finish(campaign);
      expect([...campaign.store.catalogue.buckets.get('scratch')!.objects]).toEqual([]);
      expect(campaign.warnings).toHaveLength(1);
      expect(campaign.warnings[0]).toContain(`its index gs://results/${INDEX}`);
    },
  );

  it('of a job without an index are none', async () => {
    const campaign = await begin(exampleScenario());
    campaign.rehearsal.service.createJob({ parent: PARENT, jobId: 'stranger', job: exampleJob() });
    finish(campaign);
    expect([...campaign.store.catalogue.buckets.get('scratch')!.objects]).toEqual([]);
    expect(campaign.warnings).toEqual([]);
  });
});
