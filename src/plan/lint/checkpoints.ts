import { SERVICE_LIMITS } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { grouped, type Rule, regionsOf } from './finding.js';

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
  const { policy, intervalSeconds, jitterSeconds } = plan.checkpoint;
  if (policy !== 'periodic') return [];
  const limit = capacity(plan);
  return [...writersByBucket(plan)].flatMap(([bucket, writers]): Finding[] => {
    const uploads = writers / Math.max(intervalSeconds + jitterSeconds / 2, 1);
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
