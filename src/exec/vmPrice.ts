import type { Plan, Shard } from '../plan/plan.js';
import { HOURS_PER_MONTH } from '../plan/storageCost.js';

/**
 * USD for one hour of a VM of the shard, boot disk and external address included, at the plan's prices. NaN never
 * comes out: a region without a price costs 0 and lint reports it.
 */
export function usdPerVmHour(plan: Plan, shard: Pick<Shard, 'region' | 'provisioning'>): number {
  const { regions, prices } = plan.scenario.resolved;
  const price = regions[shard.region]?.price;
  const machine = shard.provisioning === 'spot' ? price?.spotUsdPerHour : price?.onDemandUsdPerHour;
  const disk = (plan.machine.bootDiskGb * prices.bootDiskUsdPerGbMonth) / HOURS_PER_MONTH;
  const address = plan.cloud?.externalIp ? prices.externalIpUsdPerHour : 0;
  return (machine ?? 0) + disk + address;
}
