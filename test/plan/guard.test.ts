import { describe, expect, test } from 'vitest';
import { isFruitless } from '../../src/plan/breaker.js';
import { nextActions } from '../../src/plan/controller.js';
import { committedUsd, exposureUsd } from '../../src/plan/exposure.js';
import { expectedTaskUsd } from '../../src/plan/guard.js';
import { lintPlan } from '../../src/plan/lint.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { JobProgress, Progress } from '../../src/plan/progress.js';
import { countTasks } from '../../src/plan/taskRanges.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { spentUsd } from '../../src/sim/world/spending.js';
import { referenceScenario } from '../sim/exampleScenario.js';

/** 40 molecules of 13 windows of 7 h on 100 L4 in one region: about 1,500 USD. */
function planWith(guard: Partial<Plan['guard']>, waves: number | 'all' = 'all'): Plan {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 40;
  scenario.decisions.parallelism = { 'us-central1': 100 };
  scenario.decisions.maxRetries = 10;
  scenario.batch.limits.retries = 10;
  scenario.decisions.waves = { size: waves, start: 'drained' };
  const plan = makePlan(scenario);
  return { ...plan, guard: { ...plan.guard, ...guard } };
}

function begun(plan: Plan, change: Partial<Progress> = {}): Progress {
  return {
    runId: 'run',
    elapsedSeconds: 0,
    jobs: [],
    cancelled: false,
    complete: [],
    dropped: [],
    stuck: [],
    reopened: [],
    room: {},
    spentUsd: 0,
    budgetUsd: plan.guard.budgetUsd,
    deadlineWaived: false,
    halts: [],
    ...change,
  };
}

/** The first shard's job as it runs: so many tasks done, the rest of the parallelism running. */
function running(plan: Plan, done = 0, change: Partial<JobProgress> = {}): JobProgress {
  const shard = plan.shards[0]!;
  const busy = Math.min(shard.parallelism, shard.taskCount - done);
  const pending = shard.taskCount - done - busy;
  return {
    jobId: `run-${shard.id}`,
    shardId: shard.id,
    region: shard.region,
    shard,
    round: 0,
    state: 'RUNNING',
    counts: { total: shard.taskCount, pending, assigned: 0, running: busy, succeeded: done, failed: 0 },
    tasks: [{ first: shard.firstTask, count: shard.taskCount }],
    ageSeconds: 3600,
    idleSeconds: null,
    attempts: null,
    isSettled: false,
    ...change,
  };
}

const told = (plan: Plan, progress: Progress) =>
  nextActions(plan, progress).map((action) =>
    action.kind === 'submit'
      ? `submit ${countTasks(action.tasks)} on ${action.shard.parallelism}`
      : action.kind === 'halt'
        ? `halt ${action.halt.cause} ${action.halt.cancel ? 'cancelling' : ''}`.trim()
        : action.kind === 'cancel'
          ? `cancel ${action.jobId}`
          : `finish ${action.outcome}`,
  );

