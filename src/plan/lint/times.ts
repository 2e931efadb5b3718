import { meanOf } from '../../scenario/distribution.js';
import { LIMITS, SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile, ShardFile } from '../planFile.js';
import { expectedTask } from './expectedTask.js';
import { days, grouped, perShard, type Rule } from './finding.js';
import { vmCap } from './jobLimits.js';
import { type WaveOfRegion, wavesOf } from './quota.js';

const HOUR = 3_600;
/** A stockout in the middle counts as RUNNING, too: two days of it are kept in hand. */
const IN_HAND_HOURS = 48;

/** How long Batch lets a job of the shard run. */
function runningLimit(shard: ShardFile): { hours: number; source: string } {
  const limit = shard.provisioning === 'flexStart' ? LIMITS.runningSecondsFlexStart : LIMITS.runningSeconds;
  return { hours: limit.value / HOUR, source: limit.source };
}

/** VMs that the shard can have: its parallelism, less what a cap or its part of the region's quota takes away. */
function vmsOf(plan: PlanFile, shard: ShardFile, wave: WaveOfRegion | undefined): number {
  const cap = Math.min(shard.parallelism, LIMITS.parallelTasksPerJob.value, vmCap(plan, shard).value);
  if (!wave) return cap;
  return Math.min(cap, (wave.usable.vms * shard.parallelism) / wave.parallelism);
}

/** Hours that the shard's job stays in RUNNING, on average. */
function runningHours(plan: PlanFile, shard: ShardFile, wave: WaveOfRegion | undefined): number {
  const { vmHours } = expectedTask(plan, shard);
  return vmHours * Math.max(1, shard.taskCount / vmsOf(plan, shard, wave));
}

function wavesByShard(plan: PlanFile): Map<ShardFile, WaveOfRegion> {
  return new Map(wavesOf(plan).flatMap((wave) => wave.shards.map(({ shard }) => [shard, wave] as const)));
}

export const runningTime: Rule = (plan) => {
  const waves = wavesByShard(plan);
  return perShard(plan, (shard, path) => {
    const wave = waves.get(shard);
    // Without quota it never gets to RUNNING: that is a finding of its own.
    if (wave?.usable.vms === 0) return [];
    const hours = runningHours(plan, shard, wave);
    const limit = runningLimit(shard);
    const comfortable = limit.hours - IN_HAND_HOURS;
    if (hours <= comfortable) return [];
    const advice = howToEndSooner(plan, shard, comfortable);
    const killed = hours > limit.hours;
    return [
      {
        rule: 'running-time',
        severity: killed ? 'error' : 'warning',
        path: `${path}.parallelism`,
        message: `The job would be RUNNING for ${days(hours)} and Batch ends it after ${days(limit.hours)}${killed ? '' : ', which is too near'}: ${advice}.`,
        found: days(hours),
        limit: days(limit.hours),
        source: limit.source,
      },
    ];
  });
};

function howToEndSooner(plan: PlanFile, shard: ShardFile, comfortableHours: number): string {
  const { vmHours } = expectedTask(plan, shard);
  if (vmHours > comfortableHours) return 'one task alone takes too long; checkpoint it, or run it on demand';
  const enough = Math.ceil((shard.taskCount * vmHours) / comfortableHours);
  if (enough > vmCap(plan, shard).value) return 'split it into waves';
  return `give it ${grouped(enough)} VMs (parallelism and quota), or split it into waves`;
}

/** Jobs of one wave are submitted together; those that the quota leaves no VM for wait in QUEUED. */
export const queuedTime: Rule = (plan) => {
  const limit = LIMITS.queuedSeconds.value / HOUR;
  return wavesOf(plan).flatMap((wave) => {
    let taken = 0;
    let firstFree = Infinity;
    return wave.shards.flatMap(({ shard, index }): Finding[] => {
      const waits = taken >= wave.usable.vms && wave.usable.vms > 0;
      const vms = Math.min(shard.parallelism, wave.usable.vms - taken);
      if (!waits) {
        taken += vms;
        const { vmHours } = expectedTask(plan, shard);
        firstFree = Math.min(firstFree, vmHours * Math.max(1, shard.taskCount / vms));
        return [];
      }
      if (firstFree <= limit) return [];
      const message = `Jobs submitted with it take ${wave.region}'s whole quota for ${days(firstFree)}, and Batch fails a job after ${days(limit)} in QUEUED: move the shard to a later wave.`;
      return [
        {
          rule: 'queued-time',
          severity: 'warning',
          path: `shards[${index}].wave`,
          message,
          found: days(firstFree),
          limit: days(limit),
          source: LIMITS.queuedSeconds.source,
        },
      ];
    });
  });
};

/** An attempt has no time limit of its own in Batch: a task that hangs keeps its VM as long as the job may run. */
export const maxRunDuration: Rule = (plan) => {
  const path = 'task.maxRunDurationSeconds';
  const source = SOURCES.timeouts;
  const seconds = plan.task.maxRunDurationSeconds;
  const needed = Math.round(meanOf(plan.scenario.resolved.campaign.taskDurationSeconds));
  if (seconds === null) {
    const message = `A task that hangs would keep its VM until the job ends: set task.maxRunDuration, for example ${grouped(needed * 1.5)} s.`;
    return [
      {
        rule: 'max-run-duration',
        severity: 'warning',
        path,
        message,
        found: 'none',
        limit: `${needed} s`,
        source,
      },
    ];
  }
  if (seconds >= needed) return [];
  const lost = plan.checkpoint.policy === 'none';
  const message = `An attempt is ended after ${grouped(seconds)} s and a task takes ${grouped(needed)} s on average: ${lost ? 'no such task can ever finish' : 'each needs several attempts, and they count as retries'}. Raise task.maxRunDuration.`;
  const severity = lost ? 'error' : 'warning';
  return [{ rule: 'max-run-duration', severity, path, message, found: seconds, limit: needed, source }];
};

/** Tasks of the shard whose retries do not suffice, on average. */
export function tasksOutOfRetries(plan: PlanFile, shard: ShardFile): number {
  return shard.taskCount * expectedTask(plan, shard).outOfRetries;
}

/** One retry counter serves preemptions and every other failure. */
export const retryCap: Rule = (plan) => {
  const lost = plan.shards.reduce((sum, shard) => sum + tasksOutOfRetries(plan, shard), 0);
  // Half a task: what would be rounded to none.
  if (lost <= 0.5) return [];
  const counts = [...new Set(plan.shards.map((shard) => shard.maxRetryCount))].sort((a, b) => a - b);
  const total = grouped(plan.campaign.tasks);
  const after =
    plan.remainder.policy === 'leave'
      ? 'and stay failed (remainder policy leave)'
      : `and go into a remainder (${plan.remainder.policy})`;
  const advice =
    plan.checkpoint.policy === 'none'
      ? 'choose a checkpoint policy'
      : 'raise maxRetryCount, or run a part on demand';
  return [
    {
      rule: 'retry-cap',
      severity: 'warning',
      path: 'shards',
      message: `About ${grouped(lost)} of ${total} tasks run out of their ${counts.join(' or ')} retries ${after}: ${advice}.`,
      found: Math.round(lost),
      limit: 0,
      source: LIMITS.maxRetryCount.source,
    },
  ];
};
