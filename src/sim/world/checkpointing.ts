import type { Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import { backoffSeconds } from './backoff.js';
import type { Bucket } from './bucket.js';
import { End, type Fleet, Pending } from './fleet.js';
import type { Job } from './jobTable.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';
import { tellBucketUse } from './tellBucketUse.js';
import type { WorldObserver } from './view.js';

/** What checkpointing needs of the life that it is a part of. */
export interface LifeControl {
  /** Sets the VM's next event, or its end where that comes first. */
  arm(vm: number, pending: number, at: number): void;
  jobOf(vm: number): Job;
  bucketOf(vm: number): Bucket;
}

/**
 * The two clocks of a running task: the engine writes local checkpoints, the watchdog ships them to the bucket. A
 * checkpoint is durable once its upload has committed; what an end interrupts is lost.
 *
 * Folded, no event is spent on them: the same draws are run through in one go when the attempt ends, wherever it is
 * cut off. That is exact as long as the bucket refuses nothing, which the bucket's books show afterwards.
 */
export class Checkpointing {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly life: LifeControl;
  private readonly fold: boolean;
  private readonly observer: WorldObserver | null;
  /** Seconds from the admission of an upload's last request until it is durable. */
  private readonly transferSeconds: number;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    fleet: Fleet;
    tasks: TaskStore;
    tally: Tally;
    life: LifeControl;
    fold: boolean;
    observer: WorldObserver | null;
  }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.life = parts.life;
    this.fold = parts.fold;
    this.observer = parts.observer;
    const { bucket, checkpoint } = parts.scenario;
    const speed = bucket.uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.transferSeconds = bucket.latencySeconds + checkpoint.sizeBytes / speed;
  }

  /** Computing starts at `t`. */
  start(vm: number, t: number): void {
    const { fleet } = this;
    fleet.shipped[vm] = 0;
    fleet.storedAt[vm] = -1;
    if (this.fold || this.life.jobOf(vm).spec.checkpoint.policy === 'none') {
      this.life.arm(vm, Pending.end, fleet.endAt[vm] as number);
    } else {
      this.life.arm(vm, Pending.timer, this.nextTimer(vm, t, true));
    }
  }

  /** Computing ended at `t`: whatever was durable before then is in the books afterwards. */
  settle(vm: number, t: number): void {
    if (this.fold) this.runThrough(vm, t);
    const { fleet, tasks, tally } = this;
    const storedAt = fleet.storedAt[vm] as number;
    const task = fleet.task[vm] as number;
    if (storedAt < 0 || tasks.stored[task] === 1) return;
    tasks.stored[task] = 1;
    tally.store(this.scenario.checkpoint.sizeBytes, storedAt);
  }

  /** Seconds of the task's work that are done at `t`, durable or not. */
  progressAt(vm: number, t: number): number {
    const { fleet } = this;
    const { clock } = this.life.jobOf(vm);
    const work = fleet.work[vm] as number;
    if (clock.interval === 0) {
      const since = t - (fleet.markTime[vm] as number);
      return Math.min(work, (fleet.markProgress[vm] as number) + Math.max(0, since));
    }
    const wall = t - (fleet.computeFrom[vm] as number);
    return Math.min(work, (fleet.base[vm] as number) + clock.workAt(wall));
  }

  /** When the watchdog next wants to ship a checkpoint. */
  private nextTimer(vm: number, t: number, first: boolean): number {
    const { fleet } = this;
    const { policy, intervalSeconds, jitterSeconds, firstPhase } = this.life.jobOf(vm).spec.checkpoint;
    if (policy === 'aligned') return (Math.floor(t / intervalSeconds) + 1) * intervalSeconds;
    const n = fleet.timerDraws[vm] as number;
    fleet.timerDraws[vm] = n + 1;
    const u = this.streams.uniform32(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.timer, n);
    if (first && firstPhase === 'random') return t + u * intervalSeconds;
    return t + intervalSeconds + u * jitterSeconds;
  }

  /**
   * The watchdog's timer at `t`: takes what there is to ship and returns -1, or returns when to look again because
   * the engine has written nothing new.
   */
  private takeSnapshot(vm: number, t: number): number {
    const { fleet } = this;
    const { clock, spec } = this.life.jobOf(vm);
    if (clock.interval === 0) {
      this.snapshotNow(vm, t);
      return -1;
    }
    const from = fleet.computeFrom[vm] as number;
    const written = clock.writtenAt(t - from);
    if (written <= (fleet.shipped[vm] as number)) {
      return spec.checkpoint.policy === 'aligned'
        ? this.nextTimer(vm, t, false)
        : from + clock.wallOfCheckpoint(written + 1);
    }
    fleet.shipped[vm] = written;
    fleet.snapshot[vm] = (fleet.base[vm] as number) + written * clock.interval;
    return -1;
  }

  /** The engine writes a checkpoint because the watchdog asks; computing stops for the pause. */
  private snapshotNow(vm: number, t: number): void {
    const { fleet } = this;
    const progress = this.progressAt(vm, t);
    const pause = this.scenario.checkpoint.pauseSeconds;
    fleet.snapshot[vm] = progress;
    if (pause === 0) return;
    fleet.markProgress[vm] = progress;
    fleet.markTime[vm] = t + pause;
    if (fleet.endKind[vm] !== End.finished) return;
    const finishAt = t + pause + ((fleet.work[vm] as number) - progress);
    const death = fleet.deathAt[vm] as number;
    const limit = fleet.limitAt[vm] as number;
    fleet.endAt[vm] = Math.min(finishAt, death, limit);
    if (death < finishAt) fleet.endKind[vm] = death <= limit ? End.preempted : End.timeLimit;
    else if (limit < finishAt) fleet.endKind[vm] = End.timeLimit;
  }

  // ---- event by event ------------------------------------------------------------------------------------------

  timerDue(vm: number, t: number): void {
    const again = this.takeSnapshot(vm, t);
    if (again >= 0) {
      this.life.arm(vm, Pending.timer, again);
      return;
    }
    this.fleet.tries[vm] = 0;
    this.fleet.requestsLeft[vm] = this.scenario.bucket.requestsPerUpload;
    this.request(vm, t);
  }

  request(vm: number, t: number): void {
    const { fleet } = this;
    const { bucket } = this.scenario;
    this.tally.events += 1;
    if (!this.life.bucketOf(vm).write(t)) {
      tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
      const wait = backoffSeconds(this.streams, fleet, vm, bucket);
      if (bucket.maxTries !== null && (fleet.tries[vm] as number) >= bucket.maxTries) {
        this.tally.checkpointsSkipped += 1;
        tellBucketUse(this.observer, 'checkpointSkipped', fleet, vm, t);
        this.life.arm(vm, Pending.timer, this.nextTimer(vm, t, false));
      } else {
        this.life.arm(vm, Pending.write, t + wait);
      }
      return;
    }
    fleet.tries[vm] = 0;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left > 0) this.life.arm(vm, Pending.write, t + bucket.latencySeconds);
    else this.life.arm(vm, Pending.uploaded, t + this.transferSeconds);
  }

  uploaded(vm: number, t: number): void {
    this.becomesDurable(vm, t);
    this.life.arm(vm, Pending.timer, this.nextTimer(vm, t, false));
  }

  private becomesDurable(vm: number, t: number): void {
    const { fleet, tally } = this;
    this.tasks.durable[fleet.task[vm] as number] = fleet.snapshot[vm] as number;
    if ((fleet.storedAt[vm] as number) < 0) fleet.storedAt[vm] = t;
    tally.checkpointsWritten += 1;
    tellBucketUse(this.observer, 'checkpointWritten', fleet, vm, t);
    tally.writesBilled += 1;
    tally.events += 1;
  }

  // ---- folded --------------------------------------------------------------------------------------------------

  /** All checkpoints of the attempt up to `end`, as the events would have made them with every request admitted. */
  private runThrough(vm: number, end: number): void {
    if (this.life.jobOf(vm).spec.checkpoint.policy === 'none') return;
    const { requestsPerUpload, latencySeconds } = this.scenario.bucket;
    const bucket = this.life.bucketOf(vm);
    let t = this.nextTimer(vm, this.fleet.computeFrom[vm] as number, true);
    while (t < end) {
      const again = this.takeSnapshot(vm, t);
      if (again >= 0) {
        t = again;
        continue;
      }
      let asked = 0;
      for (; asked < requestsPerUpload && t < end; asked += 1) {
        bucket.write(t);
        this.tally.events += 1;
        t += asked + 1 < requestsPerUpload ? latencySeconds : this.transferSeconds;
      }
      if (asked < requestsPerUpload || t >= end) return;
      this.becomesDurable(vm, t);
      t = this.nextTimer(vm, t, false);
    }
  }
}