describe('a budget', () => {
  test('that only warns changes nothing', () => {
    const plan = planWith({ budgetUsd: 100, onBudget: 'warn' });
    expect(told(plan, begun(plan))).toEqual(['submit 520 on 100']);
    expect(told(plan, begun(plan, { jobs: [running(plan)], spentUsd: 1e6 }))).toEqual([]);
  });

  test('that acts lets only so many tasks be submitted as it is expected to pay, in whole molecules', () => {
    const plan = planWith({ budgetUsd: 500, onBudget: 'stop' });
    const each = expectedTaskUsd(plan, plan.shards[0]!);
    const affordable = Math.floor(500 / each);
    expect(affordable).toBeLessThan(200);
    expect(told(plan, begun(plan))).toEqual([`submit ${affordable - (affordable % 13)} on 100`]);
  });

  test('counts what is submitted and not done as spent: the next wave waits, and goes when it turns out cheap', () => {
    const plan = planWith({ budgetUsd: 1000, onBudget: 'stop' }, 20);
    const each = expectedTaskUsd(plan, plan.shards[0]!);
    const jobs = [running(plan, 160)];
    // 100 tasks are half done; what is left pays for less than half of another wave's VMs.
    const tight = 1000 - 100 * 0.5 * each - 30 * each;
    expect(told(plan, begun(plan, { jobs, spentUsd: tight }))).toEqual([]);
    expect(told(plan, begun(plan, { jobs, spentUsd: 100 }))).toEqual([
      expect.stringMatching(/^submit \d+ on 100$/),
    ]);
  });

  test('that leaves nothing for another task ends the run when its jobs have ended', () => {
    const plan = planWith({ budgetUsd: 1000, onBudget: 'stop' }, 20);
    const over = running(plan, 260, { state: 'SUCCEEDED', isSettled: true });
    const state = begun(plan, { jobs: [over], complete: over.tasks, spentUsd: 999 });
    expect(told(plan, state)).toEqual(['halt budget']);
    const halts = [{ cause: 'budget' as const, cancel: false, job: null }];
    expect(told(plan, { ...state, halts })).toEqual(['finish failed']);
  });

  test('that is spent cancels every job once it is decided, and the run ends when they have', () => {
    const plan = planWith({ budgetUsd: 1000, onBudget: 'cancel' });
    const state = begun(plan, { jobs: [running(plan)], spentUsd: 1000 });
    expect(told(plan, { ...state, spentUsd: 999 })).toEqual([]);
    expect(told(plan, state)).toEqual(['halt budget cancelling']);
    const halts = [{ cause: 'budget' as const, cancel: true, job: null }];
    // The estimate may fall again when tasks are looked at: the decision stays.
    expect(told(plan, { ...state, halts, spentUsd: 900 })).toEqual([`cancel run-${plan.shards[0]!.id}`]);
    const gone = [running(plan, 0, { state: 'CANCELLED', isSettled: true })];
    expect(told(plan, { ...state, halts, jobs: gone })).toEqual(['finish cancelled']);
  });

  test('does not stop a run that has all its results', () => {
    const plan = planWith({ budgetUsd: 1000, onBudget: 'cancel' });
    const complete = [{ first: 0, count: 520 }];
    const over = running(plan, 520, { state: 'SUCCEEDED', isSettled: true });
    expect(told(plan, begun(plan, { jobs: [over], complete, spentUsd: 2000 }))).toEqual(['finish succeeded']);
  });

  test('that was raised lets the run go on', () => {
    const plan = planWith({ budgetUsd: 1000, onBudget: 'cancel' });
    const gone = running(plan, 0, { state: 'CANCELLED', isSettled: true });
    const reopened = [{ afterJobs: 1, tasks: null }];
    const state = begun(plan, { jobs: [gone], spentUsd: 1000, reopened });
    expect(told(plan, state)).toEqual(['halt budget cancelling']);
    expect(told(plan, { ...state, budgetUsd: 5000 })).toEqual(['submit 520 on 100']);
  });
});

describe('a deadline', () => {
  test('warns only, unless the plan says more; then it acts once', () => {
    const late = (plan: Plan, change: Partial<Progress> = {}) =>
      told(plan, begun(plan, { jobs: [running(plan)], elapsedSeconds: 36_000, ...change }));
    expect(late(planWith({ deadlineHours: 10 }))).toEqual([]);
    expect(late(planWith({ deadlineHours: 10, onDeadline: 'stop' }))).toEqual(['halt deadline']);
    const cancels = planWith({ deadlineHours: 10, onDeadline: 'cancel' });
    expect(late(cancels)).toEqual(['halt deadline cancelling']);
    expect(late(cancels, { elapsedSeconds: 35_999 })).toEqual([]);
    expect(late(cancels, { deadlineWaived: true })).toEqual([]);
  });
});

