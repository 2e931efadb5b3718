import type { Plan } from '../../plan/plan.js';
import { gpuQuotaOf } from '../../scenario/gpuQuota.js';
import { machineShape } from '../../scenario/machines.js';
import { liveQuota } from '../live/quota.js';
import { known } from './check.js';
import { regionsOf } from './needs.js';
import type { ServicesPort } from './servicesPort.js';

/**
 * VMs of the plan that the free quota of each region leaves now, for VMs of any kind that the region's shards want. A
 * region whose quota cannot be read is left out: nothing is known against it.
 */
export async function roomOf(
  plan: Plan,
  services: Pick<ServicesPort, 'regionQuotas' | 'projectQuotas'>,
): Promise<Record<string, number>> {
  const { accelerator, type, bootDiskType, bootDiskGb } = plan.machine;
  const shape = machineShape(type, accelerator === null ? 0 : 1);
  const everywhere = await known(services.projectQuotas());
  const rooms = await Promise.all(
    regionsOf(plan).map(async (region): Promise<[string, number][]> => {
      const quotas = await known(services.regionQuotas(region));
      if (!quotas.ok) return [];
      const machine = { accelerator, bootDiskType };
      const { free } = liveQuota(quotas.value, everywhere.ok ? everywhere.value : [], machine);
      const kinds = plan.shards
        .filter((shard) => shard.region === region)
        .map((shard) => gpuQuotaOf(shard.provisioning));
      const gpus = Math.min(...kinds.map((kind) => free[kind]));
      const vms = Math.min(
        shape.gpus === 0 ? Infinity : Math.floor(gpus / shape.gpus),
        free.cpus === null ? Infinity : Math.floor(free.cpus / shape.vcpus),
        free.diskGb === null ? Infinity : Math.floor(free.diskGb / bootDiskGb),
      );
      return Number.isFinite(vms) ? [[region, vms]] : [];
    }),
  );
  return Object.fromEntries(rooms.flat());
}
