import { gpuMetrics } from '../../scenario/quotaMetrics.js';
import type { Region } from '../../scenario/scenario.js';
import type { Quota } from '../preflight/servicesPort.js';

/** What is free now of a region's quotas, in the scenario's terms, and how much of them is in use. */
export interface LiveQuota {
  free: Region['quota'];
  used: { spotGpus: number; onDemandGpus: number };
}

/**
 * What is left for us: granted less used, no more than the project-wide quotas leave. Spot VMs take the preemptible
 * quota where there is one, else the standard one.
 * Source: https://docs.cloud.google.com/compute/docs/instances/create-use-spot
 */
export function liveQuota(
  region: readonly Quota[],
  everywhere: readonly Quota[],
  machine: { accelerator: string | null; bootDiskType: string },
): LiveQuota {
  const find = (metric: string): Quota | undefined => region.find((quota) => quota.metric === metric);
  const granted = (metric: string): Quota | undefined => {
    const quota = find(metric);
    return quota && quota.limit > 0 ? quota : undefined;
  };
  const metrics = gpuMetrics(machine.accelerator);
  const gpusLeft = leftOf(everywhere.find(({ metric }) => metric === 'GPUS_ALL_REGIONS'));
  const cpusLeft = leftOf(everywhere.find(({ metric }) => metric === 'CPUS_ALL_REGIONS'));
  const standard = find(metrics.standard);
  const spot = granted(metrics.spot) ?? standard;
  const cpus = least(leftOf(granted('PREEMPTIBLE_CPUS') ?? find('CPUS')), cpusLeft);
  const disk = find(machine.bootDiskType === 'pd-standard' ? 'DISKS_TOTAL_GB' : 'SSD_TOTAL_GB');
  return {
    free: {
      spotGpus: least(leftOf(spot) ?? 0, gpusLeft) ?? 0,
      onDemandGpus: least(leftOf(standard) ?? 0, gpusLeft) ?? 0,
      cpus,
      diskGb: leftOf(disk),
    },
    used: { spotGpus: spot?.usage ?? 0, onDemandGpus: standard?.usage ?? 0 },
  };
}

/** Null: there is no such quota, so it does not bind. */
function leftOf(quota: Quota | undefined): number | null {
  if (quota === undefined || quota.limit < 0) return null;
  return Math.max(0, Math.floor(quota.limit - quota.usage));
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
