import { type Plan, PROVISIONING_WORDS } from '../plan/plan.js';
import type { Range } from '../plan/snapshot.js';
import { formatCount, formatRoughDuration, formatUsd } from '../ui/format.js';

/** "thirteen-thousand: 13,000 tasks (1,000 molecules x 13 windows)" */
export function campaignLine(name: string, campaign: { molecules: number; windows: number }): string {
  const tasks = formatCount(campaign.molecules * campaign.windows);
  return `${name}: ${tasks} tasks (${formatCount(campaign.molecules)} molecules × ${campaign.windows} windows)`;
}

/** "periodic checkpoints every 10m, 4 jobs in 4 regions, up to 500 Spot VMs" */
export function decisionsLine(plan: Plan): string {
  const { shards, checkpoint } = plan;
  const regions = new Set(shards.map((shard) => shard.region)).size;
  const policy =
    checkpoint.policy === 'none'
      ? 'no checkpoints'
      : `${checkpoint.policy} checkpoints every ${duration(checkpoint.intervalSeconds)}`;
  const parts = [policy, `${plural(shards.length, 'job')} in ${plural(regions, 'region')}`, fleet(plan)];
  return parts.join(', ');
}

/** Per region the widest wave, summed: waves of one region follow each other. */
function vmsAtATime(plan: Plan): number {
  const byWave = new Map<string, number>();
  for (const { region, wave, parallelism } of plan.shards) {
    const key = `${region} ${wave}`;
    byWave.set(key, (byWave.get(key) ?? 0) + parallelism);
  }
  const byRegion = new Map<string, number>();
  for (const [key, vms] of byWave) {
    const region = key.split(' ')[0] ?? '';
    byRegion.set(region, Math.max(byRegion.get(region) ?? 0, vms));
  }
  return [...byRegion.values()].reduce((total, vms) => total + vms, 0);
}

/** "up to 500 Spot VMs, the last 2 % on-demand" */
function fleet(plan: Plan): string {
  const vms = `up to ${formatCount(vmsAtATime(plan))}`;
  const kinds = new Set(plan.shards.map((shard) => shard.provisioning));
  if (kinds.size === 1 && kinds.has('onDemand')) return `${vms} on-demand VMs`;
  const most = PROVISIONING_WORDS[kinds.has('flexStart') ? 'flexStart' : 'spot'];
  const percent = plan.tail.onDemandLastPercent;
  return `${vms} ${most} VMs${percent > 0 ? `, the last ${percent} % on-demand` : ''}`;
}

export function plural(count: number, word: string, words = `${word}s`): string {
  return `${formatCount(count)} ${count === 1 ? word : words}`;
}

/** "5m", "10d", "7d 21h": without a last part that is nought; takes seconds. */
export function duration(seconds: number): string {
  return formatRoughDuration(seconds).replace(/ 0[hms]$/, '');
}

/** "7d 22h (7d 21h–8d)" */
export function hoursWithRange({ p10, p50, p90 }: Range): string {
  return withRange([p10, p50, p90].map((hours) => duration(hours * 3600)));
}

/** "$37,400 ($37,300–$37,600)" */
export function usdWithRange({ p10, p50, p90 }: Range): string {
  return withRange([p10, p50, p90].map(formatUsd));
}

function withRange([low, middle, high]: string[]): string {
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}
