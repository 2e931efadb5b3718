import type { JobSpec } from '../../plan/jobSpec.js';
import type { WorldFault } from '../../plan/journal.js';
import type { JobState, TaskCounts } from '../../plan/snapshot.js';

/** Batch's task states. An attempt that is to be retried goes FAILED -> PENDING. */
export type TaskState = 'PENDING' | 'ASSIGNED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNEXECUTED';

/** A checkpoint became durable or was given up, or a request (for whatever) was answered 429. */
export type BucketUse = 'checkpointWritten' | 'checkpointSkipped' | 'requestRefused';

/** The quota that keeps a job waiting, and what one VM of it wants. */
export interface BindingQuota {
  quota: 'spotGpus' | 'onDemandGpus' | 'cpus' | 'diskGb';
  limit: number;
  usage: number;
  wanted: number;
}

/** Why a job gets no VM for the tasks that wait: a quota, or no Spot VM is to be had in its region. */
export type WaitCause =
  | { cause: 'quota'; quota: BindingQuota }
  | { cause: 'stockout'; zones: readonly string[] };

/** Told of every change, in order of campaign time. Absent in plain simulation: it costs nothing there. */
export interface WorldObserver {
  /** `at`: seconds of campaign time. `reason`: a sentence for the status event, or ''. */
  jobChanged(job: number, from: JobState, to: JobState, at: number, reason: string): void;
  /**
   * `vm`: a number that is unique to the VM within the World; -1 when there is none.
   * `exitCode`: of the attempt that ended (0 for success), else null.
   */
  taskChanged(
    job: number,
    task: number,
    from: TaskState,
    to: TaskState,
    at: number,
    vm: number,
    exitCode: number | null,
  ): void;
  /** A VM was asked for, for a task of the job. `zone`: where it is; null where no zones are told apart. */
  vmMade?(job: number, vm: number, zone: string | null): void;
  /**
   * A job that waits for its first VM has not the quota for it, or one that waits for VMs finds its region sold out.
   * Told once for each spell of waiting for the one cause.
   */
  jobWaits?(job: number, why: WaitCause, at: number): void;
  /** What the attempt of a task did at its bucket. A folded World tells it at the attempt's end: fold none to listen. */
  bucketUsed?(use: BucketUse, job: number, task: number, at: number, vm: number): void;
}

/** An attempt at a task of an external job: start-up is over, and somebody outside the World runs it. */
export interface ExternalAttempt {
  job: number;
  task: number;
  /** Retries of the task before this attempt. */
  retry: number;
  /** Unique to the VM within the World. */
  vm: number;
}

/** Who runs the tasks of external jobs. Told in order of campaign time, from within `advance` and other commands. */
export interface ExternalTasks {
  started(attempt: ExternalAttempt, at: number): void;
  /** The VM is being taken away: it goes at `endsAt`, its attempt with it. */
  noticed(vm: number, at: number, endsAt: number): void;
  /** The attempt on the VM is over, by the World's decision or because `endAttempt` said so. */
  ended(vm: number, at: number, exitCode: number): void;
  /** The VM is no more; an attempt on it that has not ended was cancelled with its job. */
  vmGone(vm: number, at: number): void;
}

/** One job as a client of Batch may see it. Times in seconds of campaign time, null: not yet. */
export interface JobView {
  spec: JobSpec;
  state: JobState;
  counts: TaskCounts;
  unexecuted: number;
  submittedAt: number;
  runningSince: number | null;
  finalAt: number | null;
}

/** The World as the emulator and the simulator's driver use it; implemented by `World` in world.ts. */
export interface WorldControl {
  /** Seconds of campaign time; 0 at the start. */
  readonly now: number;
  readonly jobCount: number;
  /** Accepts a job at `now`; returns its number. */
  submit(spec: JobSpec): number;
  /** Cancels at `now`: running attempts end, waiting tasks become UNEXECUTED. */
  cancel(job: number): void;
  /**
   * A task of an external job has ended at `now` with this exit code; 50002, 50004 and 50006 take its VM with them.
   * Without effect when the task is not running any more, or its VM has had its notice.
   */
  endAttempt(job: number, task: number, exitCode: number): void;
  /** Makes something happen to a region, at its time or now if that is past; throws if there is no such region. */
  order(fault: WorldFault): void;
  /** Runs every event at or before `until`, then `now` is `until`. advance(a); advance(b) equals advance(b). */
  advance(until: number): void;
  /** Time of the next event; Infinity when nothing will ever happen again by itself. */
  nextEventTime(): number;
  job(job: number): JobView;
  taskState(job: number, task: number): TaskState;
}
