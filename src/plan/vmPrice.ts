import type { Provisioning, Region, Scenario } from '../scenario/scenario.js';
import { HOURS_PER_MONTH } from './storageCost.js';

/**
 * Compute Engine bills at least one minute of a VM.
 * Source: cloud.google.com/compute/vm-instance-pricing.
 */
export const MINIMUM_BILLED_SECONDS = 60;

/** What decides the price of a VM. */
export interface PricedVm {
  region: string;
  provisioning: Provisioning;
  bootDiskGb: number;
  externalIp: boolean;
}

/** FLEX_START VMs without a price of their own cost what on-demand VMs cost. */
export function machineUsdPerHour(price: Region['price'], provisioning: Provisioning): number {
  if (provisioning === 'spot') return price.spotUsdPerHour;
  if (provisioning === 'onDemand') return price.onDemandUsdPerHour;
  return price.flexStartUsdPerHour ?? price.onDemandUsdPerHour;
}

/**
 * USD for one hour of a VM, its boot disk and its external address, at the scenario's prices. A region without a
 * price costs 0; lint reports such a plan.
 */
export function vmUsdPerHour(
  { regions, prices }: Pick<Scenario, 'regions' | 'prices'>,
  vm: PricedVm,
): { machine: number; bootDisk: number; externalIp: number } {
  const price = regions[vm.region]?.price;
  return {
    machine: price === undefined ? 0 : machineUsdPerHour(price, vm.provisioning),
    bootDisk: (vm.bootDiskGb * prices.bootDiskUsdPerGbMonth) / HOURS_PER_MONTH,
    externalIp: vm.externalIp ? prices.externalIpUsdPerHour : 0,
  };
}
