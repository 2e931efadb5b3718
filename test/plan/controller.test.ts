import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/plan/actions.js';
import { nextActions } from '../../src/plan/controller.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { JobProgress, Progress } from '../../src/plan/progress.js';
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

function known(jobs: JobProgress[], cancelled = false): Progress {
  return { runId: 'run', elapsedSeconds: 100, jobs, cancelled };
}

function job(shardId: string, change: Partial<JobProgress> & { pending?: number } = {}): JobProgress {
  const { pending = 0, ...rest } = change;
  return {
    jobId: `run-${shardId}`,
    shardId,
    region: shardId.replace(/-w\d+$/, ''),
    round: 0,
    state: 'RUNNING',
    counts: { total: 4, pending, assigned: 0, running: 4 - pending, succeeded: 0, failed: 0 },
    unfinished: null,
    ...rest,
  };
}

const done = (shardId: string) => job(shardId, { state: 'SUCCEEDED', unfinished: [] });

function told(actions: Action[]): string[] {
  return actions.map((action) =>
    action.kind === 'finish'
      ? `finish ${action.outcome}`
      : `submit ${action.jobId} in ${action.shard.region}`,
  );
}

describe('waves', () => {
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
    expect(nextActions(plan, known([job('us-central1-w0'), job('us-east1-w0')]))).toEqual([]);
    expect(told(nextActions(plan, known([done('us-central1-w0'), job('us-east1-w0')])))).toEqual([
      'submit run-us-central1-w1 in us-central1',
    ]);
  });

  test('`drained`: the next wave goes as soon as no task of the wave before it is pending', () => {
    const plan = rolling('drained');
    expect(
      nextActions(plan, known([job('us-central1-w0', { pending: 1 }), job('us-east1-w0', { pending: 2 })])),
    ).toEqual([]);
    expect(
      told(nextActions(plan, known([job('us-central1-w0', { pending: 1 }), job('us-east1-w0')]))),
    ).toEqual(['submit run-us-east1-w1 in us-east1']);
  });
});

describe('remainders', () => {
  const failed = (round = 0) =>
    job('us-central1-w0', {
      jobId: round === 0 ? 'run-us-central1-w0' : `run-us-central1-w0-r${round}`,
      round,
      state: 'FAILED',
      unfinished: [{ first: 3, count: 1 }],
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
    const failedEast = { ...failed(), jobId: 'run-us-east1-w0', shardId: 'us-east1-w0', region: 'us-east1' };
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
    const both = known([
      failed(),
      { ...failed(), jobId: 'run-us-east1-w0', shardId: 'us-east1-w0', region: 'us-east1' },
    ]);
    expect(nextActions(two, both).map((action) => action.kind === 'submit' && action.shard.region)).toEqual([
      'us-central1',
      'us-east1',
    ]);
    two.scenario.resolved.regions['us-central1']!.quota.spotGpus = 0;
    expect(nextActions(two, both).map((action) => action.kind === 'submit' && action.shard.region)).toEqual([
      'us-east1',
      'us-east1',
    ]);
  });

  test('nothing is decided about a final job until its missing tasks are known', () => {
    const unknown = job('us-central1-w0', { state: 'FAILED' });
    expect(nextActions(withPolicy('sameRegion'), known([unknown, done('us-east1-w0')]))).toEqual([]);
  });

  test('a job that somebody cancelled is not put back', () => {
    const cancelled = { ...failed(), state: 'CANCELLED' as const };
    expect(told(nextActions(withPolicy('sameRegion'), known([cancelled, done('us-east1-w0')])))).toEqual([
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
    expect(nextActions(plan, known([job('us-central1-w0')], true))).toEqual([]);
    expect(told(nextActions(plan, known([done('us-central1-w0')], true)))).toEqual(['finish cancelled']);
  });
});
