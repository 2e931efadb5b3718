import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/plan/actions.js';
import { nextActions } from '../../src/plan/controller.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { JobProgress, Progress } from '../../src/plan/progress.js';
import type { TaskRange } from '../../src/plan/taskRanges.js';
import { joinTasks, withoutTasks } from '../../src/plan/taskSets.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { REGION, referenceScenario } from '../sim/exampleScenario.js';

function planOf(change: (scenario: Scenario) => void): Plan {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 8;
  scenario.campaign.windows = 2;
  scenario.regions = { 'us-central1': structuredClone(REGION), 'us-east1': structuredClone(REGION) };
  scenario.decisions.parallelism = { 'us-central1': 4, 'us-east1': 4 };
  change(scenario);
  return makePlan(scenario);
}

function known(jobs: JobProgress[], change: Partial<Progress> = {}): Progress {
  return {
    runId: 'run',
    elapsedSeconds: 100,
    jobs,
    cancelled: false,
    complete: completeIn(jobs),
    dropped: [],
    stuck: [],
    reopened: [],
    room: {},
    spentUsd: 0,
    budgetUsd: null,
    deadlineWaived: false,
    halts: [],
    ...change,
  };
}

/** Every task of a job that succeeded; of others those that `left` does not name. */
function completeIn(jobs: (JobProgress & { left?: TaskRange[] })[]): TaskRange[] {
  let complete: TaskRange[] = [];
  for (const { tasks, isSettled, left = [] } of jobs) {
    if (isSettled) complete = joinTasks(complete, withoutTasks(tasks, left));
  }
  return complete;
}

/** Four molecules of two windows. */
function tasksOf(shardId: string): TaskRange[] {
  return [{ first: shardId.startsWith('us-east1') ? 8 : 0, count: 8 }];
}

function job(
  shardId: string,
  change: Partial<JobProgress> & { pending?: number; left?: TaskRange[] } = {},
): JobProgress & { left?: TaskRange[] } {
  const { pending = 0, ...rest } = change;
  return {
    jobId: `run-${shardId}`,
    shardId,
    region: shardId.replace(/-w\d+$/, ''),
    round: 0,
    state: 'RUNNING',
    counts: { total: 4, pending, assigned: 0, running: 4 - pending, succeeded: 0, failed: 0 },
    tasks: tasksOf(shardId),
    shard: {
      id: shardId,
      region: shardId.replace(/-w\d+$/, ''),
      firstTask: tasksOf(shardId)[0]?.first ?? 0,
      taskCount: 8,
      parallelism: 4,
      provisioning: 'spot',
      maxRetryCount: 10,
      wave: 0,
    },
    ageSeconds: 0,
    idleSeconds: null,
    attempts: null,
    isSettled: false,
    ...rest,
  };
}

const done = (shardId: string) => job(shardId, { state: 'SUCCEEDED', isSettled: true });

function told(actions: Action[]): string[] {
  return actions.map((action) => {
    if (action.kind === 'finish') return `finish ${action.outcome}`;
    if (action.kind === 'halt') return `halt for the ${action.halt.cause}`;
    if (action.kind === 'cancel') return `cancel ${action.jobId}`;
    return `submit ${action.jobId} in ${action.shard.region}`;
  });
}

