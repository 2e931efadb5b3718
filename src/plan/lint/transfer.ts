import { meanOf } from '../../scenario/distribution.js';
import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { storageCost } from '../storageCost.js';
import { meanCheckpointBytes } from './checkpoints.js';
import { grouped, type Rule, regionsOf } from './finding.js';
import { meanIntervalSeconds } from './interval.js';
import { tasksOutOfRetries } from './times.js';

/** Bytes that a task sends and fetches when its VM and its buckets are in two regions, without restarts. */
function bytesOfTask(plan: PlanFile): number {
  const { campaign } = plan.scenario.resolved;
  const checkpoints =
    plan.checkpoint.policy === 'none'
      ? 0
      : meanOf(campaign.taskDurationSeconds) / Math.max(meanIntervalSeconds(plan.checkpoint), 1);
  return campaign.inputBytes + campaign.outputBytes + checkpoints * meanCheckpointBytes(plan);
}

/** The price of so many tasks away from their buckets; no finding where it is rounded to nothing. */
function priced(
  plan: PlanFile,
  tasks: number,
  { path, tell }: { path: string; tell: (transfer: string) => string },
): Finding[] {
  const crossRegionBytes = tasks * bytesOfTask(plan);
  const nothingElse = { writes: 0, reads: 0, byteSeconds: 0, overwrittenBytes: 0 };
  const { crossRegion } = storageCost(plan.scenario.resolved.prices, { ...nothingElse, crossRegionBytes });
  if (crossRegion < 0.5) return [];
  const transfer = `${grouped(crossRegionBytes / 1e9)} GB between regions, which costs about ${grouped(crossRegion)} USD`;
  return [
    {
      rule: 'cross-region',
      severity: 'warning',
      path,
      message: tell(transfer),
      found: Math.round(crossRegion),
      limit: 0,
      source: SOURCES.storagePricing,
    },
  ];
}

/** One bucket for all lies in the scenario's first region. */
export const farBucket: Rule = (plan) => {
  const [home] = Object.keys(plan.scenario.resolved.regions);
  if (plan.buckets !== 'one' || home === undefined) return [];
  const away = plan.shards.filter((shard) => !regionsOf(shard).includes(home));
  const tasks = away.reduce((sum, shard) => sum + shard.taskCount, 0);
  return priced(plan, tasks, {
    path: 'buckets',
    tell: (transfer) =>
      `${grouped(tasks)} tasks are not in ${home}, where the one bucket is, and move ${transfer}: use a bucket in each region.`,
  });
};

/** A task keeps its buckets for the whole run, wherever its remainder runs; the forecast leaves this out. */
export const farRemainder: Rule = (plan) => {
  if (plan.remainder.policy !== 'anyRegion' || plan.buckets === 'one') return [];
  if (new Set(plan.shards.flatMap(regionsOf)).size < 2) return [];
  const tasks = plan.shards.reduce((sum, shard) => sum + tasksOutOfRetries(plan, shard), 0);
  return priced(plan, tasks, {
    path: 'remainder.policy',
    tell: (transfer) =>
      `About ${grouped(tasks)} tasks run out of retries; in another region than their buckets they would move up to ${transfer}: use sameRegion.`,
  });
};
