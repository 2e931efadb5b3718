import type { Scenario } from '../../scenario/scenario.js';
import type { Fleet } from './fleet.js';
import type { Job } from './jobTable.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';

/** How large checkpoints are, how long they take to transfer, and what they add to the books. */
export class CheckpointBooks {
  private readonly scenario: Scenario;
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  /** Whether checkpoints grow with progress; their size, and the time of their transfer, at first. */
  readonly grows: boolean;
  private readonly bytes: number;
  private readonly seconds: number;
  /** Checkpoints have one size and cross no border: another one changes next to nothing in the books. */
  private readonly replacesItsEqual: boolean;

  constructor(parts: {
    scenario: Scenario;
    fleet: Fleet;
    tasks: TaskStore;
    tally: Tally;
    jobs: readonly Job[];
    regions: readonly RegionState[];
  }) {
    this.scenario = parts.scenario;
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.grows = parts.scenario.checkpoint.growthBytesPerHour !== 0;
    this.bytes = parts.scenario.checkpoint.sizeBytes;
    this.seconds = this.secondsFor(this.bytes);
    this.replacesItsEqual = !this.grows && parts.regions.every(({ bucketIsFar }) => !bucketIsFar);
  }

  /** Whole bytes of a checkpoint that holds `progress` seconds of work. */
  sizeOf(progress: number): number {
    if (!this.grows) return this.bytes;
    return Math.round(this.bytes + (this.scenario.checkpoint.growthBytesPerHour * progress) / 3600);
  }

  /** Seconds from the admission of an upload's last request until it is durable. */
  transferSeconds(progress: number): number {
    return this.grows ? this.secondsFor(this.sizeOf(progress)) : this.seconds;
  }

  private secondsFor(bytes: number): number {
    const { latencySeconds, uploadThroughputBytesPerSecond } = this.scenario.bucket;
    return latencySeconds + bytes / (uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  /** Enters the last of `count` checkpoints of one size, `progress` in it; the first of them was durable at `t`. */
  store(vm: number, task: number, progress: number, t: number, count: number): void {
    const { fleet, tally, tasks } = this;
    tally.checkpointsWritten += count;
    tally.writesBilled += count;
    if (this.replacesItsEqual && tasks.stored[task] === 1) {
      tally.overwrittenBytes += count * this.bytes;
      return;
    }
    const bytes = this.sizeOf(progress);
    const before = tasks.stored[task] === 1 ? this.sizeOf(tasks.durable[task] as number) : 0;
    tally.overwrittenBytes += before + (count - 1) * bytes;
    const { region } = this.jobs[fleet.job[vm] as number] as Job;
    if ((this.regions[region] as RegionState).bucketIsFar) tally.crossRegionBytes += count * bytes;
    tasks.stored[task] = 1;
    if (bytes === before) return;
    tally.storedBytes += bytes - before;
    fleet.storedBytesTime[vm] = (fleet.storedBytesTime[vm] as number) + (bytes - before) * t;
  }
}
