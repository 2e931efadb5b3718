import type { JobSpec } from '../../plan/jobSpec.js';
import type { JobState, TaskCounts } from '../../plan/snapshot.js';
import type { EngineClock } from './engineClock.js';
import { IndexHeap } from './indexHeap.js';
import type { TaskState, WaitCause } from './view.js';

export const TASK_STATES: readonly TaskState[] = [
  'PENDING',
  'ASSIGNED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'UNEXECUTED',
];

export const Task = { pending: 0, assigned: 1, running: 2, succeeded: 3, failed: 4, unexecuted: 5 } as const;

/** What one VM of a job takes and costs, fixed when the job is accepted. */
export interface JobRates {
  gpus: number;
  cpus: number;
  diskGb: number;
  usdPerSecond: number;
  diskUsdPerSecond: number;
  ipUsdPerSecond: number;
}

/** What follows for a job from its specification and the scenario. */
export interface JobTerms {
  rates: JobRates;
  clock: EngineClock;
  vmCap: number;
  retriedByIndex: boolean;
  rewritesFast: boolean;
}

/** One Batch job in the World: its state, its counts and the order of its waiting tasks. */
export class Job {
  readonly number: number;
  readonly spec: JobSpec;
  readonly region: number;
  readonly rates: JobRates;
  readonly clock: EngineClock;
  /** VMs that the job may have at once. */
  readonly vmCap: number;
  readonly submittedAt: number;
  /** Its tasks write their checkpoint objects again sooner than a bucket takes a name. */
  readonly rewritesFast: boolean;
  state: JobState = 'QUEUED';
  scheduleReady = false;
  /** No VM of the job will ever report: an ordered fault. */
  agentSilent = false;
  runningSince: number | null = null;
  finalAt: number | null = null;
  /** Since when no task of it has had a VM although some wait and it is out of the queue; kept when it ends so. */
  idleSince: number | null = null;
  vms = 0;
  /** What the observer has been told that the job waits for. */
  waitsFor: WaitCause['cause'] | null = null;
  /** Tasks by state, `counts[Task.x]`. */
  readonly counts = new Int32Array(6);
  readonly states: Uint8Array;
  /** Retries used so far, by task index. */
  readonly retries: Uint16Array;
  /** Campaign task of each index, unless the tasks are one range from `firstTask`. */
  private readonly taskOf: Int32Array | null;
  private readonly firstTask: number;
  private nextFresh = 0;
  private readonly again: number[] = [];
  private againHead = 0;
  private readonly byIndex: IndexHeap | null;
  /** VMs that have no task and are kept for a while. */
  readonly idle: number[] = [];

  constructor(
    number: number,
    spec: JobSpec,
    place: JobTerms & { region: number; submittedAt: number; firstOwnTask: number },
  ) {
    this.number = number;
    this.spec = spec;
    this.region = place.region;
    this.rates = place.rates;
    this.clock = place.clock;
    this.vmCap = place.vmCap;
    this.submittedAt = place.submittedAt;
    this.rewritesFast = place.rewritesFast;
    this.byIndex = place.retriedByIndex ? new IndexHeap() : null;
    this.states = new Uint8Array(spec.taskCount);
    this.retries = new Uint16Array(spec.taskCount);
    this.counts[Task.pending] = spec.taskCount;
    const ranges = spec.tasks ?? [{ first: place.firstOwnTask, count: spec.taskCount }];
    this.firstTask = ranges[0]?.first ?? 0;
    this.taskOf = ranges.length <= 1 ? null : new Int32Array(spec.taskCount);
    if (this.taskOf) {
      let index = 0;
      for (const range of ranges)
        for (let i = 0; i < range.count; i += 1) this.taskOf[index++] = range.first + i;
    }
  }

  /** VMs that it can have at once, whatever the quotas say. */
  get mostVms(): number {
    return Math.min(this.vmCap, this.spec.taskCount);
  }

  campaignTask(index: number): number {
    return this.taskOf ? (this.taskOf[index] as number) : this.firstTask + index;
  }

  /** Waiting tasks that have no VM. */
  get waiting(): number {
    const again = this.byIndex?.size ?? this.again.length - this.againHead;
    return this.spec.taskCount - this.nextFresh + again;
  }

  /** The next task to run: lowest index first, retried ones after all the others or by their index like them. */
  takeNext(): number {
    if (this.byIndex && this.byIndex.size > 0) return this.byIndex.take();
    if (this.nextFresh < this.spec.taskCount) return this.nextFresh++;
    const index = this.again[this.againHead] as number;
    this.againHead += 1;
    if (this.againHead > 1024 && this.againHead * 2 > this.again.length) {
      this.again.splice(0, this.againHead);
      this.againHead = 0;
    }
    return index;
  }

  putBack(index: number): void {
    if (this.byIndex) this.byIndex.put(index);
    else this.again.push(index);
  }

  get isFinal(): boolean {
    return this.finalAt !== null;
  }

  get allTasksFinal(): boolean {
    return (
      (this.counts[Task.succeeded] as number) + (this.counts[Task.failed] as number) === this.spec.taskCount
    );
  }

  taskCounts(): TaskCounts {
    const [pending, assigned, running, succeeded, failed] = this.counts as unknown as number[];
    return {
      total: this.spec.taskCount,
      pending: pending as number,
      assigned: assigned as number,
      running: running as number,
      succeeded: succeeded as number,
      failed: failed as number,
    };
  }
}
