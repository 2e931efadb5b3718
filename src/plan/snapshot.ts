/**
 * What a campaign looks like at one moment. simulate, rehearse and execute all emit it; the user interface
 * draws nothing else. A field that a run cannot know is `null` and drawn as "–".
 */
export interface Snapshot {
  source: 'simulate' | 'rehearse' | 'execute';
  name: string;
  runId: string | null;
  /** running | succeeded | failed | cancelled */
  state: RunState;
  /** Campaign seconds since the first submission. */
  elapsedSeconds: number;
  tasks: TaskCounts;
  molecules: { total: number; complete: number | null };
  regions: RegionSnapshot[];
  jobs: JobSnapshot[];
  bucket: {
    /** Write requests a second over the last whole minute, refused ones included, summed over buckets. */
    writesPerSecond: number | null;
    limitPerSecond: number | null;
    peakWritesPerSecond: number | null;
    http429: number | null;
    checkpointsWritten: number | null;
  };
  attempts: number | null;
  preemptions: number | null;
  lostWorkHours: number | null;
  cost: { spentUsd: number | null; budgetUsd: number | null };
  /** The plan's forecast, to hold the present against. */
  forecast: { makespanHours: Range | null; costUsd: Range | null };
  /** The latest things worth a line, newest last. */
  messages: { elapsedSeconds: number; text: string }[];
}

export type RunState = 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface TaskCounts {
  total: number;
  pending: number;
  /** On a VM that is not yet running the task. */
  assigned: number;
  running: number;
  succeeded: number;
  failed: number;
}

export interface RegionSnapshot {
  region: string;
  vms: number | null;
  gpuQuota: number | null;
  running: number;
  pending: number;
  preemptions: number | null;
  usdPerVmHour: number | null;
}

export interface JobSnapshot {
  jobId: string;
  region: string;
  state: JobState;
  pending: number;
  assigned: number;
  running: number;
  succeeded: number;
  failed: number;
}

export type JobState =
  | 'QUEUED'
  | 'SCHEDULED'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELLATION_IN_PROGRESS'
  | 'CANCELLED';

export interface Range {
  p10: number;
  p50: number;
  p90: number;
}

export function isFinal(state: JobState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED';
}
