import type { Outcome } from '../../plan/forecast.js';
import type { JobSpec } from '../../plan/jobSpec.js';
import type { WorldFault } from '../../plan/journal.js';
import { LIMITS } from '../../plan/limits.js';
import type { JobState } from '../../plan/snapshot.js';
import type { Scenario } from '../../scenario/scenario.js';
import { EventHeap } from '../eventHeap.js';
import type { EventQueue, QueueKind } from '../eventQueue.js';
import { EventWheel } from '../eventWheel.js';
import { Purpose, Streams } from '../streams.js';
import { Bucket } from './bucket.js';
import { Dispatcher } from './dispatcher.js';
import { EXIT_PREEMPTED } from './exitCodes.js';
import { Fleet, Phase } from './fleet.js';
import { Job, TASK_STATES, Task } from './jobTable.js';
import { jobTerms } from './jobTerms.js';
import { OrderedFaults } from './orderedFaults.js';
import { measure } from './outcome.js';
import { RegionState } from './regionState.js';
import { RegionTimer, regionOfTimer, SpotWeather } from './spotWeather.js';
import { Tally } from './tally.js';
import { TaskStore } from './taskStore.js';
import type { ExternalTasks, JobView, TaskState, WorldControl, WorldObserver } from './view.js';
import { VmLife } from './vmLife.js';

/**
 * How long Batch waits for the first VM of a job to report, and what it says then. Source of the words:
 * https://docs.cloud.google.com/batch/docs/troubleshooting; of the time: the texts that nextflow's tests quote.
 */
const AGENT_PATIENCE_SECONDS = 1080;
const AGENT_SILENT = `No VM has agent reporting correctly within time window ${AGENT_PATIENCE_SECONDS} seconds`;

/**
 * One cloud at work: quotas, Batch, Spot, registry, bucket and bill, event by event. It reads no clock and draws
 * only from its keyed streams, so that what happens depends on the scenario, the seed and the commands alone,
 * never on how time is cut into `advance` calls.
 */
export class World implements WorldControl {
  readonly scenario: Scenario;
  readonly fold: boolean;
  readonly regions: readonly RegionState[];
  readonly jobs: Job[] = [];
  readonly tasks: TaskStore;
  readonly tally = new Tally();
  readonly fleet = new Fleet();
  readonly buckets: readonly Bucket[];
  now = 0;
  firstSubmitAt = Number.POSITIVE_INFINITY;
  lastFinalAt = 0;
  /** Grows whenever a controller might want to act: a job changed its state or has no waiting task left. */
  changes = 0;
  private readonly queue: EventQueue;
  private readonly streams: Streams;
  private readonly life: VmLife;
  private readonly dispatcher: Dispatcher;
  private readonly weather: SpotWeather;
  private readonly ordered: OrderedFaults;
  private readonly observer: WorldObserver | null;
  private readonly regionNumber = new Map<string, number>();

