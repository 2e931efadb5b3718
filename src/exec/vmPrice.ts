import type { Plan, Shard } from '../plan/plan.js';
import { vmUsdPerHour } from '../plan/vmPrice.js';

/** USD for one hour of a VM of the shard, boot disk and external address included, at the plan's prices. */
export function usdPerVmHour(plan: Plan, shard: Pick<Shard, 'region' | 'provisioning'>): number {
  const { machine, bootDisk, externalIp } = vmUsdPerHour(plan.scenario.resolved, {
    region: shard.region,
    provisioning: shard.provisioning,
    bootDiskGb: plan.machine.bootDiskGb,
    externalIp: plan.cloud?.externalIp ?? false,
  });
  return machine + bootDisk + externalIp;
}
