import type { Scenario } from '../../scenario/scenario.js';
import type { EventQueue } from '../eventQueue.js';
import { Purpose, type Streams } from '../streams.js';
import { Agenda } from './agenda.js';
import { AttemptBounds } from './attemptBounds.js';
import { CheckpointBooks } from './checkpointBooks.js';
import { Checkpointing } from './checkpointing.js';
import { Downloads } from './downloads.js';
import { ENDS_WITHOUT_VM, EXIT_APPLICATION, EXIT_OF_END, EXITS_WITHOUT_VM } from './exitCodes.js';
import { End, type Fleet, Pending, Phase } from './fleet.js';
import { type Job, Task } from './jobTable.js';
import { LastUploads } from './lastUploads.js';
import { LifeAccount } from './lifeAccount.js';
import { Mishaps } from './mishaps.js';
import { HORIZON_SECONDS } from './outcome.js';
import type { RegionState } from './regionState.js';
import { Startup } from './startup.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';
import type { ExternalTasks, WorldObserver } from './view.js';
import { zoneOfVm } from './zones.js';

/** What the World does when a life says so. */
export interface LifeEvents {
  taskMoved(vm: number, to: number): void;
  /** The attempt is over and accounted for; `vmGone`: the VM was taken away with it. */
  attemptEnded(vm: number, t: number, exitCode: number, vmGone: boolean): void;
  /** A VM that was kept without a task has been kept long enough, or was taken away. */
  idleEnded(vm: number, t: number): void;
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
  private readonly observer: WorldObserver | null;
  private readonly external: ExternalTasks | null;
  private readonly agenda: Agenda;
  private readonly books: CheckpointBooks;
  private readonly checkpointing: Checkpointing;
  private readonly account: LifeAccount;
  private readonly bounds: AttemptBounds;
  private readonly startup: Startup;
  private readonly downloads: Downloads;
  private readonly mishaps: Mishaps;
  private readonly uploads: LastUploads;

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
    /** Run through the checkpoints of an attempt at its end instead of event by event. */
    fold: boolean;
    observer: WorldObserver | null;
    external: ExternalTasks | null;
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
    this.observer = parts.observer;
    this.external = parts.external;
    this.agenda = new Agenda(parts.fleet, parts.queue);
    this.books = new CheckpointBooks(parts);
    this.checkpointing = new Checkpointing({ ...parts, agenda: this.agenda, books: this.books });
    this.mishaps = new Mishaps(parts);
    this.uploads = new LastUploads({ ...parts, agenda: this.agenda, books: this.books });
    this.downloads = new Downloads({ ...parts, agenda: this.agenda, books: this.books });
    this.bounds = new AttemptBounds({ ...parts, agenda: this.agenda });
    this.startup = new Startup({
      ...parts,
      agenda: this.agenda,
      bounds: this.bounds,
      events: {
        taskMoved: (vm, to) => this.events.taskMoved(vm, to),
        imageMissing: (vm, t) => this.finishAttempt(vm, t, EXIT_APPLICATION, false),
        ready: (vm, t) => this.startFetch(vm, t),
      },
    });
    this.account = new LifeAccount({ ...parts, checkpointing: this.checkpointing });
  }

  /** Asks for a VM for the task at `index` of the job. */
  create(job: Job, index: number, t: number): void {
    const { fleet } = this;
    const vm = fleet.take();
    fleet.job[vm] = job.number;
    fleet.billedFrom[vm] = -1;
    fleet.accounted[vm] = 0;
    fleet.deathAt[vm] = Number.POSITIVE_INFINITY;
    fleet.hazardFrom[vm] = -1;
    this.give(vm, index);
    fleet.keyTask[vm] = fleet.task[vm] as number;
    fleet.keyAttempt[vm] = fleet.attempt[vm] as number;
    this.tellZone(job, vm);
    fleet.phase[vm] = Phase.creating;
    fleet.imageless[vm] = 0;
    // A VM whose agent never reports is never seen to exist; its job is given up long before this.
    const seconds = job.agentSilent
      ? HORIZON_SECONDS
      : this.streams.sample(
          this.scenario.startup.createSeconds,
          fleet.keyTask[vm] as number,
          fleet.keyAttempt[vm] as number,
          Purpose.create,
        );
    this.arm(vm, Pending.created, t + seconds);
  }

  private tellZone(job: Job, vm: number): void {
    if (!this.observer?.vmMade) return;
    const { fleet } = this;
    const ofRegion = (this.regions[job.region] as RegionState).settings.zones;
    const zones = job.spec.zones.length > 0 ? job.spec.zones : ofRegion;
    const [task, attempt] = [fleet.keyTask[vm] as number, fleet.keyAttempt[vm] as number];
    const zone = zoneOfVm(this.streams, task, attempt, zones);
    this.observer.vmMade(job.number, fleet.number[vm] as number, zone);
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
    fleet.stoppedAt[vm] = -1;
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
    this.bounds.startLimit(vm, t);
    if (this.fleet.imageless[vm] === 1) this.startup.takeImage(vm, t);
    else this.startFetch(vm, t);
  }

  /** The pending event of the VM has come. */
  handle(vm: number): void {
    const { fleet } = this;
    const t = fleet.nextAt[vm] as number;
    switch (fleet.pending[vm]) {
      case Pending.shipment:
        this.checkpointing.shipmentDue(vm, t);
        break;
      case Pending.steadyWrite:
        this.checkpointing.steadyRequest(vm, t);
        break;
      case Pending.timer:
        this.checkpointing.timerDue(vm, t);
        break;
      case Pending.write:
        this.checkpointing.request(vm, t);
        break;
      case Pending.uploaded:
        this.checkpointing.uploaded(vm, t);
        break;
      case Pending.end:
        this.reachEnd(vm, t);
        break;
      case Pending.created:
        this.startup.boot(vm, t);
        break;
      case Pending.booted:
        this.startup.booted(vm, t);
        break;
      case Pending.imageReady:
        this.startup.imageEnds(vm, t);
        break;
      case Pending.spreadOver:
        this.startFetch(vm, t);
        break;
      case Pending.read:
        this.downloads.request(vm, t);
        break;
      case Pending.fetched:
        this.startComputing(vm, t);
        break;
      case Pending.publishWrite:
        this.uploads.requestPublish(vm, t);
        break;
      case Pending.flushWrite:
        this.uploads.requestFlush(vm, t);
        break;
      case Pending.flushed:
        this.checkpointing.becomesDurable(vm, t);
        this.arm(vm, Pending.end, this.fleet.endAt[vm] as number);
        break;
      case Pending.idleOver:
        this.events.idleEnded(vm, t);
        break;
      case Pending.published:
        this.finishAttempt(vm, t, 0, false);
        break;
    }
  }

  private arm(vm: number, pending: number, at: number): void {
    this.agenda.arm(vm, pending, at);
  }

  private jobOf(vm: number): Job {
    return this.jobs[this.fleet.job[vm] as number] as Job;
  }

  private regionOf(vm: number): RegionState {
    return this.regions[this.jobOf(vm).region] as RegionState;
  }

  // ---- what comes before computing -------------------------------------------------------------------------------

  /** The VM is taken away at `at`, unless the attempt ends before or at the same instant. */
  dieAt(vm: number, at: number): void {
    this.bounds.dieAt(vm, at);
  }

  /** The cell of the load grid from `t` on: the VM dies in it or has borne it. */
  followHazard(vm: number, t: number): void {
    this.bounds.followHazard(vm, t);
  }

  private startFetch(vm: number, t: number): void {
    const { fleet } = this;
    fleet.phase[vm] = Phase.fetching;
    fleet.fetchFrom[vm] = t;
    if (this.jobOf(vm).spec.external) this.startExternal(vm, t);
    else if (!this.downloads.begin(vm, t)) this.startComputing(vm, t);
  }

  // ---- computing ------------------------------------------------------------------------------------------------

  private startComputing(vm: number, t: number): void {
    const { fleet, scenario } = this;
    const task = fleet.task[vm] as number;
    const { clock, spec } = this.jobOf(vm);
    const work =
      spec.attempt?.seconds ??
      this.streams.sample(scenario.campaign.taskDurationSeconds, task, 0, Purpose.work);
    const done = Math.min(this.tasks.durable[task] as number, work);
    this.beginWork(vm, t, work, done);
    // A task that finishes and loses its VM at the same instant has finished.
    const finishAt = t + clock.wallFor(work - done);
    if (finishAt <= (fleet.endAt[vm] as number)) {
      fleet.endAt[vm] = finishAt;
      fleet.endKind[vm] = spec.attempt?.exitCode ? End.failed : End.finished;
    }
    if (!spec.attempt) this.bounds.mayBeCutBy(vm, this.mishaps.failure(vm, t, clock));
    this.bounds.mayBeCutBy(vm, this.mishaps.fault(vm, t));
    this.checkpointing.start(vm, t);
  }

  /** Computing begins at `t` with `done` of the `work`. */
  private beginWork(vm: number, t: number, work: number, done: number): void {
    const { fleet } = this;
    if ((fleet.hazardFrom[vm] as number) < 0) this.bounds.startHazard(vm, t);
    fleet.phase[vm] = Phase.computing;
    fleet.computeFrom[vm] = t;
    fleet.work[vm] = work;
    fleet.base[vm] = done;
    fleet.markTime[vm] = t;
    fleet.markProgress[vm] = done;
    this.tally.events += 1;
  }

  /** The task is somebody else's to run: it goes on until that one says how it ended, or the VM or its time is over. */
  private startExternal(vm: number, t: number): void {
    const { fleet } = this;
    this.beginWork(vm, t, Number.POSITIVE_INFINITY, 0);
    this.bounds.mayBeCutBy(vm, this.mishaps.fault(vm, t));
    this.checkpointing.start(vm, t);
    const job = fleet.job[vm] as number;
    const task = fleet.taskIndex[vm] as number;
    const retry = this.jobOf(vm).retries[task] as number;
    this.external?.started({ job, task, retry, vm: fleet.number[vm] as number }, t);
  }

  /** The VM on which the task of an external job runs; -1: none. */
  externalVmOf(job: number, index: number): number {
    const { fleet } = this;
    if (!this.jobs[job]?.spec.external) return -1;
    for (let vm = 0; vm < fleet.capacity; vm += 1) {
      const runs = fleet.phase[vm] === Phase.computing && fleet.job[vm] === job;
      if (runs && fleet.taskIndex[vm] === index) return vm;
    }
    return -1;
  }

  endExternal(vm: number, t: number, exitCode: number): void {
    this.finishAttempt(vm, t, exitCode, EXITS_WITHOUT_VM.includes(exitCode));
  }

  /** The VM is kept without a task. */
  keepIdle(vm: number, t: number): void {
    const { fleet } = this;
    fleet.phase[vm] = Phase.idle;
    fleet.endAt[vm] = fleet.deathAt[vm] as number;
    fleet.endKind[vm] = End.preempted;
    this.arm(vm, Pending.idleOver, t + this.scenario.batch.idleScaleInSeconds);
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  private reachEnd(vm: number, t: number): void {
    if (this.fleet.phase[vm] === Phase.idle) {
      this.events.idleEnded(vm, t);
      return;
    }
    const kind = this.fleet.endKind[vm] as number;
    if (kind === End.finished) this.startPublish(vm, t);
    else if (kind === End.preempted && this.isNoticed(vm)) this.giveNotice(vm, t);
    else if (kind === End.preempted && this.seesNotice(vm)) this.startFlush(vm, t);
    else this.finishAttempt(vm, t, this.exitCodeOf(vm, kind), ENDS_WITHOUT_VM.includes(kind));
  }

  private exitCodeOf(vm: number, kind: number): number {
    const own = kind === End.failed ? this.jobOf(vm).spec.attempt?.exitCode : 0;
    return own || (EXIT_OF_END[kind] as number);
  }

  /** All work is done; the result counts once it lies in the bucket. */
  private startPublish(vm: number, t: number): void {
    const { fleet } = this;
    this.account.stopComputing(vm, t);
    if (this.scenario.campaign.outputBytes === 0) {
      this.finishAttempt(vm, t, 0, false);
      return;
    }
    fleet.endAt[vm] = fleet.deathAt[vm] as number;
    fleet.endKind[vm] = End.preempted;
    this.bounds.bound(vm, fleet.limitAt[vm] as number, End.timeLimit);
    this.uploads.publish(vm, t);
  }

  // ---- the notice of a preemption ------------------------------------------------------------------------------

  /** Every real task is told of its preemption; what it does with the time is its own affair. */
  private isNoticed(vm: number): boolean {
    return (
      this.jobOf(vm).spec.external === true &&
      this.fleet.phase[vm] === Phase.computing &&
      this.scenario.spot.noticeSeconds > 0
    );
  }

  private giveNotice(vm: number, t: number): void {
    const { fleet } = this;
    this.account.stopComputing(vm, t);
    fleet.phase[vm] = Phase.flushing;
    const endsAt = t + this.scenario.spot.noticeSeconds;
    fleet.endAt[vm] = endsAt;
    this.arm(vm, Pending.end, endsAt);
    this.external?.noticed(fleet.number[vm] as number, t, endsAt);
  }

  /** Whether the task sees its preemption coming and is told to use the time. */
  private seesNotice(vm: number): boolean {
    const { fleet } = this;
    const { checkpoint, external } = this.jobOf(vm).spec;
    const { policy, flushOnNotice } = checkpoint;
    if (external) return false;
    if (fleet.phase[vm] !== Phase.computing || policy === 'none' || !flushOnNotice) return false;
    const u = this.streams.uniform(fleet.task[vm] as number, fleet.attempt[vm] as number, Purpose.notice, 0);
    return u < this.scenario.spot.flushSuccess;
  }

  /** The engine stops with a last checkpoint, which must be durable before the VM is gone. */
  private startFlush(vm: number, t: number): void {
    const { fleet, scenario } = this;
    this.account.stopComputing(vm, t);
    fleet.snapshot[vm] = fleet.stoppedWork[vm] as number;
    fleet.endAt[vm] = t + scenario.spot.noticeSeconds;
    this.uploads.flush(vm, t);
  }

  /** Brings the books of every VM up to `t`. */
  catchUp(t: number): void {
    const { fleet } = this;
    for (let vm = 0; vm < fleet.capacity; vm += 1) {
      if (fleet.phase[vm] === Phase.computing) this.checkpointing.catchUp(vm, t);
    }
  }

  /** Ends an attempt from outside, its VM with it: the job was cancelled or killed. */
  abort(vm: number, t: number): void {
    if (this.fleet.phase[vm] !== Phase.idle) this.account.attemptEnded(vm, this.jobOf(vm), t, false);
  }

  private finishAttempt(vm: number, t: number, exitCode: number, vmGone: boolean): void {
    this.account.attemptEnded(vm, this.jobOf(vm), t, exitCode === 0);
    if (exitCode === 0) {
      this.tasks.complete(this.fleet.task[vm] as number, t);
      if (this.scenario.campaign.outputBytes > 0) {
        this.tally.writesBilled += 1;
        this.tally.store(this.scenario.campaign.outputBytes, t);
        if (this.regionOf(vm).bucketIsFar) this.tally.crossRegionBytes += this.scenario.campaign.outputBytes;
      }
    }
    if (this.jobOf(vm).spec.external) this.external?.ended(this.fleet.number[vm] as number, t, exitCode);
    this.events.attemptEnded(vm, t, exitCode, vmGone);
  }

  /** Gives the VM back and bills it. */
  remove(vm: number, t: number): void {
    if (this.jobOf(vm).spec.external) this.external?.vmGone(this.fleet.number[vm] as number, t);
    this.account.vmGone(vm, this.jobOf(vm), t, this.queue);
  }
}
