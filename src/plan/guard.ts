import type { Action, Halt } from './actions.js';
import { isFruitless } from './breaker.js';
import {
  committedUsd,
  exposureUsd,
  longestJobSeconds,
  longestTaskSeconds,
  openTasks,
  vmUsdPerSecond,
} from './exposure.js';
import { expectedTask } from './lint/expectedTask.js';
import type { Plan, Shard } from './plan.js';
import type { JobProgress, Progress } from './progress.js';
import { isFinal } from './snapshot.js';

/** A task that runs is half done, on average. */
const LEFT_OF_A_RUNNING_TASK = 0.5;

/** What a task of the shard costs on average, in USD: expected VM time by closed formulas, good to a few per cent. */
export function expectedTaskUsd(plan: Plan, shard: Shard): number {
  return expectedTask(plan, shard).vmHours * 3600 * vmUsdPerSecond(plan, shard);
}

/** What the submitted jobs that have not ended are expected to cost yet, in USD. */
export function expectedUsd(plan: Plan, jobs: readonly JobProgress[]): number {
  return jobs.reduce((sum, { state, shard, counts }) => {
    if (isFinal(state)) return sum;
    const tasks = counts.pending + LEFT_OF_A_RUNNING_TASK * (counts.assigned + counts.running);
    return tasks === 0 ? sum : sum + tasks * expectedTaskUsd(plan, shard);
  }, 0);
}

/** Whether a budget does more than warn. */
function budgetThatActs({ guard }: Plan, { budgetUsd }: Pick<Progress, 'budgetUsd'>): number | null {
  return guard.onBudget === 'warn' ? null : budgetUsd;
}

function deadlineThatActs(
  { guard }: Plan,
  { deadlineWaived }: Pick<Progress, 'deadlineWaived'>,
): number | null {
  if (guard.onDeadline === 'warn' || guard.deadlineHours === null || deadlineWaived) return null;
  return guard.deadlineHours * 3600;
}

/** Whether the guard of the plan can do anything but warn: then time and money matter, not only jobs. */
export function isGuarded({ guard }: Plan): boolean {
  return (
    (guard.onBudget !== 'warn' && guard.budgetUsd !== null) ||
    (guard.onDeadline !== 'warn' && guard.deadlineHours !== null) ||
    guard.maxUnattendedUsd !== null
  );
}

/** Decisions of the guard and the breaker that are due now and were not taken before. */
export function dueHalts(plan: Plan, progress: Progress): Action[] {
  const { halts, elapsedSeconds, spentUsd } = progress;
  const actions: Action[] = [];
  const halt = (one: Halt): void => void actions.push({ kind: 'halt', halt: one });
  for (const job of progress.jobs) {
    if (isFinal(job.state) || job.attempts === null || !isFruitless(job.attempts)) continue;
    if (halts.some((known) => known.job?.jobId === job.jobId)) continue;
    const { fruitless, fruitful } = job.attempts;
    halt({
      cause: 'breaker',
      cancel: true,
      job: { jobId: job.jobId, shardId: job.shardId, region: job.region },
      message: `${fruitless} attempts of ${job.jobId} ended without a checkpoint or a result, and ${fruitful} did not`,
    });
  }
  const budget = budgetThatActs(plan, progress);
  if (budget !== null && spentUsd >= budget && !isHalted(progress, 'budget', true)) {
    const cancel = plan.guard.onBudget === 'cancel';
    if (cancel || !isHalted(progress, 'budget')) {
      halt({ cause: 'budget', cancel, job: null, message: `the budget of ${usd(budget)} is spent` });
    }
  }
  const deadline = deadlineThatActs(plan, progress);
  if (deadline !== null && elapsedSeconds >= deadline && !isHalted(progress, 'deadline')) {
    const message = `the deadline of ${plan.guard.deadlineHours} h has passed`;
    halt({ cause: 'deadline', cancel: plan.guard.onDeadline === 'cancel', job: null, message });
  }
  return actions;
}

function isHalted({ halts }: Progress, cause: Halt['cause'], cancel?: boolean): boolean {
  return halts.some((halt) => halt.cause === cause && (cancel === undefined || halt.cancel === cancel));
}

/** Jobs that a decision of the guard or the breaker ends. */
export function dueCancels({ jobs, halts }: Progress): Action[] {
  return jobs.flatMap((job): Action[] => {
    if (isFinal(job.state) || job.state === 'CANCELLATION_IN_PROGRESS') return [];
    const halt = halts.find((one) => one.cancel && (one.job === null || one.job.jobId === job.jobId));
    return halt === undefined ? [] : [{ kind: 'cancel', jobId: job.jobId, why: `the ${halt.cause}` }];
  });
}

/** A part of a shard that may be submitted now, or why none may. */
export type Portion = { tasks: number; parallelism: number } | { tasks: 0; because: 'budget' | 'exposure' };

/** What may be submitted at one moment, with what is submitted in that very moment counted in. */
export class Allowance {
  readonly #plan: Plan;
  readonly #budget: number | null;
  readonly #cap: number | null;
  #expected: number;
  #exposed: number;
  #isIdle: boolean;

  constructor(plan: Plan, progress: Progress) {
    this.#plan = plan;
    this.#budget = budgetThatActs(plan, progress);
    this.#cap = plan.guard.maxUnattendedUsd;
    this.#expected = this.#budget === null ? 0 : progress.spentUsd + expectedUsd(plan, progress.jobs);
    this.#exposed = this.#cap === null ? 0 : committedUsd(plan, progress.jobs);
    this.#isIdle = progress.jobs.every((job) => isFinal(job.state) || openTasks(job) === 0);
  }

