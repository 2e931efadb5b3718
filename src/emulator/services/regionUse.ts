import type { World } from '../../sim/world/world.js';
import type { RegionUse } from './quotas.js';

/** What the World's VMs take of a region's quotas now. A region that it does not know has none. */
export function regionUseOf(world: World, name: string): RegionUse {
  const region = world.regions.find((one) => one.name === name);
  const none = { spotGpus: 0, onDemandGpus: 0, cpus: 0, diskGb: 0, vms: 0 };
  const taken = region?.taken ?? none;
  return { ...taken, addresses: region ? externalAddresses(world, region.number) : 0 };
}

/** A VM with a task is counted; the few that are just being created or about to go are not. */
function externalAddresses(world: World, region: number): number {
  let addresses = 0;
  for (const job of world.jobs) {
    if (job.region !== region || !job.spec.externalIp) continue;
    const { assigned, running } = world.job(job.number).counts;
    addresses += assigned + running;
  }
  return addresses;
}
