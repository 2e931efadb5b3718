import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildJob, jobIdOf, SPEC_LABEL, specHash } from '../../src/plan/job.js';
import type { JobSpec } from '../../src/plan/jobSpec.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan, Shard } from '../../src/plan/plan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import { readTaskEnvironment, writeTaskEnvironment } from '../../src/plan/taskEnvironment.js';
import { machineShape } from '../../src/scenario/machines.js';
import { GROMACS_TASK } from '../realWork.js';
import { referenceScenario } from '../sim/exampleScenario.js';
import { randomScenario } from '../sim/randomScenario.js';

/** What the World should be told of a shard, written down straight from the plan. */
function specOf(plan: Plan, shard: Shard, jobId: string): JobSpec {
  const zones = plan.scenario.resolved.regions[shard.region]?.zones ?? [];
  return {
    jobId,
    region: shard.region,
    provisioning: shard.provisioning,
    taskCount: shard.taskCount,
    parallelism: shard.parallelism,
    maxRetryCount: shard.maxRetryCount,
    maxRunDurationSeconds: plan.task.maxRunDurationSeconds,
    priority: 0,
    oneZone: zones.length === 1,
    zones,
    externalIp: false,
    bootDiskGb: plan.machine.bootDiskGb,
    machineType: plan.machine.type,
    gpusPerVm: machineShape(plan.machine.type).gpus,
    failCodes: [2, 72, 75, 78, 79],
    retryCodes: null,
    tasks: [{ first: shard.firstTask, count: shard.taskCount }],
    checkpoint: plan.checkpoint,
    imageDelivery: plan.image.delivery,
    startSpreadSeconds: plan.startup.spreadSeconds,
  };
}

test('plan -> job -> World sees the same job as plan -> World', () => {
  fc.assert(
    fc.property(randomScenario, (scenario) => {
      const plan = makePlan(scenario);
      for (const shard of plan.shards) {
        const jobId = jobIdOf('run', shard.id, 0);
        const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
        const job = buildJob(plan, { jobId, shard, round: 0, tasks }, { runId: 'run', project: 'p' });
        const sent = JSON.parse(JSON.stringify(job));
        expect(readJobSpec(sent, shard.region, jobId, scenario)).toEqual(specOf(plan, shard, jobId));
      }
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("a stranger's job runs with the scenario's own settings", () => {
  fc.assert(
    fc.property(randomScenario, (scenario) => {
      const plan = makePlan(scenario);
      const job = {
        taskGroups: [{ taskCount: '5', taskSpec: { runnables: [{ script: { text: 'echo hello' } }] } }],
      };
      const spec = readJobSpec(job, 'region-0', 'hello', scenario);
      expect(spec).toMatchObject({ taskCount: 5, parallelism: 5, tasks: null, provisioning: 'onDemand' });
      expect(spec.checkpoint).toEqual(plan.checkpoint);
      expect(spec.imageDelivery).toBe(scenario.decisions.image);
    }),
    { seed: 7, numRuns: 50 },
  );
});

test('the spec label is a hash of everything else in the job', () => {
  fc.assert(
    fc.property(randomScenario, (scenario) => {
      const plan = makePlan(scenario);
      const shard = plan.shards[0]!;
      const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
      const build = (runId: string) =>
        buildJob(plan, { jobId: 'j', shard, round: 0, tasks }, { runId, project: 'p' });
      const job = build('run');
      expect(specHash(job)).toBe(job.labels?.[SPEC_LABEL]);
      expect(build('run')).toEqual(job);
      expect(specHash(build('other'))).not.toBe(specHash(job));
    }),
    { seed: 7, numRuns: 50 },
  );
});

test.each(['none', 'periodic', 'aligned', 'adaptive'] as const)('a task reads the policy %s', (policy) => {
  const { checkpoint: periodic, image, startup } = makePlan(referenceScenario());
  const told = {
    runId: 'run',
    jobId: 'run-s0',
    shardId: 's0',
    indexUri: 'gs://b/runs/run/jobs/run-s0/index',
    indexRowBytes: 256,
    tasks: [{ first: 0, count: 13 }],
    windows: 13,
    task: GROMACS_TASK,
    image: 'image',
    accelerator: 'nvidia-l4',
    expectedSeconds: 25_200,
    checkpoint: { ...periodic, policy },
    imageDelivery: image.delivery,
    startSpreadSeconds: startup.spreadSeconds,
  };
  const defaults = { ...told, checkpoint: { ...periodic, policy: 'periodic' as const } };
  const variables = writeTaskEnvironment(told);
  expect(readTaskEnvironment([{ variables }], defaults).checkpoint.policy).toBe(policy);
});