describe('waves', () => {
  /** Two molecules of two windows. */
  const four = (shardId: string) => ({
    tasks: [{ first: shardId.startsWith('us-east1') ? 8 : 0, count: 4 }],
  });
  const wave = (shardId: string, change: Parameters<typeof job>[1] = {}) =>
    job(shardId, { ...four(shardId), ...change });
  const doneWave = (shardId: string) => ({ ...done(shardId), ...four(shardId) });
  const rolling = (start: 'finished' | 'drained') =>
    planOf((scenario) => {
      scenario.decisions.waves = { size: 2, start };
    });

  test('at first the first wave of every region is submitted', () => {
    expect(told(nextActions(rolling('finished'), known([])))).toEqual([
      'submit run-us-central1-w0 in us-central1',
      'submit run-us-east1-w0 in us-east1',
    ]);
  });

  test('`finished`: the next wave of a region waits until every job of the wave before it is final', () => {
    const plan = rolling('finished');
    expect(nextActions(plan, known([wave('us-central1-w0'), wave('us-east1-w0')]))).toEqual([]);
    expect(told(nextActions(plan, known([doneWave('us-central1-w0'), wave('us-east1-w0')])))).toEqual([
      'submit run-us-central1-w1 in us-central1',
    ]);
  });

  test('`drained`: the next wave goes as soon as no task of the wave before it is pending', () => {
    const plan = rolling('drained');
    expect(
      nextActions(plan, known([wave('us-central1-w0', { pending: 1 }), wave('us-east1-w0', { pending: 2 })])),
    ).toEqual([]);
    expect(
      told(nextActions(plan, known([wave('us-central1-w0', { pending: 1 }), wave('us-east1-w0')]))),
    ).toEqual(['submit run-us-east1-w1 in us-east1']);
  });

  test('a later wave waits while a job of the region is still in the queue', () => {
    const plan = rolling('drained');
    const queued = { ...wave('us-east1-w0'), state: 'QUEUED' as const };
    expect(told(nextActions(plan, known([wave('us-central1-w0'), queued])))).toEqual([
      'submit run-us-central1-w1 in us-central1',
    ]);
  });

  test('a wave has no more VMs than the quota leaves, and waits where it leaves none', () => {
    const plan = rolling('drained');
    const jobs = [wave('us-central1-w0'), wave('us-east1-w0')];
    const room = { 'us-central1': 3, 'us-east1': 0 };
    expect(nextActions(plan, known(jobs, { room }))).toMatchObject([
      { jobId: 'run-us-central1-w1', shard: { parallelism: 3 } },
    ]);
    const over = [doneWave('us-central1-w0'), doneWave('us-east1-w0')];
    expect(nextActions(plan, known(over, { room: { 'us-central1': 0, 'us-east1': 0 } }))).toEqual([]);
  });
});

describe('results that are there already', () => {
  const plan = planOf((scenario) => {
    scenario.decisions.remainder = { policy: 'sameRegion', maxRounds: 2 };
  });

  test('only what is missing is submitted, and a shard without anything missing not at all', () => {
    const complete = [{ first: 0, count: 9 }];
    expect(nextActions(plan, known([], { complete }))).toMatchObject([
      { kind: 'submit', jobId: 'run-us-east1-w0', tasks: [{ first: 9, count: 7 }] },
    ]);
  });

  test('a campaign whose results are all there is over before it began', () => {
    expect(told(nextActions(plan, known([], { complete: [{ first: 0, count: 16 }] })))).toEqual([
      'finish succeeded',
    ]);
  });

  test('a task that Batch calls succeeded without a result runs again; one that it calls failed with one does not', () => {
    const jobs = [
      job('us-central1-w0', { state: 'SUCCEEDED', isSettled: true, left: [{ first: 5, count: 1 }] }),
      job('us-east1-w0', { state: 'FAILED', isSettled: true }),
    ];
    expect(nextActions(plan, known(jobs))).toMatchObject([
      { jobId: 'run-us-central1-w0-r1', tasks: [{ first: 5, count: 1 }] },
    ]);
  });
});

