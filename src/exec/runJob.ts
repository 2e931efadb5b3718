import type { AttemptTally } from '../plan/breaker.js';
import type { JobProgress } from '../plan/progress.js';
import type { JobState, TaskCounts } from '../plan/snapshot.js';
import { countTasks, type TaskRange } from '../plan/taskRanges.js';
import type { JobAccount } from './attempts.js';
import type { JobFinal, JobIntended } from './ledger.js';

/** What the tasks of a job add up to, those that succeeded left out: results tell that. */
export type JobSums = Omit<JobAccount, 'succeeded' | 'ownErrors' | 'endings' | 'openRuns' | 'untold'>;

/** What is known of one job of the run. Times are campaign seconds since the Unix epoch. */
export interface RunJob {
  readonly intended: JobIntended;
  /** Null until Batch has said that the job exists. */
  createTime: number | null;
  state: JobState;
  counts: TaskCounts;
  /** From the last full sweep, or from the ledger once final; null before any. */
  account: JobSums | null;
  /** Windows that ended by an error of their own: as `account`. */
  ownErrors: JobFinal['ownErrors'];
  /** What the breaker goes by, and what it shows of it; null: not counted yet. */
  attempts: (AttemptTally & { evidence: string[] }) | null;
  /** VM seconds up to `spentAt`: swept, and counted on from the number of busy VMs. */
  spentVmSeconds: number;
  spentAt: number | null;
  /** Since when it has waited for VMs and has had none; kept when it ends so. Null: it has one, or is in the queue. */
  idleSince: number | null;
  /** Known once the job is final and in the ledger. */
  unfinished: TaskRange[] | null;
  /** Since when Batch says that there is no such job; null: it has not, or no longer. */
  missingSince: number | null;
  /** This run has asked Batch to cancel it, or is about to. */
  isCancelling: boolean;
}

export function newRunJob(intended: JobIntended): RunJob {
  const total = countTasks(intended.tasks);
  return {
    intended,
    createTime: null,
    state: 'QUEUED',
    counts: { total, pending: total, assigned: 0, running: 0, succeeded: 0, failed: 0 },
    account: null,
    ownErrors: [],
    attempts: null,
    spentVmSeconds: 0,
    spentAt: null,
    idleSince: null,
    unfinished: null,
    missingSince: null,
    isCancelling: false,
  };
}

/** Created, as far as is known, and not yet closed in the ledger. */
export function isOpen(job: RunJob): boolean {
  return job.unfinished === null && job.createTime !== null;
}

export function jobProgress(job: RunJob, now: number): JobProgress {
  const { jobId, shard, round, tasks } = job.intended;
  const { state, counts, unfinished, attempts, idleSince } = job;
  const isSettled = unfinished !== null;
  const ageSeconds = job.createTime === null ? 0 : Math.max(0, now - job.createTime);
  return {
    jobId,
    shardId: shard.id,
    region: shard.region,
    shard,
    round,
    state,
    counts,
    tasks,
    ageSeconds,
    idleSeconds: idleSince === null ? null : Math.max(0, now - idleSince),
    attempts,
    isSettled,
  };
}
