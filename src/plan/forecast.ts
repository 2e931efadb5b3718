/** The outcomes of one campaign, in the order in which they are reported. Fixed names: see docs/architecture.md. */
export const METRICS = [
  'makespanHours',
  'costUsd',
  'vmHours',
  'lostWorkHours',
  'attempts',
  'preemptions',
  'tasksSucceeded',
  'tasksFailed',
  'moleculesComplete',
  'moleculesAtRisk',
  'firstMoleculeHours',
  'checkpointsWritten',
  'checkpointsSkipped',
  'http429',
  'peakWritesPerSecond',
  'peakVms',
  'imagePulls',
] as const;

/** What `firstMoleculeHours` is where no molecule is ever complete: the year after which a simulation gives up. */
export const NEVER_HOURS = 365 * 24;

export type Metric = (typeof METRICS)[number];

/** The parts that add up to `costUsd`. */
export const COST_PARTS = [
  'usefulWork',
  'lostWork',
  'startup',
  'dataTransfer',
  'checkpointPauses',
  'idle',
  'bootDisk',
  'externalIp',
  'storageOperations',
  'storedBytes',
  'softDelete',
  'crossRegion',
] as const;

export type CostPart = (typeof COST_PARTS)[number];

/** The shares of the molecules of which an outcome tells when they were complete. */
export const MOLECULE_SHARES = [0.1, 0.25, 0.5, 0.75, 0.9, 1] as const;

/** The shares of the molecules of which an outcome tells when they could no longer complete. */
export const RISK_SHARES = [0.001, 0.01, 0.1, 0.25, 0.5, 1] as const;

/** One simulated or rehearsed campaign. Times in hours since the first submission, money in USD. */
export interface Outcome {
  metrics: Record<Metric, number>;
  costBreakdownUsd: Record<CostPart, number>;
  /** When each of MOLECULE_SHARES of the molecules was complete; null: never. */
  moleculeHours: (number | null)[];
  /**
   * When each of RISK_SHARES of the molecules could no longer complete: a task of each had used up its retries, or
   * its job had ended without it, and no later job took it up; null: never.
   */
  riskHours: (number | null)[];
  /** Reference events: run starts + life ends + write requests + finished uploads. */
  events: number;
  /** Computed without an event for each checkpoint; the figures do not depend on it. */
  folded: boolean;
}

/** The distribution of one metric over replications. `sd` is of one replication (n - 1). */
export interface Summary {
  mean: number;
  sd: number;
  p1: number;
  p10: number;
  p50: number;
  p90: number;
  p99: number;
}

export type Forecast = Record<Metric, Summary>;

/** When a share of the molecules is complete, or can no longer be, over the replications that got so far; null if none did. */
export interface MoleculeProgress {
  share: number;
  hours: { p10: number; p50: number; p90: number } | null;
}
