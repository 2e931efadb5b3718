import type { protos } from '@google-cloud/batch';
import type { JobState, TaskCounts } from '../plan/snapshot.js';
import { PortError, type PortErrorKind, type PortJob, type PortTask } from './port.js';

/**
 * The client's answers in the port's own terms: int64 come as strings, unset messages as null, names with the
 * project's number where its id was sent (so names are taken apart, never compared).
 */
type Job = protos.google.cloud.batch.v1.IJob;
type Task = protos.google.cloud.batch.v1.ITask;
type StatusEvent = protos.google.cloud.batch.v1.IStatusEvent;
type Timestamp = protos.google.protobuf.ITimestamp;

/** Batch's only task group. */
const GROUP = 'group0';

export function readJob(job: Job): PortJob {
  const name = /locations\/([^/]+)\/jobs\/([^/]+)$/.exec(job.name ?? '');
  if (!name?.[1] || !name[2]) throw new PortError('OTHER', `Batch answered with the job name "${job.name}"`);
  const total = Number(job.taskGroups?.[0]?.taskCount ?? 1);
  return {
    jobId: name[2],
    region: name[1],
    state: jobState(job.status?.state),
    counts: readCounts(job.status?.taskGroups?.[GROUP]?.counts ?? {}, total),
    labels: { ...job.labels },
    createTime: readTime(job.createTime),
    events: (job.status?.statusEvents ?? []).map((event) => ({
      type: event.type ?? '',
      description: event.description ?? '',
      time: readTime(event.eventTime),
    })),
  };
}

export function readTask(task: Task): PortTask {
  const index = /tasks\/(\d+)$/.exec(task.name ?? '');
  if (!index) throw new PortError('OTHER', `Batch answered with the task name "${task.name}"`);
  return {
    index: Number(index[1]),
    state: taskState(task.status?.state),
    events: (task.status?.statusEvents ?? []).map(readTaskEvent),
  };
}

function readTaskEvent(event: StatusEvent): PortTask['events'][number] {
  return {
    description: event.description ?? '',
    time: readTime(event.eventTime),
    state: String(event.taskState ?? ''),
    exitCode: event.taskExecution?.exitCode ?? null,
  };
}

/** Tasks that the status does not count yet are pending. UNEXECUTED ones stay with the pending: they never ran. */
function readCounts(counts: Record<string, unknown>, total: number): TaskCounts {
  const of = (state: string): number => Number(counts[state] ?? 0);
  const known = {
    assigned: of('ASSIGNED'),
    running: of('RUNNING'),
    succeeded: of('SUCCEEDED'),
    failed: of('FAILED'),
  };
  const pending = total - known.assigned - known.running - known.succeeded - known.failed;
  return { total, pending: Math.max(0, pending), ...known };
}

const JOB_STATES: readonly JobState[] = [
  'QUEUED',
  'SCHEDULED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLATION_IN_PROGRESS',
  'CANCELLED',
];

function jobState(state: unknown): JobState {
  // Whoever deletes a job ends it, as whoever cancels it does.
  if (state === 'DELETION_IN_PROGRESS') return 'CANCELLATION_IN_PROGRESS';
  // A job that has just been accepted may have no state yet.
  return JOB_STATES.find((known) => known === state) ?? 'QUEUED';
}

const TASK_STATES: readonly PortTask['state'][] = [
  'ASSIGNED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'UNEXECUTED',
];

function taskState(state: unknown): PortTask['state'] {
  return TASK_STATES.find((known) => known === state) ?? 'PENDING';
}

/** Seconds since the Unix epoch; 0 when unset. */
function readTime(time: Timestamp | null | undefined): number {
  return Number(time?.seconds ?? 0) + Number(time?.nanos ?? 0) / 1e9;
}

/** gRPC status codes. https://grpc.io/docs/guides/status-codes/ */
const KINDS: Record<number, PortErrorKind> = {
  2: 'RETRYABLE', // UNKNOWN
  3: 'INVALID_ARGUMENT',
  4: 'RETRYABLE', // DEADLINE_EXCEEDED
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RETRYABLE', // RESOURCE_EXHAUSTED
  9: 'PRECONDITION', // FAILED_PRECONDITION
  10: 'RETRYABLE', // ABORTED
  13: 'RETRYABLE', // INTERNAL
  14: 'RETRYABLE', // UNAVAILABLE
  16: 'UNAUTHENTICATED',
};

/** Long enough for Batch's own sentence; a client error can hold the whole list of earlier ones. */
const LONGEST_MESSAGE = 400;

/** An error of the client as a PortError that says which call failed. Branches on the code, never on the text. */
export function portError(error: unknown, call: string): PortError {
  if (error instanceof PortError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const short = text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}...`;
  return new PortError((typeof code === 'number' ? KINDS[code] : undefined) ?? 'OTHER', `${call}: ${short}`);
}
