import { youngInterval } from '../../plan/checkpointInterval.js';
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

/** What the adaptive policy believes before it has seen anything: 5 % an hour. A guess. */
const PRIOR_PREEMPTIONS = 1;
const PRIOR_HOURS = 20;
/** Outside of these the adaptive policy does not go, whatever it has seen. */
const SHORTEST_ADAPTIVE_SECONDS = 300;
const LONGEST_ADAPTIVE_SECONDS = 3600;

/** What checkpointing needs of the life that it is a part of. */
export interface LifeControl {
  /** Sets the VM's next event, or its end where that comes first. */
  arm(vm: number, pending: number, at: number): void;
  jobOf(vm: number): Job;
  bucketOf(vm: number): Bucket;
  /** The bucket lies in another region than the VM. */
  isBucketFar(vm: number): boolean;
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
  }

  /** Computing starts at `t`. */
  start(vm: number, t: number): void {
    const { fleet } = this;
    fleet.shipped[vm] = 0;
    fleet.errorDraws[vm] = 0;
    fleet.storedBytesTime[vm] = 0;
    if (this.fold || this.life.jobOf(vm).spec.checkpoint.policy === 'none') {
      this.life.arm(vm, Pending.end, fleet.endAt[vm] as number);
    } else {
      this.life.arm(vm, Pending.timer, this.nextTimer(vm, t, true));
    }
  }

  /** Computing ended at `t`: whatever was durable before then is so afterwards. */
  stop(vm: number, t: number): void {
    if (this.fold) this.runThrough(vm, t);
  }

  /** The attempt is over: its part of the stored bytes goes to the books, once for each life, in order of ends. */
  close(vm: number): void {
    this.tally.storedBytesTime += this.fleet.storedBytesTime[vm] as number;
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
    const { checkpoint } = this.life.jobOf(vm).spec;
    const { policy, jitterSeconds, firstPhase } = checkpoint;
    if (policy === 'aligned') {
      return (Math.floor(t / checkpoint.intervalSeconds) + 1) * checkpoint.intervalSeconds;
    }
    const intervalSeconds = policy === 'adaptive' ? this.adaptiveInterval(vm, t) : checkpoint.intervalSeconds;
    const n = fleet.timerDraws[vm] as number;
    fleet.timerDraws[vm] = n + 1;
    const u = this.streams.uniform32(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.timer, n);
    if (first && firstPhase === 'random') return t + u * intervalSeconds;
    return t + intervalSeconds + u * jitterSeconds;
  }

  /**
   * Young's interval sqrt(2 C / lambda), from what the task itself has seen: its preemptions and its hours (with a
   * prior of one preemption in 20 h), and the time that a checkpoint takes until it is durable.
   */
  private adaptiveInterval(vm: number, t: number): number {
    const { fleet } = this;
    const hours = PRIOR_HOURS + this.progressAt(vm, t) / 3600;
    const perSecond = (PRIOR_PREEMPTIONS + (fleet.attempt[vm] as number)) / (hours * 3600);
    const cost = this.scenario.checkpoint.pauseSeconds + this.transferSeconds(this.progressAt(vm, t));
    const young = youngInterval(cost, 1 / perSecond);
    return Math.min(LONGEST_ADAPTIVE_SECONDS, Math.max(SHORTEST_ADAPTIVE_SECONDS, young));
  }

  /** Whole bytes of a checkpoint that holds `progress` seconds of work. */
  sizeOf(progress: number): number {
    const { sizeBytes, growthBytesPerHour } = this.scenario.checkpoint;
    if (growthBytesPerHour === 0) return sizeBytes;
    return Math.round(sizeBytes + (growthBytesPerHour * progress) / 3600);
  }

  /** Seconds from the admission of an upload's last request until it is durable. */
  transferSeconds(progress: number): number {
    const { latencySeconds, uploadThroughputBytesPerSecond } = this.scenario.bucket;
    return (
      latencySeconds + this.sizeOf(progress) / (uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY)
    );
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
    if (!this.admitted(vm, t)) {
      const wait = backoffSeconds(this.streams, fleet, vm, bucket);
      if (bucket.maxTries !== null && (fleet.tries[vm] as number) >= bucket.maxTries) {
        this.skipped(vm, t);
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
    else this.life.arm(vm, Pending.uploaded, t + this.transferSeconds(fleet.snapshot[vm] as number));
  }

  /** All tries of an upload were refused: the next checkpoint will do. */
  private skipped(vm: number, t: number): void {
    this.tally.checkpointsSkipped += 1;
    tellBucketUse(this.observer, 'checkpointSkipped', this.fleet, vm, t);
  }

  /** One write request: refused by the bucket's capacity, or by chance. */
  private admitted(vm: number, t: number): boolean {
    this.tally.events += 1;
    const bucket = this.life.bucketOf(vm);
    if (!bucket.write(t)) {
      tellBucketUse(this.observer, 'requestRefused', this.fleet, vm, t);
      return false;
    }
    const { errorRate } = this.scenario.bucket;
    if (errorRate === 0) return true;
    const { fleet } = this;
    const n = fleet.errorDraws[vm] as number;
    fleet.errorDraws[vm] = n + 1;
    const u = this.streams.uniform32(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.error, n);
    if (u >= errorRate) return true;
    bucket.refused += 1;
    tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
    return false;
  }

  uploaded(vm: number, t: number): void {
    this.becomesDurable(vm, t);
    this.life.arm(vm, Pending.timer, this.nextTimer(vm, t, false));
  }

  /** The snapshot on its way has arrived. */
  becomesDurable(vm: number, t: number): void {
    const { fleet, tally, tasks } = this;
    const task = fleet.task[vm] as number;
    const bytes = this.sizeOf(fleet.snapshot[vm] as number);
    const before = tasks.stored[task] === 1 ? this.sizeOf(tasks.durable[task] as number) : 0;
    tasks.stored[task] = 1;
    tasks.durable[task] = fleet.snapshot[vm] as number;
    tally.storedBytes += bytes - before;
    tally.overwrittenBytes += before;
    if (this.life.isBucketFar(vm)) tally.crossRegionBytes += bytes;
    fleet.storedBytesTime[vm] = (fleet.storedBytesTime[vm] as number) + (bytes - before) * t;
    tally.checkpointsWritten += 1;
    tellBucketUse(this.observer, 'checkpointWritten', fleet, vm, t);
    tally.writesBilled += 1;
    tally.events += 1;
  }

  // ---- folded --------------------------------------------------------------------------------------------------

  /** All checkpoints of the attempt up to `end`, as the events would have made them with every request admitted. */
  private runThrough(vm: number, end: number): void {
    if (this.life.jobOf(vm).spec.checkpoint.policy === 'none') return;
    const { fleet } = this;
    const { requestsPerUpload, latencySeconds, maxTries } = this.scenario.bucket;
    let t = this.nextTimer(vm, fleet.computeFrom[vm] as number, true);
    while (t < end) {
      const again = this.takeSnapshot(vm, t);
      if (again >= 0) {
        t = again;
        continue;
      }
      fleet.tries[vm] = 0;
      let left = requestsPerUpload;
      let skipped = false;
      while (left > 0 && t < end && !skipped) {
        if (this.admitted(vm, t)) {
          fleet.tries[vm] = 0;
          left -= 1;
          t += left > 0 ? latencySeconds : this.transferSeconds(fleet.snapshot[vm] as number);
        } else {
          const wait = backoffSeconds(this.streams, fleet, vm, this.scenario.bucket);
          skipped = maxTries !== null && (fleet.tries[vm] as number) >= maxTries;
          if (!skipped) t += wait;
        }
      }
      if (skipped) this.skipped(vm, t);
      else if (left > 0 || t >= end) return;
      else this.becomesDurable(vm, t);
      t = this.nextTimer(vm, t, false);
    }
  }
}
