/**
 * The scenario: what the world and the work are assumed to be like.
 *
 * This is the resolved form: every quantity in SI units (seconds, bytes, USD), its unit in its name, every
 * default filled in. It is what a plan embeds and hashes, and the only form that the World reads.
 * `parseScenario` (parse.ts) makes it from YAML, as fields/ describes. A limit or a rate that is `null` is lifted
 * (unlimited).
 */

export type Distribution =
  | { constant: number }
  | { uniform: [low: number, high: number] }
  | { lognormal: { median: number; sigma: number } }
  | { exponential: { mean: number } }
  | { empirical: { file: string; sha256: string; values: number[] } };

/** Spot preemption hazard by VM age. `perHour` is a rate (1/h), not a probability. */
export type Hazard =
  | { constant: { hourlySurvival: number } }
  | { piecewise: { untilSeconds: number | null; perHour: number }[] };

export type ImageDelivery = 'pull' | 'streaming' | 'baked';
export type Provisioning = 'spot' | 'onDemand';
export type CheckpointPolicyName = 'none' | 'periodic' | 'aligned';
export type Strategy = 'retry' | 'checkpoint' | 'rolling';
export type WaveStart = 'finished' | 'drained';
export type RemainderPolicy = 'leave' | 'sameRegion' | 'anyRegion' | 'onDemand';

export interface Region {
  quota: { spotGpus: number; onDemandGpus: number; cpus: number | null; diskGb: number | null };
  price: { spotUsdPerHour: number; onDemandUsdPerHour: number; date: string | null };
  hazard: Hazard;
  zones: string[];
}

export interface Decisions {
  strategy: Strategy;
  /** VMs at a time, by region; a region that is absent takes no part. */
  parallelism: Record<string, number>;
  provisioning: Provisioning;
  checkpoint: {
    policy: CheckpointPolicyName;
    intervalSeconds: number;
    jitterSeconds: number;
    firstPhase: 'random' | 'none';
    flushOnNotice: boolean;
  };
  image: ImageDelivery;
  maxRetries: number;
  buckets: 'perRegion' | 'one';
  /** `size`: molecules in one job, or `all` for one array job a region. */
  waves: { size: number | 'all'; start: WaveStart };
  remainder: { policy: RemainderPolicy; maxRounds: number };
  tail: { onDemandLastPercent: number; onDemandAfterPreemptions: number | null };
  startup: { spreadSeconds: number };
}

export interface Scenario {
  name: string;
  description: string | null;
  campaign: {
    molecules: number;
    windows: number;
    taskDurationSeconds: Distribution;
    /** Probability that one attempt ends with the application's own error. */
    taskFailure: number;
    inputBytes: number;
    outputBytes: number;
  };
  checkpoint: { sizeBytes: number; pauseSeconds: number; engineIntervalSeconds: number };
  image: { compressedBytes: number; unpackedBytes: number };
  machine: { type: string; accelerator: string | null; bootDisk: { type: string; sizeGb: number } };
  startup: {
    createSeconds: Distribution;
    bootSeconds: Distribution;
    driverSeconds: Distribution;
    pullSeconds: Distribution;
    streamingSeconds: Distribution;
    bakedSeconds: Distribution;
    registry: {
      requestsPerMinute: number | null;
      requestsPerPull: number;
      bandwidthBytesPerSecond: number | null;
    };
  };
  batch: {
    vmsPerMinute: number | null;
    vmReuse: boolean;
    scheduleDelaySeconds: Distribution;
    limits: {
      parallelTasksPerJob: number | null;
      vmsPerJob: number | null;
      vmsPerJobOneZone: number | null;
      tasksPerJob: number | null;
      retries: number | null;
      queuedSeconds: number | null;
      runningSeconds: number | null;
    };
  };
  bucket: {
    writesPerSecond: number | null;
    readsPerSecond: number | null;
    /** Tokens of the write bucket when full; the read bucket holds one second's worth of reads. */
    burst: number;
    latencySeconds: number;
    uploadThroughputBytesPerSecond: number | null;
    downloadThroughputBytesPerSecond: number | null;
    requestsPerUpload: number;
    /** Tries of one request before this checkpoint is skipped; null: until it succeeds. */
    maxTries: number | null;
    backoffBaseSeconds: number;
    backoffCapSeconds: number;
  };
  spot: { hazardFrom: 'vm' | 'task' };
  prices: {
    bootDiskUsdPerGbMonth: number;
    externalIpUsdPerHour: number;
    writesUsdPer1000: number;
    readsUsdPer1000: number;
    storageUsdPerGbMonth: number;
  };
  regions: Record<string, Region>;
  decisions: Decisions;
  objective: { deadlineSeconds: number | null; budgetUsd: number | null; confidence: number };
  cloud: Cloud | null;
  task: Task;
  /** Guesses that forecasts may sample: path in this resolved scenario -> the range that was given with it. */
  guesses: Record<string, { low: number; high: number }>;
}

export interface Task {
  adapter: 'gromacs' | 'command';
  maxRunDurationSeconds: number | null;
}

export interface CloudRegion {
  subnetwork: string | null;
  zones: string[] | null;
  imageUri: string | null;
  bootImage: string | null;
  scratchBucket: string | null;
  resultsBucket: string | null;
}

export interface Cloud {
  project: string | null;
  serviceAccount: string | null;
  labels: Record<string, string>;
  tags: string[];
  externalIp: boolean;
  installGpuDrivers: boolean;
  state: string | null;
  regions: Record<string, CloudRegion>;
}
