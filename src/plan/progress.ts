import type { Halt } from './actions.js';
import type { AttemptTally } from './breaker.js';
import type { Shard } from './plan.js';
import type { JobState, TaskCounts } from './snapshot.js';
import type { TaskRange } from './taskRanges.js';

/** What the Batch API, the ledger and the clock tell about one job of the run; no more than that. */
export interface JobProgress {
  jobId: string;
  /** The shard that it runs; a remainder carries the shard's id too, with `round` > 0. */
  shardId: string;
  region: string;
  /** The shard as it was submitted: a remainder may have moved, and have fewer VMs. */
  shard: Shard;
  /** 0: the first job of the shard; 1, 2, ...: those after it. */
  round: number;
  state: JobState;
  counts: TaskCounts;
  /** The campaign tasks that it was given. */
  tasks: readonly TaskRange[];
  /** Campaign seconds since Batch took it. */
  ageSeconds: number;
  /**
   * Campaign seconds since Batch began to look for its VMs in vain; null: it has one, waits in the queue, or had one to
   * its end. Counts on when the job has ended.
   */
  idleSeconds: number | null;
  /** What became of its attempts; null: nobody has looked, or nobody looks (simulate). */
  attempts: AttemptTally | null;
  /** It is final, and `Progress.complete` covers all that it achieved. */
  isSettled: boolean;
}

/** Everything that `nextActions` may look at. */
export interface Progress {
  runId: string;
  /** Campaign seconds since the first submission; 0 before it. */
  elapsedSeconds: number;
  /** In the order of their submission. */
  jobs: JobProgress[];
  /** Somebody cancelled the run, or a job of it that the run did not cancel itself: nothing new is submitted. */
  cancelled: boolean;
  /** Campaign tasks whose result is there, by whomever; complete for settled jobs. Rising. */
  complete: readonly TaskRange[];
  /** Campaign tasks that the user does not want any more. Rising. */
  dropped: readonly TaskRange[];
  /** Campaign tasks that ended twice by the same error of their own: running them again would repeat it. Rising. */
  stuck: readonly TaskRange[];
  /**
   * The user wants what is missing of `tasks` (null: of all) to run again, whatever became of it in the first
   * `afterJobs` jobs.
   */
  reopened: readonly { afterJobs: number; tasks: readonly TaskRange[] | null }[];
  /** VMs that the region's quota leaves to this run, its own included; a region that is not named: not known. */
  room: Readonly<Record<string, number>>;
  /** What the run has cost so far, as far as can be told. */
  spentUsd: number;
  /** The budget that counts now: the plan's, or what the user has made of it since. */
  budgetUsd: number | null;
  /** The user went on after the deadline had stopped the run: it does not act again. */
  deadlineWaived: boolean;
  /** What has stopped the run, or a part of it, since the user last went on with it. */
  halts: readonly Omit<Halt, 'message'>[];
}
