import type { Outcome } from '../plan/forecast.js';
import { isGuarded } from '../plan/guard.js';
import type { Plan } from '../plan/plan.js';
import type { Scenario } from '../scenario/scenario.js';
import { Campaign } from './campaign.js';
import { rewritesFast } from './world/objectRateLimit.js';

/**
 * One replication: the plan in the World of `seed` (replication r of a forecast uses `<seed>/r`). Folded where that
 * can be and turns out to be exact, else event by event; the outcome is the same to the last bit.
 */
export function simulateOnce(plan: Plan, seed: string, options: { fold?: boolean } = {}): Outcome {
  if ((options.fold ?? true) && isFoldable(plan)) {
    const campaign = new Campaign(plan, seed, { fold: true });
    const outcome = campaign.finish();
    if (campaign.world.certified) return outcome;
  }
  return new Campaign(plan, seed).finish();
}

/** Whether an attempt's end is known before its checkpoints are, and its bucket has a chance to admit them all. */
function isFoldable(plan: Plan): boolean {
  const { checkpoint, shards, buckets, scenario } = plan;
  // What has been spent by a moment is known only when everything before it has been run through.
  if (isGuarded(plan)) return false;
  const { pauseSeconds } = scenario.resolved.checkpoint;
  if (checkpoint.policy === 'none') return true;
  const { bucket, checkpoint: written } = scenario.resolved;
  if (rewritesFast(checkpoint, bucket) || isHeldUp(written.sizeBytes, bucket)) return false;
  // Each pause at a shipment of its own pushes the end away.
  if (checkpoint.engineIntervalSeconds === 0 && pauseSeconds > 0) return false;
  if (checkpoint.policy !== 'aligned') return true;
  const { writesPerSecond, burst, requestsPerUpload } = scenario.resolved.bucket;
  const writers = new Map<string, number>();
  for (const { region, parallelism } of shards) {
    const bucket = buckets === 'one' ? '' : region;
    writers.set(bucket, (writers.get(bucket) ?? 0) + parallelism);
  }
  return writesPerSecond === null || Math.max(...writers.values()) * requestsPerUpload <= burst;
}

/** Whether the link that uploads share takes longer for one than the VM alone would. */
function isHeldUp(bytes: number, bucket: Scenario['bucket']): boolean {
  const { sharedUploadThroughputBytesPerSecond: shared, uploadThroughputBytesPerSecond: own } = bucket;
  return (
    shared !== null && bytes / shared > bucket.latencySeconds + bytes / (own ?? Number.POSITIVE_INFINITY)
  );
}