describe('the committed exposure', () => {
  const plan = planWith({});
  const shard = plan.shards[0]!;

  test('is what all VMs can cost for as long as Batch lets them, or all attempts of all tasks', () => {
    const usdPerSecond = exposureUsd(plan, { ...shard, parallelism: 1 }, 1000) / (14 * 86_400);
    const attempts = (shard.maxRetryCount + 1) * (plan.task.maxRunDurationSeconds ?? 0);
    expect(exposureUsd(plan, shard, 10)).toBeCloseTo(10 * attempts * usdPerSecond, 6);
    expect(exposureUsd(plan, shard, 520)).toBeCloseTo(100 * 14 * 86_400 * usdPerSecond, 6);
    const job = running(plan, 400, { ageSeconds: 13 * 86_400 });
    expect(committedUsd(plan, [job])).toBeCloseTo(100 * 86_400 * usdPerSecond, 6);
    expect(committedUsd(plan, [{ ...job, state: 'FAILED' }])).toBe(0);
  });

  test('stays under its cap by smaller jobs, whole molecules first, that follow as earlier ones shrink', () => {
    const one = exposureUsd(plan, shard, 1);
    const capped = planWith({ maxUnattendedUsd: 60 * one });
    const [first] = nextActions(capped, begun(capped));
    if (first?.kind !== 'submit') throw new Error('nothing was submitted');
    expect(countTasks(first.tasks)).toBe(52);
    const job = (left: number): JobProgress => ({
      ...running(capped),
      shard: first.shard,
      tasks: first.tasks,
      counts: { total: 52, pending: 0, assigned: 0, running: left, succeeded: 52 - left, failed: 0 },
      ageSeconds: 0,
    });
    expect(told(capped, begun(capped, { jobs: [job(40)] }))).toEqual([]);
    expect(told(capped, begun(capped, { jobs: [job(15)] }))).toEqual(['submit 39 on 39']);
  });

  test('that not even one task keeps is an error of the plan, and ends a run', () => {
    const capped = planWith({ maxUnattendedUsd: 1 });
    expect(lintPlan(capped).map(({ rule }) => rule)).toContain('guard-exposure');
    expect(lintPlan(plan).map(({ rule }) => rule)).not.toContain('guard-exposure');
    expect(told(capped, begun(capped))).toEqual(['halt exposure']);
  });
});

describe('the breaker', () => {
  test('trips at 20 fruitless attempts that are the majority, and not before', () => {
    expect(isFruitless({ fruitless: 20, fruitful: 19 })).toBe(true);
    expect(isFruitless({ fruitless: 19, fruitful: 0 })).toBe(false);
    expect(isFruitless({ fruitless: 20, fruitful: 20 })).toBe(false);
    expect(isFruitless({ fruitless: 500, fruitful: 501 })).toBe(false);
  });

  test('stops the job and what follows it in its region; other regions go on to their end', () => {
    const scenario = referenceScenario();
    scenario.campaign.molecules = 40;
    scenario.regions = { a: scenario.regions['us-central1']!, b: scenario.regions['us-central1']! };
    scenario.decisions.parallelism = { a: 100, b: 100 };
    scenario.decisions.waves = { size: 10, start: 'drained' };
    scenario.decisions.remainder = { policy: 'anyRegion', maxRounds: 3 };
    const plan = makePlan(scenario);
    const of = (id: string, change: Partial<JobProgress> = {}): JobProgress => {
      const shard = plan.shards.find((one) => one.id === id)!;
      const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
      return {
        ...running(plan),
        jobId: `run-${id}`,
        shardId: id,
        region: shard.region,
        shard,
        tasks,
        ...change,
      };
    };
    const sick = of('a-w0', { attempts: { fruitless: 40, fruitful: 3 } });
    const well = of('b-w0', { attempts: { fruitless: 40, fruitful: 300 } });
    const state = begun(plan, { jobs: [sick, well] });
    expect(told(plan, state)).toEqual(['halt breaker cancelling']);
    const job = { jobId: 'run-a-w0', shardId: 'a-w0', region: 'a' };
    const halts = [{ cause: 'breaker' as const, cancel: true, job }];
    expect(told(plan, { ...state, halts })).toEqual(['cancel run-a-w0']);
    const cancelled = { ...sick, state: 'CANCELLED' as const, isSettled: true };
    const drained = { ...well, counts: { ...well.counts, pending: 0 } };
    expect(told(plan, { ...state, halts, jobs: [cancelled, drained] })).toEqual(['submit 130 on 100']);
    const done = ['b-w0', 'b-w1'].map((id) => of(id, { state: 'SUCCEEDED', isSettled: true }));
    const complete = done.flatMap(({ tasks }) => tasks);
    expect(told(plan, { ...state, halts, complete, jobs: [cancelled, ...done] })).toEqual(['finish failed']);
  });
});

