import { LIMITS } from './limits.js';
import type { Plan, Shard } from './plan.js';
import type { JobProgress } from './progress.js';
import { isFinal } from './snapshot.js';
import { vmUsdPerHour } from './vmPrice.js';

/** What of a plan decides what its VMs cost. */
type Priced = Pick<Plan, 'machine' | 'cloud'> & { scenario: { resolved: Plan['scenario']['resolved'] } };

/** USD for one second of a VM of the shard: machine, boot disk, external address. */
export function vmUsdPerSecond(plan: Priced, shard: Pick<Shard, 'region' | 'provisioning'>): number {
  const { machine, bootDisk, externalIp } = vmUsdPerHour(plan.scenario.resolved, {
    region: shard.region,
    provisioning: shard.provisioning,
    bootDiskGb: plan.machine.bootDiskGb,
    externalIp: plan.cloud?.externalIp ?? false,
  });
  return (machine + bootDisk + externalIp) / 3600;
}

/** For so long Batch lets a job run. */
export function longestJobSeconds({ provisioning }: Pick<Shard, 'provisioning'>): number {
  return LIMITS[provisioning === 'flexStart' ? 'runningSecondsFlexStart' : 'runningSeconds'].value;
}

/** The most that one task can keep a VM busy: every attempt at its longest. */
export function longestTaskSeconds(
  plan: Pick<Plan, 'task'>,
  shard: Pick<Shard, 'provisioning' | 'maxRetryCount'>,
): number {
  const longest = plan.task.maxRunDurationSeconds ?? longestJobSeconds(shard);
  return (shard.maxRetryCount + 1) * longest;
}

/**
 * The committed exposure: the most, in USD, that a job with so many open tasks can still cost if nobody ever looks at it
 * again. All its VMs for as long as Batch lets it run, or every attempt of every task at its longest, whichever is less.
 */
export function exposureUsd(plan: Plan, shard: Shard, tasks: number, ageSeconds = 0): number {
  const left = Math.max(0, longestJobSeconds(shard) - ageSeconds);
  const seconds = Math.min(
    Math.min(shard.parallelism, tasks) * left,
    tasks * longestTaskSeconds(plan, shard),
  );
  return seconds * vmUsdPerSecond(plan, shard);
}

/** Of all jobs that have not ended. */
export function committedUsd(plan: Plan, jobs: readonly JobProgress[]): number {
  return jobs.reduce((sum, job) => {
    if (isFinal(job.state)) return sum;
    return sum + exposureUsd(plan, job.shard, openTasks(job), job.ageSeconds);
  }, 0);
}

export function openTasks({ counts }: Pick<JobProgress, 'counts'>): number {
  return counts.pending + counts.assigned + counts.running;
}

/** Of jobs that are submitted together, before any of them has begun. */
export function exposureOfShards(plan: Plan, shards: readonly Shard[]): number {
  return shards.reduce((sum, shard) => sum + exposureUsd(plan, shard, shard.taskCount), 0);
}

/** The shards that are submitted at once. */
export function firstWave(plan: Plan): Shard[] {
  const first = new Map<string, number>();
  for (const { region, wave } of plan.shards) {
    first.set(region, Math.min(first.get(region) ?? Infinity, wave));
  }
  return plan.shards.filter(({ region, wave }) => first.get(region) === wave);
}
