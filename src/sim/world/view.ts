import type { JobSpec } from '../../plan/jobSpec.js';
import type { JobState, TaskCounts } from '../../plan/snapshot.js';

/** Batch's task states. An attempt that is to be retried goes FAILED -> PENDING. */
export type TaskState = 'PENDING' | 'ASSIGNED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNEXECUTED';

/** A checkpoint became durable or was given up, or a request (for whatever) was answered 429. */
export type BucketUse = 'checkpointWritten' | 'checkpointSkipped' | 'requestRefused';

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
  /** What the attempt of a task did at its bucket. A folded World tells it at the attempt's end: fold none to listen. */
  bucketUsed?(use: BucketUse, job: number, task: number, at: number, vm: number): void;
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
  /** Runs every event at or before `until`, then `now` is `until`. advance(a); advance(b) equals advance(b). */
  advance(until: number): void;
  /** Time of the next event; Infinity when nothing will ever happen again by itself. */
  nextEventTime(): number;
  job(job: number): JobView;
  taskState(job: number, task: number): TaskState;
}
