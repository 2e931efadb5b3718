import type { Scenario } from '../../scenario/scenario.js';
import type { EventQueue } from '../eventQueue.js';
import { Purpose, type Streams } from '../streams.js';
import type { EngineClock } from './engineClock.js';
import { End, type Fleet, Pending, Phase } from './fleet.js';
import { type Job, Task } from './jobTable.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';

/** Exit codes of Batch itself. Source: docs.cloud.google.com/batch/docs/troubleshooting, 2026-04-08. */
export const EXIT_PREEMPTED = 50001;
export const EXIT_TIME_LIMIT = 50005;
const EXIT_APPLICATION = 1;

/** Batch and Compute Engine bill at least one minute of a VM. */
const MINIMUM_BILLED_SECONDS = 60;

/** What the World does when a life says so. */
export interface LifeEvents {
  taskMoved(vm: number, to: number): void;
  /** The attempt is over and accounted for; `vmGone`: the VM was taken away with it. */
  attemptEnded(vm: number, t: number, exitCode: number, vmGone: boolean): void;
}

/**
 * The life of a VM: create, boot and driver, image, then task after task: fetch, compute with checkpoints,
 * publish. Each VM has one pending event; whatever was due at or after the end of an attempt does not happen.
 */
export class VmLife {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly queue: EventQueue;
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly events: LifeEvents;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    queue: EventQueue;
    fleet: Fleet;
    tasks: TaskStore;
    tally: Tally;
    jobs: readonly Job[];
    regions: readonly RegionState[];
    events: LifeEvents;
  }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.queue = parts.queue;
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.events = parts.events;
  }

  /** Asks for a VM for the task at `index` of the job. */
  create(job: Job, index: number, t: number): void {
    const { fleet } = this;
    const vm = fleet.take();
    fleet.job[vm] = job.number;
    fleet.billedFrom[vm] = -1;
    fleet.accounted[vm] = 0;
    fleet.deathAt[vm] = Number.POSITIVE_INFINITY;
    this.give(vm, index);
    fleet.keyTask[vm] = fleet.task[vm] as number;
    fleet.keyAttempt[vm] = fleet.attempt[vm] as number;
    fleet.phase[vm] = Phase.creating;
    this.arm(vm, Pending.created, t + this.sample('createSeconds', vm, Purpose.create));
  }

  /** Binds the next attempt at a task to the VM. */
  private give(vm: number, index: number): void {
    const { fleet, tasks } = this;
    const task = this.jobOf(vm).campaignTask(index);
    fleet.taskIndex[vm] = index;
    fleet.task[vm] = task;
    const attempt = tasks.attempts[task] as number;
    fleet.attempt[vm] = attempt;
    tasks.attempts[task] = attempt + 1;
    this.tally.attempts += 1;
    fleet.timerDraws[vm] = 0;
    fleet.backoffDraws[vm] = 0;
    fleet.fetchFrom[vm] = -1;
    fleet.computeFrom[vm] = -1;
    fleet.publishFrom[vm] = -1;
    fleet.limitAt[vm] = Number.POSITIVE_INFINITY;
    fleet.endAt[vm] = fleet.deathAt[vm] as number;
    fleet.endKind[vm] = End.preempted;
  }

  /** A living VM takes its next task: no boot, no image. */
  reuse(vm: number, index: number, t: number): void {
    this.give(vm, index);
    this.fleet.attemptFrom[vm] = t;
    this.events.taskMoved(vm, Task.assigned);
    this.events.taskMoved(vm, Task.running);
    this.startLimit(vm, t);
    this.startFetch(vm, t);
  }

  /** The pending event of the VM has come. */
  handle(vm: number, t: number): void {
    switch (this.fleet.pending[vm]) {
      case Pending.timer:
        this.checkpointDue(vm, t);
        break;
      case Pending.write:
        this.requestWrite(vm, t);
        break;
      case Pending.uploaded:
        this.checkpointDurable(vm, t);
        break;
      case Pending.end:
        this.reachEnd(vm, t);
        break;
      case Pending.created:
        this.boot(vm, t);
        break;
      case Pending.booted:
        this.takeImage(vm, t);
        break;
      case Pending.imageReady:
        this.spread(vm, t);
        break;
      case Pending.spreadOver:
        this.startFetch(vm, t);
        break;
      case Pending.read:
        this.requestRead(vm, t);
        break;
      case Pending.fetched:
        this.startComputing(vm, t);
        break;
      case Pending.publishWrite:
        this.requestPublish(vm, t);
        break;
      case Pending.published:
        this.finishAttempt(vm, t, 0, false);
        break;
    }
  }

  private arm(vm: number, pending: number, at: number): void {
    const end = this.fleet.endAt[vm] as number;
    const early = at < end;
    this.fleet.pending[vm] = early ? pending : Pending.end;
    this.queue.schedule(2 * vm, early ? at : end);
  }

  private jobOf(vm: number): Job {
    return this.jobs[this.fleet.job[vm] as number] as Job;
  }

  private regionOf(vm: number): RegionState {
    return this.regions[this.jobOf(vm).region] as RegionState;
  }

  private sample(
    step:
      | 'createSeconds'
      | 'bootSeconds'
      | 'driverSeconds'
      | 'pullSeconds'
      | 'streamingSeconds'
      | 'bakedSeconds',
    vm: number,
    purpose: Purpose,
  ): number {
    const { fleet } = this;
    return this.streams.sample(
      this.scenario.startup[step],
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      purpose,
    );
  }

  // ---- start-up ------------------------------------------------------------------------------------------------

  /** The VM exists: it is billed and, if it is Spot, can be taken away. */
  private boot(vm: number, t: number): void {
    const { fleet } = this;
    fleet.phase[vm] = Phase.booting;
    fleet.billedFrom[vm] = t;
    fleet.attemptFrom[vm] = t;
    if (this.scenario.spot.hazardFrom === 'vm') this.startHazard(vm, t);
    this.events.taskMoved(vm, Task.assigned);
    const driver =
      this.jobOf(vm).spec.imageDelivery === 'baked' ? 0 : this.sample('driverSeconds', vm, Purpose.driver);
    this.arm(vm, Pending.booted, t + this.sample('bootSeconds', vm, Purpose.boot) + driver);
  }

  /** Draws the VM's lifetime from `t` on: one Exp(1), whatever the hazard. */
  private startHazard(vm: number, t: number): void {
    const { fleet } = this;
    if (this.jobOf(vm).spec.provisioning !== 'spot') return;
    const x = this.streams.exponential(
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      Purpose.life,
      0,
    );
    fleet.deathAt[vm] = t + this.regionOf(vm).lifetime(x);
    this.boundBy(vm, fleet.deathAt[vm] as number, End.preempted);
  }

  /** The attempt ends at `at` at the latest. */
  private boundBy(vm: number, at: number, kind: number): void {
    if (at < (this.fleet.endAt[vm] as number)) {
      this.fleet.endAt[vm] = at;
      this.fleet.endKind[vm] = kind;
    }
  }

  private takeImage(vm: number, t: number): void {
    this.fleet.phase[vm] = Phase.image;
    this.events.taskMoved(vm, Task.running);
    this.startLimit(vm, t);
    const delivery = this.jobOf(vm).spec.imageDelivery;
    const own = this.sample(`${delivery}Seconds`, vm, Purpose.image);
    if (delivery !== 'baked') this.tally.imagePulls += 1;
    this.arm(vm, Pending.imageReady, delivery === 'pull' ? this.regionOf(vm).registry.pull(t, own) : t + own);
  }

  private startLimit(vm: number, t: number): void {
    const limit = this.jobOf(vm).spec.maxRunDurationSeconds;
    if (limit === null) return;
    this.fleet.limitAt[vm] = t + limit;
    this.boundBy(vm, t + limit, End.timeLimit);
  }

  private spread(vm: number, t: number): void {
    const { fleet } = this;
    const seconds = this.jobOf(vm).spec.startSpreadSeconds;
    if (seconds === 0) {
      this.startFetch(vm, t);
      return;
    }
    fleet.phase[vm] = Phase.spread;
    const u = this.streams.uniform(
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      Purpose.spread,
      0,
    );
    this.arm(vm, Pending.spreadOver, t + seconds * u);
  }

  // ---- input and restore ---------------------------------------------------------------------------------------

  private startFetch(vm: number, t: number): void {
    const { fleet } = this;
    fleet.phase[vm] = Phase.fetching;
    fleet.fetchFrom[vm] = t;
    fleet.tries[vm] = 0;
    const restore = (this.tasks.durable[fleet.task[vm] as number] as number) > 0 ? 1 : 0;
    fleet.requestsLeft[vm] = restore + (this.scenario.campaign.inputBytes > 0 ? 1 : 0);
    if (fleet.requestsLeft[vm] === 0) this.startComputing(vm, t);
    else this.requestRead(vm, t);
  }

  private requestRead(vm: number, t: number): void {
    const { fleet } = this;
    const { bucket, campaign, checkpoint } = this.scenario;
    if (!this.regionOf(vm).bucket.read(t)) {
      // A task without its input can do nothing else: it asks until it is served.
      this.arm(vm, Pending.read, t + this.backoff(vm));
      return;
    }
    fleet.tries[vm] = 0;
    this.tally.readsBilled += 1;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left > 0) {
      this.arm(vm, Pending.read, t + bucket.latencySeconds);
      return;
    }
    const restore = (this.tasks.durable[fleet.task[vm] as number] as number) > 0 ? checkpoint.sizeBytes : 0;
    const speed = bucket.downloadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.arm(vm, Pending.fetched, t + bucket.latencySeconds + (campaign.inputBytes + restore) / speed);
  }

  /** Truncated exponential back-off with full jitter: U(0, min(cap, base x 2^i)) after the i-th refusal. */
  private backoff(vm: number): number {
    const { fleet } = this;
    const { backoffBaseSeconds, backoffCapSeconds } = this.scenario.bucket;
    const i = fleet.tries[vm] as number;
    const n = fleet.backoffDraws[vm] as number;
    fleet.tries[vm] = i + 1;
    fleet.backoffDraws[vm] = n + 1;
    const longest = Math.min(backoffCapSeconds, backoffBaseSeconds * 2 ** Math.min(i, 30));
    return (
      longest *
      this.streams.uniform32(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.backoff, n)
    );
  }

  // ---- computing and checkpoints -------------------------------------------------------------------------------

  private startComputing(vm: number, t: number): void {
    const { fleet, scenario } = this;
    const task = fleet.task[vm] as number;
    const { checkpoint } = this.jobOf(vm).spec;
    if ((fleet.deathAt[vm] as number) === Number.POSITIVE_INFINITY && scenario.spot.hazardFrom === 'task') {
      this.startHazard(vm, t);
    }
    const work = this.streams.sample(scenario.campaign.taskDurationSeconds, task, 0, Purpose.work);
    const done = Math.min(this.tasks.durable[task] as number, work);
    fleet.phase[vm] = Phase.computing;
    fleet.computeFrom[vm] = t;
    fleet.work[vm] = work;
    fleet.base[vm] = done;
    fleet.markTime[vm] = t;
    fleet.markProgress[vm] = done;
    fleet.shipped[vm] = 0;
    this.tally.events += 1;
    const { clock } = this.jobOf(vm);
    // A task that finishes and loses its VM at the same instant has finished.
    const finishAt = t + clock.wallFor(work - done);
    if (finishAt <= (fleet.endAt[vm] as number)) {
      fleet.endAt[vm] = finishAt;
      fleet.endKind[vm] = End.finished;
    }
    if (scenario.campaign.taskFailure > 0) this.maybeFail(vm, t, clock);
    if (checkpoint.policy === 'none') this.arm(vm, Pending.end, fleet.endAt[vm] as number);
    else this.arm(vm, Pending.timer, this.nextCheckpoint(vm, t, true));
  }

  private maybeFail(vm: number, t: number, clock: EngineClock): void {
    const { fleet, streams } = this;
    const task = fleet.task[vm] as number;
    const attempt = fleet.attempt[vm] as number;
    if (streams.uniform(task, attempt, Purpose.failure, 0) >= this.scenario.campaign.taskFailure) return;
    const share = streams.uniform(task, attempt, Purpose.failure, 1);
    const work = (fleet.work[vm] as number) - (fleet.base[vm] as number);
    this.boundBy(vm, t + clock.wallFor(work * share), End.failed);
  }

  /** When the watchdog next wants to ship a checkpoint. */
  private nextCheckpoint(vm: number, t: number, first: boolean): number {
    const { fleet } = this;
    const { policy, intervalSeconds, jitterSeconds, firstPhase } = this.jobOf(vm).spec.checkpoint;
    if (policy === 'aligned') return (Math.floor(t / intervalSeconds) + 1) * intervalSeconds;
    const n = fleet.timerDraws[vm] as number;
    fleet.timerDraws[vm] = n + 1;
    const u = this.streams.uniform32(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.timer, n);
    if (first && firstPhase === 'random') return t + u * intervalSeconds;
    return t + intervalSeconds + u * jitterSeconds;
  }

  /** Seconds of the task's work that are done at `t`, durable or not. */
  private progressAt(vm: number, t: number): number {
    const { fleet } = this;
    const { policy, engineIntervalSeconds } = this.jobOf(vm).spec.checkpoint;
    const work = fleet.work[vm] as number;
    if (policy === 'none' || engineIntervalSeconds === 0) {
      const since = t - (fleet.markTime[vm] as number);
      return Math.min(work, (fleet.markProgress[vm] as number) + Math.max(0, since));
    }
    const wall = t - (fleet.computeFrom[vm] as number);
    return Math.min(work, (fleet.base[vm] as number) + this.jobOf(vm).clock.workAt(wall));
  }

  /** The watchdog's timer: there is a checkpoint to ship now, or the next one that the engine writes is awaited. */
  private checkpointDue(vm: number, t: number): void {
    const { fleet } = this;
    const { policy, engineIntervalSeconds } = this.jobOf(vm).spec.checkpoint;
    if (engineIntervalSeconds === 0) {
      this.snapshotNow(vm, t);
    } else {
      const { clock } = this.jobOf(vm);
      const from = fleet.computeFrom[vm] as number;
      const written = clock.writtenAt(t - from);
      if (written <= (fleet.shipped[vm] as number)) {
        const next =
          policy === 'aligned'
            ? this.nextCheckpoint(vm, t, false)
            : from + clock.wallOfCheckpoint(written + 1);
        this.arm(vm, Pending.timer, next);
        return;
      }
      fleet.shipped[vm] = written;
      fleet.snapshot[vm] = (fleet.base[vm] as number) + written * clock.interval;
    }
    fleet.tries[vm] = 0;
    fleet.requestsLeft[vm] = this.scenario.bucket.requestsPerUpload;
    this.requestWrite(vm, t);
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
    fleet.endAt[vm] = finishAt;
    const death = fleet.deathAt[vm] as number;
    const limit = fleet.limitAt[vm] as number;
    if (death < finishAt) this.boundBy(vm, death, End.preempted);
    if (limit < finishAt) this.boundBy(vm, limit, End.timeLimit);
  }

  private requestWrite(vm: number, t: number): void {
    const { fleet } = this;
    const { bucket, checkpoint } = this.scenario;
    this.tally.events += 1;
    if (!this.regionOf(vm).bucket.write(t)) {
      const wait = this.backoff(vm);
      if (bucket.maxTries !== null && (fleet.tries[vm] as number) >= bucket.maxTries) {
        this.tally.checkpointsSkipped += 1;
        this.arm(vm, Pending.timer, this.nextCheckpoint(vm, t, false));
      } else {
        this.arm(vm, Pending.write, t + wait);
      }
      return;
    }
    fleet.tries[vm] = 0;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left > 0) {
      this.arm(vm, Pending.write, t + bucket.latencySeconds);
      return;
    }
    const speed = bucket.uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.arm(vm, Pending.uploaded, t + bucket.latencySeconds + checkpoint.sizeBytes / speed);
  }

  private checkpointDurable(vm: number, t: number): void {
    const { fleet, tasks, tally } = this;
    const task = fleet.task[vm] as number;
    tasks.durable[task] = fleet.snapshot[vm] as number;
    tally.checkpointsWritten += 1;
    tally.writesBilled += 1;
    tally.events += 1;
    if (tasks.stored[task] === 0) {
      tasks.stored[task] = 1;
      tally.store(this.scenario.checkpoint.sizeBytes, t);
    }
    this.arm(vm, Pending.timer, this.nextCheckpoint(vm, t, false));
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  private reachEnd(vm: number, t: number): void {
    switch (this.fleet.endKind[vm]) {
      case End.finished:
        this.startPublish(vm, t);
        break;
      case End.preempted:
        this.finishAttempt(vm, t, EXIT_PREEMPTED, true);
        break;
      case End.failed:
        this.finishAttempt(vm, t, EXIT_APPLICATION, false);
        break;
      default:
        this.finishAttempt(vm, t, EXIT_TIME_LIMIT, false);
    }
  }

  /** All work is done; the result counts once it lies in the bucket. */
  private startPublish(vm: number, t: number): void {
    const { fleet } = this;
    if (this.scenario.campaign.outputBytes === 0) {
      this.finishAttempt(vm, t, 0, false);
      return;
    }
    fleet.phase[vm] = Phase.publishing;
    fleet.publishFrom[vm] = t;
    fleet.tries[vm] = 0;
    fleet.requestsLeft[vm] = this.scenario.bucket.requestsPerUpload;
    fleet.endAt[vm] = fleet.deathAt[vm] as number;
    fleet.endKind[vm] = End.preempted;
    this.boundBy(vm, fleet.limitAt[vm] as number, End.timeLimit);
    this.requestPublish(vm, t);
  }

  private requestPublish(vm: number, t: number): void {
    const { fleet } = this;
    const { bucket, campaign } = this.scenario;
    this.tally.events += 1;
    if (!this.regionOf(vm).bucket.write(t)) {
      this.arm(vm, Pending.publishWrite, t + this.backoff(vm));
      return;
    }
    fleet.tries[vm] = 0;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left > 0) {
      this.arm(vm, Pending.publishWrite, t + bucket.latencySeconds);
      return;
    }
    const speed = bucket.uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.arm(vm, Pending.published, t + bucket.latencySeconds + campaign.outputBytes / speed);
  }

  /** Ends an attempt from outside, its VM with it: the job was cancelled or killed. */
  abort(vm: number, t: number): void {
    this.account(vm, t, false);
  }

  private finishAttempt(vm: number, t: number, exitCode: number, vmGone: boolean): void {
    this.account(vm, t, exitCode === 0);
    if (exitCode === 0) {
      this.tasks.complete(this.fleet.task[vm] as number, t);
      if (this.scenario.campaign.outputBytes > 0) {
        this.tally.writesBilled += 1;
        this.tally.store(this.scenario.campaign.outputBytes, t);
      }
    }
    this.events.attemptEnded(vm, t, exitCode, vmGone);
  }

  /** Splits the attempt's billed time into start-up, transfers, kept work, lost work and pauses. */
  private account(vm: number, t: number, succeeded: boolean): void {
    const { fleet, tasks, tally } = this;
    if ((fleet.billedFrom[vm] as number) < 0) return;
    const task = fleet.task[vm] as number;
    const rate = this.jobOf(vm).rates.usdPerSecond;
    const fetchFrom = fleet.fetchFrom[vm] as number;
    const computeFrom = fleet.computeFrom[vm] as number;
    const publishFrom = fleet.publishFrom[vm] as number;
    const fetchStart = fetchFrom < 0 ? t : fetchFrom;
    const computeStart = computeFrom < 0 ? t : computeFrom;
    const publishStart = publishFrom < 0 ? t : publishFrom;
    const startup = fetchStart - (fleet.attemptFrom[vm] as number);
    const transfer = computeStart - fetchStart + (t - publishStart);
    const computing = publishStart - computeStart;
    let kept = 0;
    let lost = 0;
    if (computeFrom >= 0) {
      tally.events += 1;
      const base = fleet.base[vm] as number;
      const done = succeeded || publishFrom >= 0 ? (fleet.work[vm] as number) : this.progressAt(vm, t);
      if (succeeded) tasks.durable[task] = done;
      kept = (tasks.durable[task] as number) - base;
      lost = done - (tasks.durable[task] as number);
      tasks.durableUsd[task] = (tasks.durableUsd[task] as number) + kept * rate;
    }
    tally.lostSeconds += lost;
    tally.usd.startup += startup * rate;
    tally.usd.dataTransfer += transfer * rate;
    tally.usd.usefulWork += kept * rate;
    tally.usd.lostWork += lost * rate;
    tally.usd.checkpointPauses += (computing - kept - lost) * rate;
    fleet.accounted[vm] = (fleet.accounted[vm] as number) + (t - (fleet.attemptFrom[vm] as number));
  }

  /** Gives the VM back and bills it. */
  remove(vm: number, t: number): void {
    const { fleet, tally } = this;
    const { rates } = this.jobOf(vm);
    const from = fleet.billedFrom[vm] as number;
    if (from >= 0) {
      const billed = Math.max(MINIMUM_BILLED_SECONDS, t - from);
      tally.billedSeconds += billed;
      tally.usd.idle += (billed - (fleet.accounted[vm] as number)) * rates.usdPerSecond;
      tally.usd.bootDisk += billed * rates.diskUsdPerSecond;
      tally.usd.externalIp += billed * rates.ipUsdPerSecond;
    }
    this.queue.cancel(2 * vm);
    fleet.give(vm);
  }
}