describe('in simulation', () => {
  test('a guard that only warns, or none, leaves the outcome as it is to the last bit', () => {
    const free = simulateOnce(planWith({ budgetUsd: null, deadlineHours: null }), '1/0');
    expect(simulateOnce(planWith({ budgetUsd: 10, deadlineHours: 1 }), '1/0')).toEqual(free);
    const armed = planWith({ budgetUsd: 1e6, deadlineHours: 1e4, onBudget: 'cancel', onDeadline: 'cancel' });
    const { folded: _folded, ...outcome } = simulateOnce(armed, '1/0');
    const { folded: __folded, ...expected } = free;
    expect(outcome).toEqual(expected);
  });

  test('what is spent rises to what the campaign costs', () => {
    const campaign = new Campaign(planWith({}), '1/0');
    let last = 0;
    for (let hour = 1; !campaign.finished; hour += 1) {
      campaign.advance(hour * 3600);
      const spent = spentUsd(campaign.world);
      expect(spent).toBeGreaterThanOrEqual(last);
      last = spent;
    }
    expect(last).toBeCloseTo(campaign.world.outcome().metrics.costUsd, 6);
  });

  test('a budget that is spent cancels within minutes, and what was paid stays near it', () => {
    const { metrics } = simulateOnce(planWith({ budgetUsd: 700, onBudget: 'cancel' }, 20), '1/0');
    expect(metrics.costUsd).toBeLessThan(705);
    expect(metrics.tasksSucceeded).toBeGreaterThan(0);
    expect(metrics.tasksFailed).toBeGreaterThan(0);
  });

  test('a budget that stops submissions is kept by submitting less, whatever runs is finished', () => {
    const { metrics } = simulateOnce(planWith({ budgetUsd: 700, onBudget: 'stop' }), '1/0');
    expect(metrics.costUsd).toBeGreaterThan(600);
    expect(metrics.costUsd).toBeLessThan(735);
    // Whole molecules.
    expect(metrics.tasksSucceeded % 13).toBe(0);
  });

  test('a deadline cancels at its time', () => {
    const { metrics } = simulateOnce(planWith({ deadlineHours: 12, onDeadline: 'cancel' }), '1/0');
    expect(metrics.makespanHours).toBeCloseTo(12, 1);
    expect(metrics.tasksFailed).toBeGreaterThan(0);
  });

  test('a capped exposure makes smaller jobs and loses no task', () => {
    const plan = planWith({});
    const cap = exposureUsd(plan, plan.shards[0]!, 60);
    const capped = simulateOnce(planWith({ maxUnattendedUsd: cap }), '1/0').metrics;
    expect(capped.tasksSucceeded).toBe(520);
    expect(capped.peakVms).toBeLessThanOrEqual(60);
    expect(capped.makespanHours).toBeGreaterThan(simulateOnce(plan, '1/0').metrics.makespanHours);
  });
});
