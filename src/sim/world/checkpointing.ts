import { youngInterval } from '../../plan/checkpointInterval.js';
import type { Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import { backoffSeconds } from './backoff.js';
import type { Bucket } from './bucket.js';
import type { CheckpointBooks } from './checkpointBooks.js';
import type { EngineClock } from './engineClock.js';
import { End, type Fleet, Pending } from './fleet.js';
import type { Job } from './jobTable.js';
import { progressOf } from './progress.js';
import type { RegionState } from './regionState.js';
import { SteadyUploads } from './steadyUploads.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';
import { tellBucketUse } from './tellBucketUse.js';
import type { WorldObserver } from './view.js';
import { WatchdogTimer } from './watchdogTimer.js';

/** What the adaptive policy believes before it has seen anything: 5 % an hour. A guess. */
const PRIOR_PREEMPTIONS = 1;
const PRIOR_HOURS = 20;
/** Outside of these the adaptive policy does not go, whatever it has seen. */
const SHORTEST_ADAPTIVE_SECONDS = 300;
const LONGEST_ADAPTIVE_SECONDS = 3600;

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
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;
  private readonly fold: boolean;
  private readonly observer: WorldObserver | null;
  private readonly books: CheckpointBooks;
  private readonly timers: WatchdogTimer;
  private readonly steady: SteadyUploads;
  private readonly errorRate: number;
  /** Write requests of an upload, and all of its requests. */
  private readonly requestsPerUpload: number;
  private readonly allRequestsPerUpload: number;
  private readonly pauseSeconds: number;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    fleet: Fleet;
    tasks: TaskStore;
    tally: Tally;
    jobs: readonly Job[];
    regions: readonly RegionState[];
    agenda: Agenda;
    books: CheckpointBooks;
    fold: boolean;
    observer: WorldObserver | null;
  }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
    this.fold = parts.fold;
    this.observer = parts.observer;
    this.books = parts.books;
    this.timers = new WatchdogTimer(parts);
    this.steady = new SteadyUploads({ ...parts, timers: this.timers });
    this.errorRate = parts.scenario.bucket.errorRate;
    const { requestsPerUpload, readsPerUpload } = parts.scenario.bucket;
    this.requestsPerUpload = requestsPerUpload;
    this.allRequestsPerUpload = readsPerUpload + requestsPerUpload;
    this.pauseSeconds = parts.scenario.checkpoint.pauseSeconds;
  }

  private jobOf(vm: number): Job {
    return this.jobs[this.fleet.job[vm] as number] as Job;
  }

  private regionOf(job: Job): RegionState {
    return this.regions[job.region] as RegionState;
  }

  /** Computing starts at `t`. */
  start(vm: number, t: number): void {
    const { fleet } = this;
    fleet.shipped[vm] = 0;
    fleet.uploadedAt[vm] = -1;
    fleet.errorDraws[vm] = 0;
    fleet.storedBytesTime[vm] = 0;
    fleet.uploads[vm] = 0;
    const job = this.jobOf(vm);
    if (this.fold || job.spec.checkpoint.policy === 'none' || job.spec.external) {
      this.agenda.arm(vm, Pending.end, fleet.endAt[vm] as number);
    } else if (this.steady.handles(job)) {
      this.steady.start(vm, t, job);
    } else {
      this.agenda.arm(vm, Pending.timer, this.firstTimer(vm, t, job));
    }
  }

  /** Computing ended at `t`: whatever was durable before then is so afterwards. */
  stop(vm: number, t: number): void {
    if (this.fold) this.runThrough(vm, t);
    // What was due at the end or after it did not happen.
    else if ((this.fleet.uploads[vm] as number) > 0) this.steady.settle(vm, t, false);
    else if ((this.fleet.uploadedAt[vm] as number) < t) this.commit(vm);
  }

  /** The attempt is over: its part of the stored bytes goes to the books, once for each life, in order of ends. */
  close(vm: number): void {
    this.tally.storedBytesTime += this.fleet.storedBytesTime[vm] as number;
  }

  /** Seconds of the task's work that are done at `t`, durable or not. */
  progressAt(vm: number, t: number): number {
    return progressOf(this.fleet, vm, t, this.jobOf(vm).clock);
  }

  /** When the watchdog next wants to ship a checkpoint. */
  private nextTimer(vm: number, t: number, job: Job): number {
    const { checkpoint } = job.spec;
    if (checkpoint.policy !== 'adaptive') return this.timers.next(vm, t, checkpoint);
    return t + this.adaptiveInterval(vm, t) + this.timers.draw(vm) * checkpoint.jitterSeconds;
  }

  private firstTimer(vm: number, t: number, job: Job): number {
    const { policy, firstPhase } = job.spec.checkpoint;
    if (policy !== 'adaptive') return this.timers.first(vm, t, job.spec.checkpoint);
    if (firstPhase !== 'random') return this.nextTimer(vm, t, job);
    return t + this.timers.draw(vm) * this.adaptiveInterval(vm, t);
  }

  /**
   * Young's interval sqrt(2 C / lambda), from what the task itself has seen: its preemptions and its hours (with a
   * prior of one preemption in 20 h), and the time that a checkpoint takes until it is durable.
   */
  private adaptiveInterval(vm: number, t: number): number {
    const { fleet } = this;
    const hours = PRIOR_HOURS + this.progressAt(vm, t) / 3600;
    const perSecond = (PRIOR_PREEMPTIONS + (fleet.attempt[vm] as number)) / (hours * 3600);
    const cost = this.scenario.checkpoint.pauseSeconds + this.books.transferSeconds(this.progressAt(vm, t));
    const young = youngInterval(cost, 1 / perSecond);
    return Math.min(LONGEST_ADAPTIVE_SECONDS, Math.max(SHORTEST_ADAPTIVE_SECONDS, young));
  }

  /**
   * The watchdog's timer at `t`: takes what there is to ship and returns -1, or returns when to look again because
   * the engine has written nothing new.
   */
  private takeSnapshot(vm: number, t: number, job: Job): number {
    const { fleet } = this;
    const { clock, spec } = job;
    if (clock.interval === 0) {
      this.snapshotNow(vm, t, clock);
      return -1;
    }
    const from = fleet.computeFrom[vm] as number;
    const written = clock.writtenAt(t - from);
    if (written <= (fleet.shipped[vm] as number)) {
      return spec.checkpoint.policy === 'aligned'
        ? this.nextTimer(vm, t, job)
        : from + clock.wallOfCheckpoint(written + 1);
    }
    fleet.shipped[vm] = written;
    fleet.snapshot[vm] = (fleet.base[vm] as number) + written * clock.interval;
    return -1;
  }

  /** The engine writes a checkpoint because the watchdog asks; computing stops for the pause. */
  private snapshotNow(vm: number, t: number, clock: EngineClock): void {
    const { fleet } = this;
    const progress = progressOf(fleet, vm, t, clock);
    fleet.snapshot[vm] = progress;
    if (this.pauseSeconds > 0) this.pauseFrom(vm, t, progress);
  }

  private pauseFrom(vm: number, t: number, progress: number): void {
    const { fleet, pauseSeconds: pause } = this;
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

  shipmentDue(vm: number, t: number): void {
    this.steady.shipmentDue(vm, t);
  }

  steadyRequest(vm: number, t: number): void {
    this.steady.request(vm, t);
  }

  // ---- event by event ------------------------------------------------------------------------------------------

  timerDue(vm: number, t: number): void {
    this.commit(vm);
    const job = this.jobOf(vm);
    const again = this.takeSnapshot(vm, t, job);
    if (again >= 0) {
      this.agenda.arm(vm, Pending.timer, again);
      return;
    }
    this.fleet.tries[vm] = 0;
    this.fleet.requestsLeft[vm] = this.allRequestsPerUpload;
    this.ask(vm, t, job);
  }

  request(vm: number, t: number): void {
    this.ask(vm, t, this.jobOf(vm));
  }

  private ask(vm: number, t: number, job: Job): void {
    const { fleet } = this;
    const { bucket } = this.regionOf(job);
    const left = (fleet.requestsLeft[vm] as number) - 1;
    if (!this.admits(vm, left, t, job, bucket)) {
      this.refused(vm, t, job);
      return;
    }
    if (left > 0) {
      fleet.tries[vm] = 0;
      fleet.requestsLeft[vm] = left;
      this.agenda.arm(vm, Pending.write, t + this.scenario.bucket.latencySeconds);
      return;
    }
    const over = this.uploadedAt(fleet.snapshot[vm] as number, t, bucket);
    if (this.observer === null) {
      fleet.uploadedAt[vm] = over;
      this.agenda.arm(vm, Pending.timer, this.nextTimer(vm, over, job));
    } else {
      this.agenda.arm(vm, Pending.uploaded, over);
    }
  }

  /** One request of an upload at `t`, after which `left` are to come; its reads come first. */
  private admits(vm: number, left: number, t: number, job: Job, bucket: Bucket): boolean {
    const { tally } = this;
    if (left >= this.requestsPerUpload) {
      if (!bucket.read(t) || (this.errorRate > 0 && this.failsByChance(vm, bucket))) return false;
      tally.readsBilled += 1;
      return true;
    }
    tally.events += 1;
    if (!bucket.write(t)) return false;
    if (job.rewritesFast && left === 0 && !bucket.writeName(this.fleet.task[vm] as number, t)) return false;
    return this.errorRate === 0 || !this.failsByChance(vm, bucket);
  }

  /** When an upload is over whose last request was admitted at `t`. */
  private uploadedAt(progress: number, t: number, { link }: Bucket): number {
    const own = this.books.transferSeconds(progress);
    return link === null ? t + own : link.finish(t, own, this.books.sizeOf(progress));
  }

  /** A 429: the task waits and asks again, or gives this checkpoint up. */
  private refused(vm: number, t: number, job: Job): void {
    const { fleet } = this;
    const { bucket } = this.scenario;
    if (this.observer !== null) tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
    const wait = backoffSeconds(this.streams, fleet, vm, bucket);
    if (bucket.maxTries !== null && (fleet.tries[vm] as number) >= bucket.maxTries) {
      this.skipped(vm, t);
      this.agenda.arm(vm, Pending.timer, this.nextTimer(vm, t, job));
    } else {
      this.agenda.arm(vm, Pending.write, t + wait);
    }
  }

  /** All tries of an upload were refused: the next checkpoint will do. */
  private skipped(vm: number, t: number): void {
    this.tally.checkpointsSkipped += 1;
    if (this.observer !== null) tellBucketUse(this.observer, 'checkpointSkipped', this.fleet, vm, t);
  }

  /** Whether a request that the bucket would take is refused all the same. */
  private failsByChance(vm: number, bucket: Bucket): boolean {
    const { fleet, streams } = this;
    const n = fleet.errorDraws[vm] as number;
    fleet.errorDraws[vm] = n + 1;
    const task = fleet.task[vm] as number;
    const u = streams.uniform32(task, fleet.attempt[vm] as number, Purpose.error, n, fleet.errorWords, vm);
    if (u >= this.errorRate) return false;
    bucket.refused += 1;
    return true;
  }

  uploaded(vm: number, t: number): void {
    this.becomesDurable(vm, t);
    this.agenda.arm(vm, Pending.timer, this.nextTimer(vm, t, this.jobOf(vm)));
  }

  /**
   * Nobody but the task itself notices that its upload is over. So, unless an observer wants to hear of it in time,
   * no event is spent on that: the checkpoint becomes durable when somebody looks.
   */
  private commit(vm: number): void {
    const { fleet } = this;
    const at = fleet.uploadedAt[vm] as number;
    if (at < 0) return;
    fleet.uploadedAt[vm] = -1;
    this.becomesDurable(vm, at);
  }

  /** Brings the books of the VM up to `t`. */
  catchUp(vm: number, t: number): void {
    if ((this.fleet.uploads[vm] as number) > 0) this.steady.settle(vm, t, true);
    else if ((this.fleet.uploadedAt[vm] as number) <= t) this.commit(vm);
  }

  /** The snapshot on its way has arrived. */
  becomesDurable(vm: number, t: number): void {
    const { fleet, tally, tasks } = this;
    const task = fleet.task[vm] as number;
    const progress = fleet.snapshot[vm] as number;
    tally.events += 1;
    this.books.store(vm, task, progress, t, 1);
    tasks.durable[task] = progress;
    if (this.observer !== null) tellBucketUse(this.observer, 'checkpointWritten', fleet, vm, t);
  }

  // ---- folded --------------------------------------------------------------------------------------------------

  /** All checkpoints of the attempt up to `end`, as the events would have made them with every request admitted. */
  private runThrough(vm: number, end: number): void {
    const job = this.jobOf(vm);
    const { policy } = job.spec.checkpoint;
    if (policy === 'none') return;
    if (this.steady.handles(job)) {
      this.steady.runThrough(vm, end, job);
      return;
    }
    const { fleet } = this;
    const { bucket } = this.regionOf(job);
    const { latencySeconds, maxTries } = this.scenario.bucket;
    let t = this.firstTimer(vm, fleet.computeFrom[vm] as number, job);
    while (t < end) {
      const again = this.takeSnapshot(vm, t, job);
      if (again >= 0) {
        t = again;
        continue;
      }
      fleet.tries[vm] = 0;
      let left = this.allRequestsPerUpload;
      let skipped = false;
      while (left > 0 && t < end && !skipped) {
        if (this.admits(vm, left - 1, t, job, bucket)) {
          fleet.tries[vm] = 0;
          left -= 1;
          t = left > 0 ? t + latencySeconds : this.uploadedAt(fleet.snapshot[vm] as number, t, bucket);
        } else {
          if (this.observer !== null) tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
          const wait = backoffSeconds(this.streams, fleet, vm, this.scenario.bucket);
          skipped = maxTries !== null && (fleet.tries[vm] as number) >= maxTries;
          if (!skipped) t += wait;
        }
      }
      if (skipped) this.skipped(vm, t);
      else if (left > 0 || t >= end) return;
      else this.becomesDurable(vm, t);
      t = this.nextTimer(vm, t, job);
    }
  }
}
