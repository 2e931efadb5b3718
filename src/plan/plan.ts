import type {
  CheckpointPolicyName,
  Cloud,
  ImageDelivery,
  Provisioning,
  RemainderPolicy,
  Scenario,
  Task,
  WaveStart,
  WorkTable,
} from '../scenario/scenario.js';
import type { Forecast } from './forecast.js';
import type { LiveStamp } from './liveStamp.js';

/** Kinds of VMs as people call them. */
export const PROVISIONING_WORDS: Readonly<Record<Provisioning, string>> = {
  spot: 'Spot',
  onDemand: 'on-demand',
  flexStart: 'FLEX_START',
};

/** A contiguous range of campaign tasks that one Batch job runs. Task = molecule x windows + window. */
export interface Shard {
  id: string;
  region: string;
  firstTask: number;
  taskCount: number;
  parallelism: number;
  provisioning: Provisioning;
  maxRetryCount: number;
  /** Waves of one region follow each other as `waveStart` says; 0 is submitted at once. */
  wave: number;
}

export interface CheckpointPlan {
  policy: CheckpointPolicyName;
  engineIntervalSeconds: number;
  intervalSeconds: number;
  jitterSeconds: number;
  firstPhase: 'random' | 'none';
  flushOnNotice: boolean;
}

/** One finding of the linter. Severity `error` means: Batch or the campaign cannot work so. */
export interface Finding {
  rule: string;
  severity: 'error' | 'warning';
  /** Path inside the plan, e.g. `shards[2].parallelism`. */
  path: string;
  message: string;
  found: string | number;
  limit: string | number;
  source: string;
}

/** What else the planner tried, and how it did. */
export interface Alternative {
  name: string;
  makespanHours: { p10: number; p50: number; p90: number };
  costUsd: { p10: number; p50: number; p90: number };
  tasksFailed: number;
  /** Why it was not chosen. */
  verdict: string;
}

/** `plan.json`: the decisions, with the world they were made for. Simulated, rehearsed and executed as it is. */
export interface Plan {
  version: 1;
  id: string;
  scenario: { name: string; sha256: string; resolved: Scenario };
  campaign: { molecules: number; windows: number; tasks: number };
  machine: { type: string; accelerator: string | null; bootDiskType: string; bootDiskGb: number };
  image: { uriByRegion: Record<string, string>; delivery: ImageDelivery };
  /** The tasks by name, for staging and for the index; null: the campaign is given by counts alone. */
  work: WorkTable | null;
  task: Task;
  cloud: Cloud | null;
  checkpoint: CheckpointPlan;
  buckets: 'perRegion' | 'one';
  startup: { spreadSeconds: number };
  shards: Shard[];
  waveStart: WaveStart;
  remainder: { policy: RemainderPolicy; maxRounds: number };
  tail: { onDemandLastPercent: number; onDemandAfterPreemptions: number | null };
  guard: {
    budgetUsd: number | null;
    deadlineHours: number | null;
    onBudget: 'warn' | 'stop' | 'cancel';
    onDeadline: 'warn' | 'stop' | 'cancel';
    maxUnattendedUsd: number | null;
  };
  /** What Google told of quotas and prices when the plan was made; null: nobody asked. */
  live: LiveStamp | null;
  forecast: Forecast | null;
  alternatives: Alternative[];
  findings: Finding[];
}