  /**
   * `seed`: any text; equal scenarios, seeds and commands give equal Worlds. `fold`: spend no events on checkpoints;
   * its outcome holds only if `certified` afterwards, and is then the same to the last bit. `queue`: the outcome does
   * not depend on it; the wheel is nowhere slower (bench/), the heap is what it is tested against. `external`: who
   * runs the tasks of external jobs.
   */
  constructor(
    scenario: Scenario,
    seed: string,
    options: { observer?: WorldObserver; external?: ExternalTasks; fold?: boolean; queue?: QueueKind } = {},
  ) {
    const { fold = false } = options;
    this.queue = options.queue === 'heap' ? new EventHeap() : new EventWheel();
    this.fold = fold;
    this.scenario = scenario;
    this.streams = new Streams(seed);
    this.observer = options.observer ?? null;
    this.tasks = new TaskStore(scenario.campaign.molecules, scenario.campaign.windows);
    const shared = scenario.decisions.buckets === 'one' ? new Bucket(scenario.bucket, fold) : null;
    this.regions = Object.keys(scenario.regions).map((name, number) => {
      // One bucket for all lies in the scenario's first region.
      const bucketIsFar = shared !== null && number > 0;
      const bucket = shared ?? new Bucket(scenario.bucket, fold);
      return new RegionState(number, name, scenario, { bucket, bucketIsFar });
    });
    this.regions.forEach((region, i) => {
      this.regionNumber.set(region.name, i);
    });
    this.buckets = [...new Set(this.regions.map((region) => region.bucket))];
    this.life = new VmLife({
      scenario,
      streams: this.streams,
      queue: this.queue,
      fleet: this.fleet,
      tasks: this.tasks,
      tally: this.tally,
      jobs: this.jobs,
      regions: this.regions,
      fold,
      observer: this.observer,
      external: options.external ?? null,
      events: {
        taskMoved: (vm, to) => this.taskMoved(vm, to, null),
        attemptEnded: (vm, t, exitCode, vmGone) => this.attemptEnded(vm, t, exitCode, vmGone),
        idleEnded: (vm, t) => this.idleEnded(vm, t),
      },
    });
    this.dispatcher = new Dispatcher({
      scenario,
      queue: this.queue,
      fleet: this.fleet,
      life: this.life,
      observer: this.observer,
      scheduled: (job, t) => this.scheduled(job, t),
    });
    this.weather = new SpotWeather({
      streams: this.streams,
      queue: this.queue,
      fleet: this.fleet,
      jobs: this.jobs,
      effects: {
        preempt: (vm, t) => this.life.dieAt(vm, t),
        followHazard: (vm, t) => this.life.followHazard(vm, t),
        roomMade: (region, t) => this.dispatch(region, t),
      },
    });
    this.ordered = new OrderedFaults(this.queue, {
      preempt: (region, share, n, t) => this.weather.preemptShare(region, share, n, t),
      roomMade: (region, t) => this.dispatch(region, t),
    });
    for (const region of this.regions) this.weather.begin(region);
  }

