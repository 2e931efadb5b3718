import type { Fleet } from './fleet.js';
import type { BucketUse, WorldObserver } from './view.js';

/** Tells an observer, if there is one that wants to know, what the VM's attempt did at its bucket at `t`. */
export function tellBucketUse(
  observer: WorldObserver | null,
  use: BucketUse,
  fleet: Fleet,
  vm: number,
  t: number,
): void {
  observer?.bucketUsed?.(
    use,
    fleet.job[vm] as number,
    fleet.taskIndex[vm] as number,
    t,
    fleet.number[vm] as number,
  );
}
