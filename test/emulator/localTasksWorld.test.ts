import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import type { JobSpec } from '../../src/plan/jobSpec.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import type { Distribution, Scenario } from '../../src/scenario/scenario.js';
import { HORIZON_SECONDS } from '../../src/sim/world/outcome.js';
import type { ExternalTasks, WorldObserver } from '../../src/sim/world/view.js';
import { World } from '../../src/sim/world/world.js';
import { REGION, referenceScenario } from '../sim/exampleScenario.js';
import { randomScenario } from '../sim/randomScenario.js';

interface Change {
  job: number;
  task: number;
  to: string;
  at: number;
  vm: number;
  exitCode: number | null;
}

class Recorder implements WorldObserver {
  readonly changes: Change[] = [];
  readonly jobs: string[] = [];

  jobChanged(job: number, from: string, to: string, at: number): void {
    this.jobs.push(`${at} ${job} ${from} ${to}`);
  }

  taskChanged(
    job: number,
    task: number,
    _from: string,
    to: string,
    at: number,
    vm: number,
    exitCode: number | null,
  ): void {
    this.changes.push({ job, task, to, at, vm, exitCode });
  }
}

/** Writes down what the World tells whoever runs its tasks. */
class Told implements ExternalTasks {
  readonly lines: string[] = [];
  started({ job, task, retry, vm }: { job: number; task: number; retry: number; vm: number }, at: number) {
    this.lines.push(`${at} started job ${job} task ${task} retry ${retry} vm ${vm}`);
  }
  noticed(vm: number, at: number, endsAt: number): void {
    this.lines.push(`${at} noticed vm ${vm} until ${endsAt}`);
  }
  ended(vm: number, at: number, exitCode: number): void {
    this.lines.push(`${at} ended vm ${vm} with ${exitCode}`);
  }
  vmGone(vm: number, at: number): void {
    this.lines.push(`${at} gone vm ${vm}`);
  }
}

function specsOf(scenario: Scenario): JobSpec[] {
  const plan = makePlan(scenario);
  return plan.shards.map((shard) => {
    const jobId = `run-${shard.id}`;
    const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
    const job = buildJob(plan, { jobId, shard, round: 0, tasks }, { runId: 'run', project: 'p' });
    return readJobSpec(job, shard.region, jobId, scenario);
  });
}

function submitAll(world: World, scenario: Scenario, external: boolean): void {
  for (const spec of specsOf(scenario)) world.submit(external ? { ...spec, external } : spec);
}

/** No two events at the same instant, no checkpoints, and nothing that a real task would do by itself. */
const bareScenario = randomScenario.map((random): Scenario => {
  const scenario = structuredClone(random);
  const spread = (low: number, high: number): Distribution => ({ uniform: [low, high] });
  scenario.campaign.taskDurationSeconds = spread(1, 40_000);
  scenario.campaign.inputBytes = 0;
  scenario.campaign.outputBytes = 0;
  scenario.checkpoint.pauseSeconds = 0;
  Object.assign(scenario.startup, {
    createSeconds: spread(1, 100),
    bootSeconds: spread(1, 100),
    pullSeconds: spread(1, 100),
    streamingSeconds: spread(1, 100),
    bakedSeconds: spread(1, 100),
  });
  scenario.batch.scheduleDelaySeconds = spread(1, 600);
  scenario.spot.noticeSeconds = 0;
  scenario.decisions.checkpoint.policy = 'none';
  scenario.decisions.startup.spreadSeconds = 0;
  return scenario;
});

test('tasks that are ended from outside at drawn times move as virtual tasks of these times do', () => {
  fc.assert(
    fc.property(bareScenario, fc.string({ minLength: 1, maxLength: 8 }), (scenario, seed) => {
      const virtual = new Recorder();
      const drawn = new World(scenario, seed, { observer: virtual });
      submitAll(drawn, scenario, false);
      drawn.advance(HORIZON_SECONDS);

      const real = new Recorder();
      const world = new World(scenario, seed, { observer: real });
      submitAll(world, scenario, true);
      for (const { job, task, at, exitCode } of virtual.changes) {
        if (exitCode !== 0 && exitCode !== 1) continue;
        world.advance(at);
        world.endAttempt(job, task, exitCode);
      }
      world.advance(HORIZON_SECONDS);

      expect(real.changes).toEqual(virtual.changes);
      expect(real.jobs).toEqual(virtual.jobs);
      const [outcome, expected] = [world.outcome().metrics, drawn.outcome().metrics];
      // Who ran the task knows what it kept: without checkpoints that is what the virtual one kept.
      for (const [name, value] of Object.entries(expected)) {
        expect(outcome[name as keyof typeof outcome], name).toBeCloseTo(value, 6);
      }
    }),
    { seed: 20_261_124, numRuns: 200 },
  );
});

