import type { JobState, TaskCounts } from './snapshot.js';
import type { TaskRange } from './taskRanges.js';

/** What the Batch API, the ledger and the clock tell about one job of the run; no more than that. */
export interface JobProgress {
  jobId: string;
  /** The shard that it runs; a remainder carries the shard's id too, with `round` > 0. */
  shardId: string;
  region: string;
  /** 0: the shard itself; 1, 2, ...: remainders of it. */
  round: number;
  state: JobState;
  counts: TaskCounts;
  /** Campaign tasks that ended without success; known (from ListTasks) once the job is final, else null. */
  unfinished: TaskRange[] | null;
}

/** Everything that `nextActions` may look at. */
export interface Progress {
  runId: string;
  /** Campaign seconds since the first submission; 0 before it. */
  elapsedSeconds: number;
  jobs: JobProgress[];
  /** The user asked to cancel: nothing new is submitted. */
  cancelled: boolean;
}
