import { meanOf } from '../../scenario/distribution.js';
import { SERVICE_LIMITS, SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { storageCost } from '../storageCost.js';
import { grouped, type Rule, regionsOf } from './finding.js';
import { meanIntervalSeconds } from './interval.js';

/** A checkpoint rewrites its object, and Cloud Storage takes one write a second of one object name. */
export const sameObjectRate: Rule = ({ checkpoint }) => {
  const { value, source } = SERVICE_LIMITS.sameObjectWritesPerSecond;
  if (checkpoint.policy === 'none' || checkpoint.intervalSeconds >= 1 / value) return [];
  return [
    {
      rule: 'same-object-rate',
      severity: 'error',
      path: 'checkpoint.intervalSeconds',
      message: `A task would rewrite its checkpoint faster than ${value}/s, which Cloud Storage refuses at any load: use an interval of minutes.`,
      found: checkpoint.intervalSeconds,
      limit: 1 / value,
      source,
    },
  ];
};

/** Tasks that write to one bucket at a time, by bucket: the largest wave that shares it. */
function writersByBucket(plan: PlanFile): Map<string, number> {
  const byWave = new Map<string, { bucket: string; writers: number }>();
  for (const shard of plan.shards) {
    const bucket = plan.buckets === 'one' ? 'the bucket' : `the bucket of ${regionsOf(shard).join(', ')}`;
    const key = `${bucket} ${shard.wave}`;
    const known = byWave.get(key) ?? { bucket, writers: 0 };
    known.writers += Math.min(shard.parallelism, shard.taskCount);
    byWave.set(key, known);
  }
  const writers = new Map<string, number>();
  for (const { bucket, writers: count } of byWave.values()) {
    writers.set(bucket, Math.max(writers.get(bucket) ?? 0, count));
  }
  return writers;
}

/** What the scenario says of a bucket, or a new bucket's documented capacity. */
function capacity(plan: PlanFile): number {
  return plan.scenario.resolved.bucket.writesPerSecond ?? SERVICE_LIMITS.bucketWritesPerSecond.value;
}

export const alignedCheckpoints: Rule = (plan) => {
  if (plan.checkpoint.policy !== 'aligned') return [];
  const limit = capacity(plan);
  return [...writersByBucket(plan)].flatMap(([bucket, writers]): Finding[] => {
    const requests = writers * plan.scenario.resolved.bucket.requestsPerUpload;
    if (requests <= limit) return [];
    return [
      {
        rule: 'aligned-checkpoints',
        severity: 'warning',
        path: 'checkpoint.policy',
        message: `Aligned checkpoints send ${grouped(requests)} requests to ${bucket} in one second, and it takes ${grouped(limit)}: the rest gets 429. Use periodic with jitter.`,
        found: requests,
        limit,
        source: SERVICE_LIMITS.bucketWritesPerSecond.source,
      },
    ];
  });
};

export const checkpointRate: Rule = (plan) => {
  const { policy } = plan.checkpoint;
  if (policy !== 'periodic' && policy !== 'adaptive') return [];
  const limit = capacity(plan);
  return [...writersByBucket(plan)].flatMap(([bucket, writers]): Finding[] => {
    const uploads = writers / Math.max(meanIntervalSeconds(plan.checkpoint), 1);
    const rate = Math.round(uploads * plan.scenario.resolved.bucket.requestsPerUpload);
    if (rate <= limit) return [];
    return [
      {
        rule: 'checkpoint-rate',
        severity: 'warning',
        path: 'checkpoint.intervalSeconds',
        message: `Checkpoints send ${grouped(rate)} requests a second to ${bucket} all the time, and it takes ${grouped(limit)}: lengthen the interval.`,
        found: rate,
        limit,
        source: SERVICE_LIMITS.bucketWritesPerSecond.source,
      },
    ];
  });
};

const HOUR = 3_600;

/** Bytes of a checkpoint after so many hours of a task's work. */
function checkpointBytes(plan: PlanFile, hours: number): number {
  const { sizeBytes, growthBytesPerHour } = plan.scenario.resolved.checkpoint;
  return sizeBytes + growthBytesPerHour * hours;
}

/** Over a task's work. */
export function meanCheckpointBytes(plan: PlanFile): number {
  return checkpointBytes(plan, meanOf(plan.scenario.resolved.campaign.taskDurationSeconds) / HOUR / 2);
}

/** What a preempted task cannot ship before its VM is gone is lost: the flush would only cost requests. */
export const flushInNotice: Rule = (plan) => {
  const { bucket, campaign, spot } = plan.scenario.resolved;
  if (!plan.checkpoint.flushOnNotice || plan.shards.every((shard) => shard.provisioning !== 'spot'))
    return [];
  const largest = checkpointBytes(plan, meanOf(campaign.taskDurationSeconds) / HOUR);
  const seconds =
    bucket.requestsPerUpload * bucket.latencySeconds +
    largest / (bucket.uploadThroughputBytesPerSecond ?? Infinity);
  if (seconds <= spot.noticeSeconds) return [];
  const found = Math.round(seconds * 10) / 10;
  return [
    {
      rule: 'flush-notice',
      severity: 'warning',
      path: 'checkpoint.flushOnNotice',
      message: `The upload of a checkpoint takes up to ${found} s, and a Spot VM ends ${spot.noticeSeconds} s after the notice: switch flushOnNotice off, or make checkpoints smaller.`,
      found,
      limit: spot.noticeSeconds,
      source: SOURCES.spot,
    },
  ];
};

/** Every checkpoint is overwritten or deleted, and soft delete keeps and bills it for some days more. */
export const softDelete: Rule = (plan) => {
  const { campaign, prices } = plan.scenario.resolved;
  if (plan.checkpoint.policy === 'none' || prices.softDeleteDays === 0) return [];
  const seconds = meanOf(campaign.taskDurationSeconds);
  const checkpoints = (plan.campaign.tasks * seconds) / Math.max(meanIntervalSeconds(plan.checkpoint), 1);
  const bytes = checkpoints * meanCheckpointBytes(plan);
  const nothingElse = { writes: 0, reads: 0, byteSeconds: 0, crossRegionBytes: 0 };
  const { softDelete: usd } = storageCost(prices, { ...nothingElse, overwrittenBytes: bytes });
  // What would be rounded to nothing.
  if (usd < 0.5) return [];
  return [
    {
      rule: 'soft-delete',
      severity: 'warning',
      path: 'scenario.resolved.prices.softDeleteDays',
      message: `Soft delete keeps ${grouped(bytes / 1e9)} GB of overwritten checkpoints for ${prices.softDeleteDays} days, which costs about ${grouped(usd)} USD: switch it off for the checkpoint buckets.`,
      found: Math.round(usd),
      limit: 0,
      source: SOURCES.softDelete,
    },
  ];
};
