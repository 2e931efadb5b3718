import type { EngineClock } from './engineClock.js';
import type { Fleet } from './fleet.js';

/** Seconds of its task's work that the VM has done at `t`, durable or not. */
export function progressOf(fleet: Fleet, vm: number, t: number, clock: EngineClock): number {
  const work = fleet.work[vm] as number;
  if (clock.interval === 0) {
    const since = t - (fleet.markTime[vm] as number);
    return Math.min(work, (fleet.markProgress[vm] as number) + Math.max(0, since));
  }
  const wall = t - (fleet.computeFrom[vm] as number);
  return Math.min(work, (fleet.base[vm] as number) + clock.workAt(wall));
}
