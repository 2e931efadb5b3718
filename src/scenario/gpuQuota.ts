import type { Provisioning, Region } from './scenario.js';

/**
 * The GPU quota that VMs of a kind count in: FLEX_START VMs use the preemptible one, as Spot VMs do.
 * Source: https://cloud.google.com/blog/products/compute/introducing-flex-start-vms-for-the-compute-engine-instance-api
 */
export function gpuQuotaOf(
  provisioning: Provisioning,
): keyof Pick<Region['quota'], 'spotGpus' | 'onDemandGpus'> {
  return provisioning === 'onDemand' ? 'onDemandGpus' : 'spotGpus';
}
