import { Phase } from './fleet.js';
import { measure } from './outcome.js';
import type { World } from './world.js';

/** What the campaign has cost up to now, in USD, the VMs that are alive included. Not for a folded World. */
export function spentUsd(world: World): number {
  const { fleet, jobs, now } = world;
  let usd = measure(world, false).metrics.costUsd;
  for (let vm = 0; vm < fleet.capacity; vm += 1) {
    const from = fleet.billedFrom[vm] as number;
    if (fleet.phase[vm] === Phase.free || from < 0) continue;
    const { usdPerSecond, diskUsdPerSecond, ipUsdPerSecond } = jobs[fleet.job[vm] as number]!.rates;
    const seconds = now - from;
    // Attempts that have ended on the VM are counted already.
    usd += (seconds - (fleet.accounted[vm] as number)) * usdPerSecond;
    usd += seconds * (diskUsdPerSecond + ipUsdPerSecond);
  }
  return usd;
}
