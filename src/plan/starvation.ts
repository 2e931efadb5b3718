import { gpuQuotaOf } from '../scenario/gpuQuota.js';
import type { Action } from './actions.js';
import type { Plan, Shard } from './plan.js';
import type { JobProgress, Progress } from './progress.js';
import { isFinal, type TaskCounts } from './snapshot.js';

/**
 * What is done about jobs that get no VMs. A stockout has no end that anybody tells, and Batch lets a job wait through it
 * without a limit: https://cloud.google.com/batch/docs/create-run-job#job-states
 */

/**
 * A job without a VM for so long waits for capacity. Campaign seconds; most stockouts that people report are shorter, and
 * whoever waits as long as a typical one before going elsewhere loses at most twice what the better choice would.
 */
export const STARVED_AFTER_SECONDS = 3600;
/** VMs that are not preempted cost about twice as much: they are taken only after a wait that few stockouts outlast. */
const ON_DEMAND_AFTER_SECONDS = 12 * 3600;
/** For so long nothing is sent again to a region from which a job was taken. */
const AVOIDED_SECONDS = 86_400;
/** Where work could be moved if there were a region with VMs: when it is looked again, without any other reason to. */
const LOOK_AGAIN_SECONDS = 3600;

/** The region's latest job gets no VMs, was taken from there for this, or Batch has ended it with tasks that never ran. */
export function isStarved({ jobs }: Progress, region: string): boolean {
  const last = jobs.findLast((job) => job.region === region);
  if (last === undefined || neverRan(last.counts) === 0) return false;
  const { state, ageSeconds, idleSeconds } = last;
  if (state === 'FAILED') return true;
  if (state === 'QUEUED') return ageSeconds >= STARVED_AFTER_SECONDS;
  if (idleSeconds === null || idleSeconds < STARVED_AFTER_SECONDS) return false;
  return !isFinal(state) || idleSeconds < AVOIDED_SECONDS;
}

/** Tasks that have not begun, or never will: Batch calls them pending, or unexecuted once the job is over. */
function neverRan({ total, assigned, running, succeeded, failed }: TaskCounts): number {
  return total - assigned - running - succeeded - failed;
}

/** Regions of the plan with quota for the shard's VMs and what they can run at once; not where the breaker has tripped. */
export function usableRegions(plan: Plan, { halts }: Progress, shard: Shard): Map<string, number> {
  const usable = new Map<string, number>();
  for (const { region, parallelism } of plan.shards) {
    const quota = plan.scenario.resolved.regions[region]?.quota;
    if ((quota?.[gpuQuotaOf(shard.provisioning)] ?? 0) <= 0) continue;
    if (halts.some(({ job }) => job?.region === region)) continue;
    usable.set(region, Math.max(usable.get(region) ?? 1, parallelism));
  }
  return usable;
}

/** A region where VMs come, as far as is known. */
export function isFree(progress: Progress, region: string): boolean {
  return (progress.room[region] ?? 1) >= 1 && !isStarved(progress, region);
}

/**
 * Jobs to be cancelled because no VMs come, where the plan's policy has another place for their work: it is submitted
 * there as any remainder is, and goes on from its checkpoints. At most once for each round that the plan allows.
 */
export function dueMoves(plan: Plan, progress: Progress): Action[] {
  if (progress.cancelled || progress.halts.some(({ job }) => job === null)) return [];
  return progress.jobs.flatMap((job): Action[] => {
    if (waitsUntil(plan, progress, job) > progress.elapsedSeconds || !hasElsewhere(plan, progress, job))
      return [];
    return [{ kind: 'cancel', jobId: job.jobId, why: `no VM comes in ${job.region}` }];
  });
}

/** When a move may be due although nothing happens, in campaign seconds since the first submission. */
export function movesAt(plan: Plan, progress: Progress): number {
  return progress.jobs.reduce((first, job) => {
    const at = waitsUntil(plan, progress, job);
    const isOver = at <= progress.elapsedSeconds;
    return Math.min(first, isOver ? progress.elapsedSeconds + LOOK_AGAIN_SECONDS : at);
  }, Number.POSITIVE_INFINITY);
}

/** When the wait of a job for VMs has lasted long enough; Infinity where it has them, or the policy leaves it there. */
function waitsUntil({ remainder }: Plan, { elapsedSeconds }: Progress, job: JobProgress): number {
  const { state, idleSeconds, round, shard } = job;
  if (isFinal(state) || state === 'CANCELLATION_IN_PROGRESS' || idleSeconds === null) return Infinity;
  if (round >= remainder.maxRounds) return Infinity;
  const since = elapsedSeconds - idleSeconds;
  if (remainder.policy === 'anyRegion') return since + STARVED_AFTER_SECONDS;
  if (remainder.policy === 'onDemand' && shard.provisioning !== 'onDemand') {
    return since + ON_DEMAND_AFTER_SECONDS;
  }
  return Infinity;
}

function hasElsewhere(plan: Plan, progress: Progress, { shard, region }: JobProgress): boolean {
  if (plan.remainder.policy === 'onDemand') {
    return usableRegions(plan, progress, { ...shard, provisioning: 'onDemand' }).has(region);
  }
  const usable = usableRegions(plan, progress, shard);
  return [...usable.keys()].some((other) => other !== region && isFree(progress, other));
}
