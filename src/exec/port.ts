import type { BatchJob } from '../plan/batchJob.js';
import type { JobState, TaskCounts } from '../plan/snapshot.js';
import type { StoragePort } from './storagePort.js';

/** One job as GetJob shows it. */
export interface PortJob {
  jobId: string;
  region: string;
  state: JobState;
  /** From `status.taskGroups.group0.counts`; tasks not counted there yet are pending. */
  counts: TaskCounts;
  labels: Record<string, string>;
  /** Seconds since the Unix epoch. */
  createTime: number;
  events: { type: string; description: string; time: number }[];
}

/** One task as ListTasks shows it. */
export interface PortTask {
  index: number;
  state: 'PENDING' | 'ASSIGNED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNEXECUTED';
  events: { description: string; time: number; state: string; exitCode: number | null }[];
}

/**
 * All that the executor asks of Batch. Implemented on the real client (googleBatch.ts); a later
 * implementation directly on the World lets crash tests run in virtual time.
 */
export interface BatchPort {
  /** Throws PortError('ALREADY_EXISTS') when a job of this id is there. */
  createJob(request: { region: string; jobId: string; requestId: string; job: BatchJob }): Promise<PortJob>;
  getJob(region: string, jobId: string): Promise<PortJob>;
  /** One page of tasks and the token of the next, null at the end. */
  listTasks(
    region: string,
    jobId: string,
    pageToken: string | null,
  ): Promise<{ tasks: PortTask[]; next: string | null }>;
  cancelJob(region: string, jobId: string, requestId: string): Promise<void>;
  /** One page of the region's jobs that carry the label, final ones included. */
  listJobs(
    region: string,
    label: { key: string; value: string },
    pageToken: string | null,
  ): Promise<{ jobs: PortJob[]; next: string | null }>;
  close(): Promise<void>;
}

/** The services that a run uses; everything that talks to a cloud is handed in. */
export interface CloudPort {
  batch: BatchPort;
  storage: StoragePort;
}

export type PortErrorKind =
  | 'ALREADY_EXISTS'
  | 'NOT_FOUND'
  | 'INVALID_ARGUMENT'
  /** A write on a condition that no longer holds: somebody else was first. */
  | 'PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RETRYABLE'
  | 'OTHER';

export class PortError extends Error {
  override name = 'PortError';
  readonly kind: PortErrorKind;
  constructor(kind: PortErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
