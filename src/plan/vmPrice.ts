import type { Provisioning, Scenario } from '../scenario/scenario.js';
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

/**
 * USD for one hour of a VM, its boot disk and its external address, at the scenario's prices. A region without a
 * price costs 0; lint reports such a plan.
 */
export function vmUsdPerHour(
  { regions, prices }: Pick<Scenario, 'regions' | 'prices'>,
  vm: PricedVm,
): { machine: number; bootDisk: number; externalIp: number } {
  const price = regions[vm.region]?.price;
  const machine = vm.provisioning === 'spot' ? price?.spotUsdPerHour : price?.onDemandUsdPerHour;
  return {
    machine: machine ?? 0,
    bootDisk: (vm.bootDiskGb * prices.bootDiskUsdPerGbMonth) / HOURS_PER_MONTH,
    externalIp: vm.externalIp ? prices.externalIpUsdPerHour : 0,
  };
}
