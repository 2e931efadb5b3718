import { describe, expect, test } from 'vitest';
import { nextActions } from '../../src/plan/controller.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { JobProgress, Progress } from '../../src/plan/progress.js';
import { movesAt } from '../../src/plan/starvation.js';
import type { RemainderPolicy } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { REGION, referenceScenario } from '../sim/exampleScenario.js';

const HOUR = 3600;
const [WEST, EAST] = ['us-central1', 'us-east1'];

/** 16 tasks, 8 in each of two regions with 4 VMs each. */
function planOf(policy: RemainderPolicy, maxRounds = 5): Plan {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 8;
  scenario.campaign.windows = 2;
  scenario.regions = { [WEST]: structuredClone(REGION), [EAST]: structuredClone(REGION) };
  for (const region of Object.values(scenario.regions)) region.quota.onDemandGpus = 4;
  scenario.decisions.parallelism = { [WEST]: 4, [EAST]: 4 };
  scenario.decisions.remainder = { policy, maxRounds };
  return makePlan(scenario);
}

/** The job of the n-th shard, which has no VM for so long; null: it has some. */
function job(plan: Plan, shardNumber: number, idleHours: number | null, change: Partial<JobProgress> = {}) {
  const shard = plan.shards[shardNumber]!;
  const pending = idleHours === null ? 4 : 8;
  return {
    jobId: `run-${shard.id}`,
    shardId: shard.id,
    region: shard.region,
    shard,
    round: 0,
    state: 'SCHEDULED',
    counts: { total: 8, pending, assigned: 0, running: 8 - pending, succeeded: 0, failed: 0 },
    tasks: [{ first: shard.firstTask, count: shard.taskCount }],
    ageSeconds: 100 * HOUR,
    idleSeconds: idleHours === null ? null : idleHours * HOUR,
    attempts: null,
    isSettled: false,
    ...change,
  } satisfies JobProgress;
}

function known(jobs: JobProgress[], change: Partial<Progress> = {}): Progress {
  return {
    runId: 'run',
    elapsedSeconds: 100 * HOUR,
    jobs,
    cancelled: false,
    complete: [],
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

const MOVE = [{ kind: 'cancel', jobId: `run-${WEST}-w0`, why: `no VM comes in ${WEST}` }];

describe('a job that gets no VMs', () => {
  test('is left where it is for an hour, and then taken to a region that has some', () => {
    const plan = planOf('anyRegion');
    const waited = (hours: number) => known([job(plan, 0, hours), job(plan, 1, null)]);
    expect(nextActions(plan, waited(0.9))).toEqual([]);
    expect(movesAt(plan, waited(0.9))).toBeCloseTo(100.1 * HOUR);
    expect(nextActions(plan, waited(1))).toEqual(MOVE);
  });

  test('is taken to VMs that are not preempted only after half a day', () => {
    const plan = planOf('onDemand');
    const waited = (hours: number) => known([job(plan, 0, hours), job(plan, 1, null)]);
    expect(nextActions(plan, waited(11))).toEqual([]);
    expect(nextActions(plan, waited(12))).toEqual(MOVE);
    const onDemand = job(plan, 0, 12);
    onDemand.shard = { ...onDemand.shard, provisioning: 'onDemand' };
    expect(nextActions(plan, known([onDemand, job(plan, 1, null)]))).toEqual([]);
    plan.scenario.resolved.regions[WEST]!.quota.onDemandGpus = 0;
    expect(nextActions(plan, waited(12))).toEqual([]);
  });

  test.each(['sameRegion', 'leave'] as const)('waits where the policy has no other place: %s', (policy) => {
    const plan = planOf(policy);
    const progress = known([job(plan, 0, 90), job(plan, 1, null)]);
    expect(nextActions(plan, progress)).toEqual([]);
    expect(movesAt(plan, progress)).toBe(Number.POSITIVE_INFINITY);
  });

  test('waits while the other region has no VMs, no quota, or a tripped breaker', () => {
    const plan = planOf('anyRegion');
    expect(nextActions(plan, known([job(plan, 0, 2), job(plan, 1, 1)]))).toEqual([]);
    const jobs = [job(plan, 0, 2), job(plan, 1, null)];
    expect(nextActions(plan, known(jobs, { room: { [EAST]: 0 } }))).toEqual([]);
    const broken = { jobId: `run-${EAST}-w0`, shardId: `${EAST}-w0`, region: EAST };
    const halts = [{ cause: 'breaker' as const, cancel: false, job: broken }];
    expect(nextActions(plan, known(jobs, { halts }))).toEqual([]);
    plan.scenario.resolved.regions[EAST]!.quota.spotGpus = 0;
    expect(nextActions(plan, known(jobs))).toEqual([]);
  });

  test('is left alone when the run is cancelled, is asked to end once, and moves no more often than there are rounds', () => {
    const plan = planOf('anyRegion', 2);
    const east = job(plan, 1, null);
    expect(nextActions(plan, known([job(plan, 0, 2), east], { cancelled: true }))).toEqual([]);
    const ending = job(plan, 0, 2, { state: 'CANCELLATION_IN_PROGRESS' });
    expect(nextActions(plan, known([ending, east]))).toEqual([]);
    expect(nextActions(plan, known([job(plan, 0, 2, { round: 1 }), east]))).toEqual(MOVE);
    expect(nextActions(plan, known([job(plan, 0, 2, { round: 2 }), east]))).toEqual([]);
  });

  test('is followed by one for its tasks elsewhere, and its region is avoided for a day', () => {
    const plan = planOf('anyRegion');
    const taken = { state: 'CANCELLED' as const, isSettled: true };
    // Busy as the east is, it has VMs.
    const east = job(plan, 1, null);
    const waited = (hours: number) => nextActions(plan, known([job(plan, 0, hours, taken), east]));
    const again = (region: string) => [
      { kind: 'submit', jobId: `run-${WEST}-w0-r1`, shard: { region }, tasks: [{ first: 0, count: 8 }] },
    ];
    expect(waited(2)).toMatchObject(again(EAST));
    expect(waited(23)).toMatchObject(again(EAST));
    expect(waited(24)).toMatchObject(again(WEST));
  });
});

test('simulated work leaves a region where capacity has ended, and stays without a policy for it', () => {
  const outcome = (policy: RemainderPolicy) => {
    const plan = planOf(policy);
    plan.scenario.resolved.regions[WEST]!.capacity.series = {
      file: 'none.csv',
      sha256: '',
      fromSeconds: [0],
      vms: [0],
    };
    return simulateOnce(plan, '1/0').metrics;
  };
  expect(outcome('anyRegion').tasksSucceeded).toBe(16);
  expect(outcome('sameRegion').tasksSucceeded).toBe(8);
});