  get peakVms(): number {
    return this.dispatcher.peakVms;
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  get jobCount(): number {
    return this.jobs.length;
  }

  nextEventTime(): number {
    return this.queue.topTime();
  }

  advance(until: number): void {
    this.run(until, false);
    this.now = until;
  }

  /** Like `advance`, but stops after the event that changes something for a controller; returns the time. */
  advanceToChange(until: number): number {
    this.run(until, true);
    return this.now;
  }

  private run(until: number, stopAtChange: boolean): void {
    const { queue, changes } = this;
    for (;;) {
      const t = queue.topTime();
      if (!(t <= until)) break;
      const id = queue.top();
      this.now = t;
      if ((id & 1) === 0) this.life.handle(id >> 1);
      else if ((id & 2) === 0) this.jobTimer(this.jobs[id >> 2] as Job, t);
      else this.regionTimer(id, t);
      if (stopAtChange && this.changes !== changes) return;
    }
    this.now = Math.max(this.now, until);
  }

  // ---- jobs ----------------------------------------------------------------------------------------------------

  /** Throws if the region is not in the scenario. Whether a job id is free is for whoever lets clients in. */
  submit(spec: JobSpec): number {
    const regionNumber = this.regionNumber.get(spec.region);
    if (regionNumber === undefined) throw new Error(`the scenario has no region ${spec.region}`);
    if (spec.external && this.fold) throw new Error('a folded World cannot wait for external tasks');
    const region = this.regions[regionNumber] as RegionState;
    const own = spec.tasks?.every(({ first, count }) => this.tasks.has(first + count - 1)) ?? false;
    const job = new Job(this.jobs.length, own ? spec : { ...spec, tasks: null }, {
      region: regionNumber,
      ...jobTerms(this.scenario, spec),
      submittedAt: this.now,
      firstOwnTask: own ? 0 : this.tasks.allot(spec.taskCount),
    });
    if (own) for (const { first, count } of spec.tasks ?? []) this.tasks.takeUp(first, count);
    job.agentSilent = this.now < region.agentSilentUntil;
    this.jobs.push(job);
    this.fleet.expected += job.mostVms;
    this.firstSubmitAt = Math.min(this.firstSubmitAt, this.now);
    region.enqueue(job);
    const delay = this.streams.sample(
      this.scenario.batch.scheduleDelaySeconds,
      job.number,
      0,
      Purpose.schedule,
    );
    this.queue.schedule(this.timerOf(job), this.now + delay);
    this.changes += 1;
    return job.number;
  }

  private timerOf(job: Job): number {
    return 4 * job.number + 1;
  }

  /** The job's one timer: first its scheduling delay, then the limit of the state that it is in. */
  private jobTimer(job: Job, t: number): void {
    this.queue.cancel(this.timerOf(job));
    const { queuedSeconds } = this.scenario.batch.limits;
    if (job.state === 'QUEUED' && !job.scheduleReady) {
      job.scheduleReady = true;
      if (queuedSeconds !== null) {
        this.queue.schedule(this.timerOf(job), Math.max(t, job.submittedAt + queuedSeconds));
      }
      this.dispatch(this.regions[job.region] as RegionState, t);
    } else if (job.state === 'QUEUED') {
      this.endJob(job, t, 'FAILED', 'Job has been in QUEUED state for more than 2 days');
    } else if (job.state === 'SCHEDULED') {
      this.endJob(job, t, 'FAILED', AGENT_SILENT);
    } else if (job.state === 'RUNNING') {
      const days = job.spec.provisioning === 'flexStart' ? 7 : 14;
      this.endJob(job, t, 'FAILED', `Job has been in RUNNING state for more than ${days} days`);
    }
  }

  order(fault: WorldFault): void {
    const number = this.regionNumber.get(fault.region);
    if (number === undefined) throw new Error(`the scenario has no region ${fault.region}`);
    this.ordered.order(this.regions[number] as RegionState, fault, this.now);
  }

  cancel(number: number): void {
    const job = this.jobs[number];
    if (!job || job.isFinal) return;
    this.catchUp();
    this.setState(job, 'CANCELLATION_IN_PROGRESS', this.now, '');
    this.endJob(job, this.now, 'CANCELLED', '');
  }

  endAttempt(number: number, index: number, exitCode: number): void {
    const vm = this.life.externalVmOf(number, index);
    if (vm >= 0) this.life.endExternal(vm, this.now, exitCode);
  }

  /** The quotas leave room for the job's first VM: Batch picks it up. */
  private scheduled(job: Job, t: number): void {
    this.queue.cancel(this.timerOf(job));
    if (job.agentSilent) this.queue.schedule(this.timerOf(job), t + AGENT_PATIENCE_SECONDS);
    job.idleSince = t;
    this.setState(job, 'SCHEDULED', t, '');
  }

  private setState(job: Job, to: JobState, t: number, reason: string): void {
    const from = job.state;
    job.state = to;
    this.changes += 1;
    this.observer?.jobChanged(job.number, from, to, t, reason);
  }

  /** Ends a job from outside: attempts stop with their VMs, waiting tasks never run. */
  private endJob(job: Job, t: number, to: 'FAILED' | 'CANCELLED', reason: string): void {
    const { fleet } = this;
    const { idleSince } = job;
    const region = this.regions[job.region] as RegionState;
    for (let vm = 0; vm < fleet.capacity; vm += 1) {
      if (fleet.phase[vm] === Phase.free || fleet.job[vm] !== job.number) continue;
      this.life.abort(vm, t);
      const phase = fleet.phase[vm] as number;
      if (phase !== Phase.idle) {
        this.tasks.leave(fleet.task[vm] as number, t);
        this.taskMoved(vm, phase === Phase.creating ? Task.unexecuted : Task.failed, null);
      }
      this.removeVm(vm, t);
    }
    for (let index = 0; index < job.spec.taskCount; index += 1) {
      if (job.states[index] !== Task.pending) continue;
      this.tasks.leave(job.campaignTask(index), t);
      this.moveTask(job, index, Task.unexecuted, t, -1, null);
    }
    job.idle.length = 0;
    // What the end itself takes from it is no lack of VMs.
    job.idleSince = idleSince;
    this.finish(job, to, t, reason);
    this.dispatch(region, t);
  }

  private finish(job: Job, to: JobState, t: number, reason: string): void {
    for (const vm of job.idle) this.removeVm(vm, t);
    job.idle.length = 0;
    job.finalAt = t;
    this.fleet.expected -= job.mostVms;
    this.lastFinalAt = Math.max(this.lastFinalAt, t);
    this.queue.cancel(this.timerOf(job));
    (this.regions[job.region] as RegionState).dequeue(job);
    this.setState(job, to, t, reason);
  }

  // ---- VMs -----------------------------------------------------------------------------------------------------

  private dispatch(region: RegionState, t: number): void {
    this.dispatcher.dispatch(region, t);
  }

  private regionTimer(id: number, t: number): void {
    const { region: number, timer } = regionOfTimer(id);
    const region = this.regions[number] as RegionState;
    if (timer === RegionTimer.ramp) {
      this.queue.cancel(id);
      this.dispatch(region, t);
    } else if (timer === RegionTimer.ordered) {
      this.ordered.handle(region, t);
    } else {
      this.weather.handle(region, timer, t);
    }
  }

  private removeVm(vm: number, t: number): void {
    const job = this.jobs[this.fleet.job[vm] as number] as Job;
    job.vms -= 1;
    (this.regions[job.region] as RegionState).use(job.spec.provisioning, job.rates, -1);
    this.life.remove(vm, t);
  }

  private attemptEnded(vm: number, t: number, exitCode: number, vmGone: boolean): void {
    const { fleet } = this;
    const job = this.jobs[fleet.job[vm] as number] as Job;
    const region = this.regions[job.region] as RegionState;
    const index = fleet.taskIndex[vm] as number;
    if (exitCode === EXIT_PREEMPTED) {
      this.tally.preemptions += 1;
      region.preemptions += 1;
    }
    if (exitCode === 0) {
      this.taskMoved(vm, Task.succeeded, 0);
    } else {
      this.taskMoved(vm, Task.failed, exitCode);
      if (this.retries(job, index, exitCode)) {
        job.retries[index] = (job.retries[index] as number) + 1;
        this.moveTask(job, index, Task.pending, t, -1, null);
        job.putBack(index);
      } else {
        this.tasks.leave(fleet.task[vm] as number, t);
      }
    }
    const { vmReuse, idleScaleInSeconds } = this.scenario.batch;
    if (vmGone || !vmReuse) {
      this.removeVm(vm, t);
    } else if (job.waiting > 0) {
      this.life.reuse(vm, job.takeNext(), t);
    } else if (idleScaleInSeconds > 0 && !job.allTasksFinal) {
      job.idle.push(vm);
      this.life.keepIdle(vm, t);
    } else {
      this.removeVm(vm, t);
    }
    if (job.allTasksFinal) {
      const failed = job.counts[Task.failed] as number;
      const reason = failed === 0 ? '' : `${failed} of ${job.spec.taskCount} tasks failed`;
      this.finish(job, failed === 0 ? 'SUCCEEDED' : 'FAILED', t, reason);
    }
    this.dispatch(region, t);
  }

  private idleEnded(vm: number, t: number): void {
    const job = this.jobs[this.fleet.job[vm] as number] as Job;
    job.idle.splice(job.idle.indexOf(vm), 1);
    this.removeVm(vm, t);
    this.dispatch(this.regions[job.region] as RegionState, t);
  }

  /** All causes draw on one count of retries; an exit code of the job's lifecycle policy may forbid the retry. */
  private retries(job: Job, index: number, exitCode: number): boolean {
    const { maxRetryCount, failCodes, retryCodes } = job.spec;
    return (
      (job.retries[index] as number) < maxRetryCount &&
      !failCodes.includes(exitCode) &&
      (retryCodes === null || retryCodes.includes(exitCode))
    );
  }

  // ---- tasks ---------------------------------------------------------------------------------------------------

  private taskMoved(vm: number, to: number, exitCode: number | null): void {
    const { fleet } = this;
    const job = this.jobs[fleet.job[vm] as number] as Job;
    this.moveTask(job, fleet.taskIndex[vm] as number, to, this.now, fleet.number[vm] as number, exitCode);
    if (to === Task.running && job.state === 'SCHEDULED') {
      job.runningSince = this.now;
      const limit = this.runningLimit(job);
      if (limit !== null) this.queue.schedule(this.timerOf(job), this.now + limit);
      this.setState(job, 'RUNNING', this.now, '');
    }
  }

  /** Batch ends a job of FLEX_START VMs sooner, unless the scenario lifts the limit. */
  private runningLimit({ spec }: Job): number | null {
    const { runningSeconds } = this.scenario.batch.limits;
    if (runningSeconds === null || spec.provisioning !== 'flexStart') return runningSeconds;
    return Math.min(runningSeconds, LIMITS.runningSecondsFlexStart.value);
  }

  private moveTask(
    job: Job,
    index: number,
    to: number,
    t: number,
    vm: number,
    exitCode: number | null,
  ): void {
    const from = job.states[index] as number;
    job.states[index] = to;
    const { counts } = job;
    counts[from] = (counts[from] as number) - 1;
    counts[to] = (counts[to] as number) + 1;
    if (to === Task.pending || to === Task.failed) this.noteIdle(job, t);
    else if (to === Task.assigned) this.noteIdle(job, null);
    if (from === Task.pending && counts[Task.pending] === 0) this.changes += 1;
    this.observer?.taskChanged(
      job.number,
      index,
      TASK_STATES[from] as TaskState,
      TASK_STATES[to] as TaskState,
      t,
      vm,
      exitCode,
    );
  }

  /** Whoever follows the job sees that its last VM has gone, or that one has come. */
  private noteIdle(job: Job, since: number | null): void {
    const { counts } = job;
    if (since !== null) {
      if ((counts[Task.assigned] as number) + (counts[Task.running] as number) > 0) return;
      if ((counts[Task.pending] as number) === 0) return;
    }
    if ((since === null) === (job.idleSince === null)) return;
    job.idleSince = since;
    this.changes += 1;
  }

  // ---- what can be seen ----------------------------------------------------------------------------------------

  job(number: number): JobView {
    const job = this.jobs[number] as Job;
    return {
      spec: job.spec,
      state: job.state,
      counts: job.taskCounts(),
      unexecuted: job.counts[Task.unexecuted] as number,
      submittedAt: job.submittedAt,
      runningSince: job.runningSince,
      finalAt: job.finalAt,
    };
  }

  taskState(number: number, index: number): TaskState {
    return TASK_STATES[(this.jobs[number] as Job).states[index] as number] as TaskState;
  }

  /** Enters into the books what has happened up to now without an event of its own. */
  catchUp(): void {
    this.life.catchUp(this.now);
  }

  /** Whether no bucket refused a write, as a folded World takes for granted; always true of any other. */
  get certified(): boolean {
    // Attempts that are still going on have not been run through.
    return !this.fold || (this.fleet.alive === 0 && this.buckets.every((bucket) => bucket.certified));
  }

  /** The outcome if the campaign ends now. */
  outcome(): Outcome {
    return measure(this, true);
  }
}