  /**
   * As much of `wanted` tasks as budget and exposure leave: whole molecules where they are that many. While other jobs
   * run, what is left of both must be worth a job.
   */
  portionOf(shard: Shard, wanted: number): Portion {
    const affordable = this.#affordable(shard, wanted);
    const { tasks, parallelism } = this.#unattended(shard, affordable, this.#exposed);
    if (tasks === wanted) return { tasks, parallelism };
    const because = affordable < wanted && tasks === affordable ? 'budget' : 'exposure';
    const { windows } = this.#plan.campaign;
    // What is left of a budget is not spent on a part of a molecule.
    const isPart = tasks < windows && (because === 'exposure' || wanted < windows);
    const whole = isPart ? tasks : tasks - (tasks % windows);
    if (whole === 0 || (!this.#isIdle && whole < this.#least(shard, wanted))) return { tasks: 0, because };
    return { tasks: whole, parallelism: Math.min(parallelism, whole) };
  }

  take(shard: Shard, tasks: number): void {
    this.#isIdle = false;
    if (this.#budget !== null) this.#expected += tasks * expectedTaskUsd(this.#plan, shard);
    if (this.#cap !== null) this.#exposed += exposureUsd(this.#plan, shard, tasks);
  }

  #affordable(shard: Shard, wanted: number): number {
    if (this.#budget === null) return wanted;
    const left = Math.max(0, this.#budget - this.#expected);
    return Math.min(wanted, Math.floor(left / expectedTaskUsd(this.#plan, shard)));
  }

  /** Fewer tasks, or all of them on fewer VMs: whatever lets more VMs run. */
  #unattended(shard: Shard, tasks: number, exposed: number): { tasks: number; parallelism: number } {
    const { parallelism } = shard;
    const left = this.#cap === null ? Infinity : Math.max(0, this.#cap - exposed);
    if (exposureUsd(this.#plan, shard, tasks) <= left) return { tasks, parallelism };
    const usdPerSecond = vmUsdPerSecond(this.#plan, shard);
    const byTasks = Math.floor(left / (longestTaskSeconds(this.#plan, shard) * usdPerSecond));
    const byVms = Math.floor(left / (longestJobSeconds(shard) * usdPerSecond));
    return byVms >= byTasks
      ? { tasks: byVms === 0 ? 0 : tasks, parallelism: Math.min(parallelism, byVms) }
      : { tasks: Math.min(tasks, byTasks), parallelism };
  }

  /** Half of the VMs that the shard, or the cap with nothing else at work, would let run. */
  #least(shard: Shard, wanted: number): number {
    const alone = this.#unattended(shard, wanted, 0);
    return Math.min(wanted, Math.ceil(Math.min(shard.parallelism, alone.tasks, alone.parallelism) / 2));
  }
}

/** Nothing runs, something is due, and it may not be submitted: that does not change by waiting. */
export function cannotGoOn(plan: Plan, progress: Progress, because: 'budget' | 'exposure'): Halt {
  const message =
    because === 'budget'
      ? `what the budget of ${usd(progress.budgetUsd ?? 0)} leaves does not pay for another task`
      : `not one task fits under guard.maxUnattendedUsd, ${usd(plan.guard.maxUnattendedUsd ?? 0)}`;
  return { cause: because, cancel: false, job: null, message };
}

/**
 * The earliest moment, in campaign seconds since the first submission, at which time or money alone can make the guard
 * act: whoever can look ahead (simulate) need not look before. Infinity: never.
 */
export function guardActsAt(plan: Plan, progress: Progress): number {
  const budget = isHalted(progress, 'budget') ? null : budgetThatActs(plan, progress);
  const deadline = isHalted(progress, 'deadline') ? null : deadlineThatActs(plan, progress);
  let at = deadline ?? Infinity;
  if (budget !== null && progress.spentUsd < budget) {
    at = Math.min(
      at,
      progress.elapsedSeconds + (budget - progress.spentUsd) / mostUsdPerSecond(plan, progress),
    );
  }
  return at;
}

/** Storage and what tasks transfer come on top of the VMs; together they stay far below what the VMs cost. */
const MARGIN = 2;

function mostUsdPerSecond(plan: Plan, { jobs }: Progress): number {
  const ofShards = plan.shards.reduce(
    (sum, shard) => sum + shard.parallelism * Math.max(vmUsdPerSecond(plan, shard), dearest(plan, shard)),
    0,
  );
  const ofJobs = jobs.reduce(
    (sum, { state, shard }) => (isFinal(state) ? sum : sum + shard.parallelism * vmUsdPerSecond(plan, shard)),
    0,
  );
  return MARGIN * Math.max(ofShards, ofJobs);
}

/** A remainder may run on demand, and in another region. */
function dearest(plan: Plan, shard: Shard): number {
  const { policy } = plan.remainder;
  const regions = policy === 'anyRegion' ? plan.shards.map(({ region }) => region) : [shard.region];
  const provisioning = policy === 'onDemand' ? 'onDemand' : shard.provisioning;
  return Math.max(...regions.map((region) => vmUsdPerSecond(plan, { region, provisioning })));
}

function usd(amount: number): string {
  return `${Math.round(amount)} USD`;
}
