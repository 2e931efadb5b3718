import type { Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import { backoffSeconds } from './backoff.js';
import type { CheckpointBooks } from './checkpointBooks.js';
import { type Fleet, Pending } from './fleet.js';
import type { Job } from './jobTable.js';
import { progressOf } from './progress.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';
import type { WorldObserver } from './view.js';
import type { WatchdogTimer } from './watchdogTimer.js';

/**
 * The watchdog where its checkpoints are all alike: of one size, refused by nothing but a full bucket, and watched
 * by nobody. Then of an attempt's uploads only their number, the time of the first and the content of the last must
 * be known, and the books are made up once, when it ends. A special case of `Checkpointing`, with the same outcome.
 */
export class SteadyUploads {
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;
  private readonly books: CheckpointBooks;
  private readonly timers: WatchdogTimer;
  private readonly bucketSettings: Scenario['bucket'];
  /** Seconds of an upload from the admission of its last request on. */
  private readonly seconds: number;
  private readonly pauses: boolean;
  private readonly alike: boolean;

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
    timers: WatchdogTimer;
    observer: WorldObserver | null;
  }) {
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
    this.books = parts.books;
    this.timers = parts.timers;
    const { bucket, checkpoint } = parts.scenario;
    this.bucketSettings = bucket;
    this.seconds = parts.books.transferSeconds(0);
    this.pauses = checkpoint.pauseSeconds > 0;
    this.alike =
      !parts.books.grows &&
      bucket.errorRate === 0 &&
      bucket.readsPerUpload === 0 &&
      bucket.sharedUploadThroughputBytesPerSecond === null &&
      parts.observer === null;
  }

  /** Whether the job's checkpoints are alike. A pause at each shipment, where the engine has no clock, moves the end. */
  handles({ spec: { checkpoint }, clock, rewritesFast }: Job): boolean {
    const isRegular = checkpoint.policy === 'periodic' || checkpoint.policy === 'aligned';
    return this.alike && isRegular && !rewritesFast && !(this.pauses && clock.interval === 0);
  }

  /** Computing starts at `t`. */
  start(vm: number, t: number, job: Job): void {
    this.fleet.shipping[vm] = 0;
    this.agenda.arm(vm, Pending.shipment, this.timers.first(vm, t, job.spec.checkpoint));
  }

  /** The watchdog's timer: ships what there is, or looks again later because the engine has written nothing new. */
  shipmentDue(vm: number, t: number): void {
    const { fleet } = this;
    const job = this.jobs[fleet.job[vm] as number] as Job;
    const { clock, spec } = job;
    if (clock.interval === 0) {
      fleet.shipping[vm] = t;
    } else {
      const from = fleet.computeFrom[vm] as number;
      const written = clock.writtenAt(t - from);
      if (written <= (fleet.shipping[vm] as number)) {
        const isAligned = spec.checkpoint.policy === 'aligned';
        const again = isAligned
          ? this.timers.next(vm, t, spec.checkpoint)
          : from + clock.wallOfCheckpoint(written + 1);
        this.agenda.arm(vm, Pending.shipment, again);
        return;
      }
      fleet.shipping[vm] = written;
    }
    fleet.tries[vm] = 0;
    fleet.requestsLeft[vm] = this.bucketSettings.requestsPerUpload;
    this.ask(vm, t, job);
  }

  request(vm: number, t: number): void {
    this.ask(vm, t, this.jobs[this.fleet.job[vm] as number] as Job);
  }

  private ask(vm: number, t: number, job: Job): void {
    const { fleet } = this;
    this.tally.events += 1;
    if (!(this.regions[job.region] as RegionState).bucket.write(t)) {
      this.refused(vm, t, job);
      return;
    }
    const left = (fleet.requestsLeft[vm] as number) - 1;
    if (left > 0) {
      fleet.tries[vm] = 0;
      fleet.requestsLeft[vm] = left;
      this.agenda.arm(vm, Pending.steadyWrite, t + this.bucketSettings.latencySeconds);
      return;
    }
    const over = t + this.seconds;
    const uploads = fleet.uploads[vm] as number;
    if (uploads === 0) fleet.firstUploadedAt[vm] = over;
    else fleet.shippedBefore[vm] = fleet.shippedLast[vm] as number;
    fleet.shippedLast[vm] = fleet.shipping[vm] as number;
    fleet.uploads[vm] = uploads + 1;
    fleet.uploadedAt[vm] = over;
    this.agenda.arm(vm, Pending.shipment, this.timers.next(vm, over, job.spec.checkpoint));
  }

  /** A 429: the task waits and asks again, or gives this checkpoint up. */
  private refused(vm: number, t: number, job: Job): void {
    const { fleet, bucketSettings } = this;
    const { maxTries } = bucketSettings;
    const wait = backoffSeconds(this.streams, fleet, vm, bucketSettings);
    if (maxTries === null || (fleet.tries[vm] as number) < maxTries) {
      this.agenda.arm(vm, Pending.steadyWrite, t + wait);
      return;
    }
    this.tally.checkpointsSkipped += 1;
    this.agenda.arm(vm, Pending.shipment, this.timers.next(vm, t, job.spec.checkpoint));
  }

  /** Makes up the books for what was durable before `t`, or (`atOnce`) at `t`; the newest upload may be on its way. */
  settle(vm: number, t: number, atOnce: boolean): void {
    const { fleet } = this;
    const uploads = fleet.uploads[vm] as number;
    const last = fleet.uploadedAt[vm] as number;
    const isOver = last < t || (atOnce && last === t);
    const durable = isOver ? uploads : uploads - 1;
    fleet.uploads[vm] = uploads - durable;
    // Whoever looked before the end has nothing left on its way: the end must not enter it again.
    if (isOver) fleet.uploadedAt[vm] = -1;
    if (durable === 0) return;
    this.tally.events += durable;
    const shipped = (isOver ? fleet.shippedLast[vm] : fleet.shippedBefore[vm]) as number;
    this.store(vm, shipped, fleet.firstUploadedAt[vm] as number, durable);
    fleet.firstUploadedAt[vm] = last;
  }

  /** `shipped`: the number of the engine's own checkpoint, or when it was taken where the engine has no clock. */
  private store(vm: number, shipped: number, firstAt: number, uploads: number): void {
    const { fleet } = this;
    const task = fleet.task[vm] as number;
    const { clock } = this.jobs[fleet.job[vm] as number] as Job;
    const progress =
      clock.interval > 0
        ? (fleet.base[vm] as number) + shipped * clock.interval
        : progressOf(fleet, vm, shipped, clock);
    this.books.store(vm, task, progress, firstAt, uploads);
    this.tasks.durable[task] = progress;
  }

  /** Folded: all checkpoints of the attempt up to `end`, as the events would have made them with none refused. */
  runThrough(vm: number, end: number, { clock, spec, region }: Job): void {
    const { fleet, streams, seconds } = this;
    const { intervalSeconds, jitterSeconds, firstPhase } = spec.checkpoint;
    const aligned = spec.checkpoint.policy === 'aligned';
    const { bucket } = this.regions[region] as RegionState;
    const { requestsPerUpload, latencySeconds } = this.bucketSettings;
    const task = fleet.task[vm] as number;
    const attempt = fleet.attempt[vm] as number;
    const from = fleet.computeFrom[vm] as number;
    let draws = 0;
    let requests = 0;
    let uploads = 0;
    let firstDurableAt = 0;
    /** Local checkpoints of the engine, or the time of the snapshot where it has no clock of its own. */
    let shipped = 0;
    let durable = 0;
    let t = from;
    let waits = true;
    for (;;) {
      if (waits && aligned) {
        t = (Math.floor(t / intervalSeconds) + 1) * intervalSeconds;
      } else if (waits) {
        const u = streams.uniform32(task, attempt, Purpose.timer, draws, fleet.timerWords, vm);
        if (draws === 0 && firstPhase === 'random') t += u * intervalSeconds;
        else t = t + intervalSeconds + u * jitterSeconds;
        draws += 1;
      }
      if (t >= end) break;
      if (clock.interval > 0) {
        const written = clock.writtenAt(t - from);
        if (written <= shipped) {
          waits = aligned;
          if (!aligned) t = from + clock.wallOfCheckpoint(written + 1);
          continue;
        }
        shipped = written;
      } else {
        shipped = t;
      }
      waits = true;
      let left = requestsPerUpload;
      while (left > 0 && t < end) {
        bucket.countFolded(t);
        requests += 1;
        left -= 1;
        t += left > 0 ? latencySeconds : seconds;
      }
      if (left > 0 || t >= end) break;
      if (uploads === 0) firstDurableAt = t;
      uploads += 1;
      durable = shipped;
    }
    this.tally.events += requests + uploads;
    if (uploads > 0) this.store(vm, durable, firstDurableAt, uploads);
  }
}