/** One region, two VMs at once, start-up of 60 s, no preemption. */
function calmScenario(tasks: number): Scenario {
  const scenario = referenceScenario();
  scenario.campaign = { ...scenario.campaign, molecules: tasks, windows: 1 };
  scenario.startup.bootSeconds = { constant: 60 };
  scenario.batch.vmReuse = true;
  scenario.decisions.maxRetries = 3;
  scenario.decisions.parallelism = { 'us-central1': 2 };
  scenario.regions = { 'us-central1': { ...REGION, hazard: { constant: { hourlySurvival: 1 } } } };
  return scenario;
}

function calmWorld(tasks: number, change: (scenario: Scenario) => void = () => {}) {
  const scenario = calmScenario(tasks);
  change(scenario);
  const told = new Told();
  const world = new World(scenario, 'calm', { external: told });
  submitAll(world, scenario, true);
  return { world, told };
}

test('a task runs until somebody says that it has ended; its VM takes the next one', () => {
  const { world, told } = calmWorld(3);
  world.advance(1_000);
  expect(world.job(0).counts.running).toBe(2);
  world.endAttempt(0, 1, 0);
  expect(world.taskState(0, 1)).toBe('SUCCEEDED');
  world.endAttempt(0, 1, 3);
  expect(world.taskState(0, 1)).toBe('SUCCEEDED');
  world.endAttempt(0, 0, 3);
  expect(world.taskState(0, 0)).toBe('RUNNING');
  world.advance(1_100);
  world.endAttempt(0, 0, 0);
  world.endAttempt(0, 2, 0);
  expect(world.job(0).state).toBe('SUCCEEDED');
  expect(told.lines).toEqual([
    '60 started job 0 task 0 retry 0 vm 0',
    '60 started job 0 task 1 retry 0 vm 1',
    '1000 ended vm 1 with 0',
    '1000 started job 0 task 2 retry 0 vm 1',
    '1000 ended vm 0 with 3',
    '1000 started job 0 task 0 retry 1 vm 0',
    '1100 ended vm 0 with 0',
    '1100 gone vm 0',
    '1100 ended vm 1 with 0',
    '1100 gone vm 1',
  ]);
  expect(world.outcome().metrics).toMatchObject({ attempts: 4, tasksSucceeded: 3, preemptions: 0 });
});

test('a preempted VM gives its task notice, and the attempt counts as preempted whatever the task says', () => {
  const { world, told } = calmWorld(1, (scenario) => {
    scenario.spot.hazardFrom = 'vm';
    scenario.regions = { 'us-central1': { ...REGION, hazard: { constant: { hourlySurvival: 0.2 } } } };
    scenario.decisions.maxRetries = 0;
  });
  world.advance(HORIZON_SECONDS);
  const [, noticed = ''] = told.lines;
  const at = Number(noticed.split(' ')[0]);
  expect(told.lines).toEqual([
    '60 started job 0 task 0 retry 0 vm 0',
    `${at} noticed vm 0 until ${at + 30}`,
    `${at + 30} ended vm 0 with 50001`,
    `${at + 30} gone vm 0`,
  ]);

  const again = new Told();
  const same = new World(world.scenario, 'calm', { external: again });
  submitAll(same, world.scenario, true);
  same.advance(at + 10);
  same.endAttempt(0, 0, 0);
  same.advance(HORIZON_SECONDS);
  expect(again.lines).toEqual(told.lines);
  expect(same.job(0).state).toBe('FAILED');
  expect(same.outcome()).toEqual(world.outcome());
});

test('the time limit ends an attempt with 50005 and leaves the VM to the next task', () => {
  const { world, told } = calmWorld(1, (scenario) => {
    scenario.task.maxRunDurationSeconds = 100;
    scenario.decisions.maxRetries = 1;
  });
  world.advance(HORIZON_SECONDS);
  expect(told.lines).toEqual([
    '60 started job 0 task 0 retry 0 vm 0',
    '160 ended vm 0 with 50005',
    '160 started job 0 task 0 retry 1 vm 0',
    '260 ended vm 0 with 50005',
    '260 gone vm 0',
  ]);
});

test('cancelling a job takes the VMs from under its tasks; a VM that is said to be lost goes', () => {
  const { world, told } = calmWorld(2);
  world.advance(100);
  world.endAttempt(0, 0, 50002);
  expect(told.lines.slice(2)).toEqual(['100 ended vm 0 with 50002', '100 gone vm 0']);
  world.advance(200);
  world.cancel(0);
  expect(told.lines.slice(4)).toEqual([
    '160 started job 0 task 0 retry 1 vm 2',
    '200 gone vm 2',
    '200 gone vm 1',
  ]);
});

test('a folded World refuses external tasks', () => {
  const scenario = calmScenario(1);
  const world = new World(scenario, 'calm', { fold: true });
  expect(() => submitAll(world, scenario, true)).toThrow('external');
});