describe('remainders', () => {
  const failed = (round = 0) =>
    job('us-central1-w0', {
      jobId: round === 0 ? 'run-us-central1-w0' : `run-us-central1-w0-r${round}`,
      round,
      state: 'FAILED',
      isSettled: true,
      left: [{ first: 3, count: 1 }],
    });
  const failedEast = job('us-east1-w0', {
    state: 'FAILED',
    isSettled: true,
    left: [{ first: 11, count: 1 }],
  });
  const withPolicy = (policy: 'leave' | 'sameRegion' | 'anyRegion' | 'onDemand') =>
    planOf((scenario) => {
      scenario.decisions.remainder = { policy, maxRounds: 2 };
    });

  test('`leave` submits nothing and the run fails', () => {
    expect(told(nextActions(withPolicy('leave'), known([failed(), done('us-east1-w0')])))).toEqual([
      'finish failed',
    ]);
  });

  test('`sameRegion` submits exactly the unfinished tasks, round after round, up to the maximum', () => {
    const plan = withPolicy('sameRegion');
    const first = nextActions(plan, known([failed(), done('us-east1-w0')]));
    expect(first).toMatchObject([
      { kind: 'submit', jobId: 'run-us-central1-w0-r1', round: 1, tasks: [{ first: 3, count: 1 }] },
    ]);
    expect(told(nextActions(plan, known([failed(), failed(1), done('us-east1-w0')])))).toEqual([
      'submit run-us-central1-w0-r2 in us-central1',
    ]);
    expect(told(nextActions(plan, known([failed(), failed(1), failed(2), done('us-east1-w0')])))).toEqual([
      'finish failed',
    ]);
  });

  test('`onDemand` takes standard VMs, `anyRegion` the least busy region', () => {
    expect(nextActions(withPolicy('onDemand'), known([failed(), done('us-east1-w0')]))).toMatchObject([
      { shard: { provisioning: 'onDemand', region: 'us-central1' } },
    ]);
    const busyCentral = job('us-central1-w0');
    expect(nextActions(withPolicy('anyRegion'), known([busyCentral, failedEast]))).toMatchObject([
      { shard: { region: 'us-east1' } },
    ]);
    expect(nextActions(withPolicy('anyRegion'), known([done('us-central1-w0'), failedEast]))).toMatchObject([
      { shard: { region: 'us-central1' } },
    ]);
  });

  test('`anyRegion` spreads the remainders of one moment, and leaves out a region without quota', () => {
    const two = withPolicy('anyRegion');
    const both = known([failed(), failedEast]);
    expect(nextActions(two, both).map((action) => action.kind === 'submit' && action.shard.region)).toEqual([
      'us-central1',
      'us-east1',
    ]);
    two.scenario.resolved.regions['us-central1']!.quota.spotGpus = 0;
    // The second one waits until the first has left the queue.
    expect(told(nextActions(two, both))).toEqual(['submit run-us-central1-w0-r1 in us-east1']);
  });

  test('nothing is decided about a final job until its missing tasks are known', () => {
    const unknown = job('us-central1-w0', { state: 'FAILED', isSettled: false });
    expect(nextActions(withPolicy('sameRegion'), known([unknown, done('us-east1-w0')]))).toEqual([]);
  });

  test('a job that the run cancelled itself is put back without what is not wanted, and costs no round', () => {
    const cancelled = (round: number) => ({ ...failed(round), state: 'CANCELLED' as const });
    const plan = withPolicy('leave');
    const dropped = [{ first: 0, count: 3 }];
    const left = [{ first: 0, count: 4 }];
    const jobs = [{ ...cancelled(0), left }, done('us-east1-w0')];
    expect(nextActions(plan, known(jobs, { dropped }))).toMatchObject([
      { kind: 'submit', jobId: 'run-us-central1-w0-r1', tasks: [{ first: 3, count: 1 }] },
    ]);
    expect(told(nextActions(plan, known(jobs, { dropped: left })))).toEqual(['finish succeeded']);
    const rounds = [cancelled(0), cancelled(1), failed(2), failed(3), done('us-east1-w0')];
    expect(told(nextActions(withPolicy('sameRegion'), known(rounds)))).toEqual([
      'submit run-us-central1-w0-r4 in us-central1',
    ]);
  });

  test('a window whose own error has repeated is not run again', () => {
    const stuck = [{ first: 3, count: 1 }];
    expect(
      told(nextActions(withPolicy('sameRegion'), known([failed(), done('us-east1-w0')], { stuck }))),
    ).toEqual(['finish failed']);
  });

  test('a remainder waits while a job of its region is still in the queue', () => {
    const queued = { ...job('us-central1-w1'), state: 'QUEUED' as const, tasks: [] };
    const plan = withPolicy('sameRegion');
    expect(nextActions(plan, known([failed(), done('us-east1-w0'), queued]))).toEqual([]);
  });

  test('what the user asks for runs again after the last round, and has its rounds anew', () => {
    const plan = withPolicy('sameRegion');
    const jobs = [failed(), failed(1), failed(2), done('us-east1-w0')];
    const reopened = [{ afterJobs: 4, tasks: null }];
    expect(told(nextActions(plan, known(jobs, { reopened })))).toEqual([
      'submit run-us-central1-w0-r3 in us-central1',
    ]);
    const elsewhere = [{ afterJobs: 4, tasks: [{ first: 9, count: 1 }] }];
    expect(told(nextActions(plan, known(jobs, { reopened: elsewhere })))).toEqual(['finish failed']);
    expect(told(nextActions(plan, known([...jobs, failed(3)], { reopened })))).toEqual([
      'submit run-us-central1-w0-r4 in us-central1',
    ]);
    expect(told(nextActions(plan, known([...jobs, failed(3), failed(4), failed(5)], { reopened })))).toEqual([
      'finish failed',
    ]);
  });
});

describe('the end', () => {
  const plan = planOf(() => {});
  test('comes when every job is final and nothing is missing', () => {
    expect(nextActions(plan, known([done('us-central1-w0'), job('us-east1-w0')]))).toEqual([]);
    expect(told(nextActions(plan, known([done('us-central1-w0'), done('us-east1-w0')])))).toEqual([
      'finish succeeded',
    ]);
  });

  test('a cancelled run submits nothing more and ends when its jobs have', () => {
    expect(nextActions(plan, known([job('us-central1-w0')], { cancelled: true }))).toEqual([]);
    expect(told(nextActions(plan, known([done('us-central1-w0')], { cancelled: true })))).toEqual([
      'finish cancelled',
    ]);
  });
});
