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
  | { piecewise: { untilSeconds: number | null; perHour: number }[] }
  | { weibull: { shape: number; scaleSeconds: number } }
  | { lifetimes: Lifetimes };

/**
 * The Kaplan-Meier curve of a file of lifetimes: survival just after each age at which a VM was preempted. It goes
 * on after its last age with `tailPerHour`, the mean hazard of its last quarter.
 */
export interface Lifetimes {
  file: string;
  sha256: string;
  ageSeconds: number[];
  survival: number[];
  tailPerHour: number;
}

/** A share of a region's VMs, between 0 and 1. */
export type ShareDistribution = { constant: number } | { uniform: [low: number, high: number] };

/** Shocks: at Poisson times a share of the Spot VMs of the region, or of one of its zones, is taken at once. */
export interface Shocks {
  perHour: number;
  share: ShareDistribution;
  /** `zone`: each shock strikes one of the region's zones. */
  scope: 'region' | 'zone';
}

/** How many Spot VMs can be had in a region, whatever the quota says. */
export interface Capacity {
  /** Spot VMs of this kind that the region has for all its customers; null: many. The load factor counts on it. */
  poolVms: number | null;
  /** Spells in which no Spot VM can be created. */
  stockouts: { perHour: number; durationSeconds: Distribution } | null;
  /** Spot VMs to be had from each time on; VMs beyond that are taken away. */
  series: { file: string; sha256: string; fromSeconds: number[]; vms: number[] } | null;
}

export type ImageDelivery = 'pull' | 'streaming' | 'baked';
export type Provisioning = 'spot' | 'onDemand' | 'flexStart';
export type CheckpointPolicyName = 'none' | 'periodic' | 'aligned' | 'adaptive';
export type Strategy = 'retry' | 'checkpoint' | 'rolling';
export type WaveStart = 'finished' | 'drained';
export type RemainderPolicy = 'leave' | 'sameRegion' | 'anyRegion' | 'onDemand';

export interface Region {
  quota: { spotGpus: number; onDemandGpus: number; cpus: number | null; diskGb: number | null };
  price: {
    spotUsdPerHour: number;
    onDemandUsdPerHour: number;
    /** null: as on demand. */
    flexStartUsdPerHour: number | null;
    date: string | null;
  };
  hazard: Hazard;
  shocks: Shocks | null;
  capacity: Capacity;
  /** Local time minus UTC, for the time-of-day factor. */
  utcOffsetHours: number;
  /** VMs are spread over them; none: the region is one zone. */
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
  checkpoint: {
    /** At the start of a task; it grows with the work that is done. */
    sizeBytes: number;
    growthBytesPerHour: number;
    pauseSeconds: number;
    engineIntervalSeconds: number;
  };
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
    /** Whether a retried task waits behind all others, or goes by its index like them. */
    retriedTasks: 'last' | 'byIndex';
    /** How long a VM without a task is kept while its job still runs. */
    idleScaleInSeconds: number;
    /** What else ends attempts, per VM-hour of running: exit codes 50002, 50003, 50004 and 50006. */
    faults: {
      vmLostPerHour: number;
      rebootPerHour: number;
      unresponsivePerHour: number;
      recreatedPerHour: number;
    };
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
    /** What all uploads of one bucket share, in order of arrival. */
    sharedUploadThroughputBytesPerSecond: number | null;
    requestsPerUpload: number;
    /** Read requests that come before the writes of an upload. */
    readsPerUpload: number;
    /** Writes that it takes of one object's name. */
    objectWritesPerSecond: number | null;
    /** Tries of one request before this checkpoint is skipped; null: until it succeeds. */
    maxTries: number | null;
    backoffBaseSeconds: number;
    backoffCapSeconds: number;
    /** Probability that a request fails for no reason of ours (429 or 5xx) and is tried again. */
    errorRate: number;
    /** Capacity doubles every `doublingSeconds` while demand stays above 80 % of it, up to the maximum; null: never. */
    growth: { doublingSeconds: number; maxWritesPerSecond: number | null } | null;
  };
  spot: {
    hazardFrom: 'vm' | 'task';
    /** UTC hour of the day at which the campaign starts. */
    startHourUtc: number;
    /** Factors on every hazard by local time; null: none. Day is from `dayFromHour` to `dayToHour`. */
    timeOfDay: { dayFactor: number; nightFactor: number; dayFromHour: number; dayToHour: number } | null;
    /** The hazard grows by this factor times our share of a region's pool. */
    loadFactor: number;
    /** Time between the notice of a preemption and the end of the VM. */
    noticeSeconds: number;
    /** Probability that a task sees the notice and can flush its last checkpoint, if its policy says so. */
    flushSuccess: number;
  };
  prices: {
    bootDiskUsdPerGbMonth: number;
    externalIpUsdPerHour: number;
    writesUsdPer1000: number;
    readsUsdPer1000: number;
    storageUsdPerGbMonth: number;
    /** Days that overwritten checkpoints are kept and billed (soft delete); 0: off. */
    softDeleteDays: number;
    /** Between regions of one continent; falls due where a task's bucket lies in another region (`buckets: one`). */
    crossRegionUsdPerGb: number;
    /** What is downloaded out of Google Cloud. */
    internetUsdPerGb: number;
  };
  regions: Record<string, Region>;
  decisions: Decisions;
  objective: { deadlineSeconds: number | null; budgetUsd: number | null; confidence: number };
  /** The tasks by name; null: only their number is known, and the plan cannot be executed on Google. */
  work: Work | null;
  cloud: Cloud | null;
  task: Task;
  analysis: Analysis;
  /** Guesses that forecasts may sample: path in this resolved scenario -> the range that was given with it. */
  guesses: Record<string, { low: number; high: number }>;
}

/** One window of the work, as people name it. */
export interface WorkWindow {
  leg: string;
  repeat: string;
  window: string;
}

/**
 * The tasks of a campaign by name. Every molecule has the same windows; the input of task = molecule x windows +
 * window is `inputs[task]`.
 */
export interface WorkTable {
  /** The table, or the folder and the pattern in it, as the scenario names them. */
  file: string;
  /** Of the table's text, or of the files that the pattern found. */
  sha256: string;
  /** Where relative inputs lie: the folder of the scenario's file. No part of the scenario's identity. */
  folder: string;
  molecules: string[];
  windows: WorkWindow[];
  /** Path of a file, or a gs:// URI. */
  inputs: string[];
}

/** What is to be computed: a table, or the files that a pattern finds. Either way `table` holds it. */
export interface Work {
  table: WorkTable | null;
  /** Folder or gs:// prefix below which `pattern` looks. */
  inputs: string | null;
  pattern: string | null;
}

export interface Task {
  adapter: 'gromacs' | 'command';
  /** Batch ends an attempt after this time; null: what the plan works out. */
  maxRunDurationSeconds: number | null;
  /** Adapter `command`: the argv; [] with adapter gromacs. */
  command: string[];
  /** What the engine is told besides; a part of the work's digest. */
  environment: Record<string, string>;
  /** Adapter `command`: globs of the files that make a checkpoint; []: the program has none. */
  checkpointFiles: string[];
  /** Adapter `command`: globs of the files that are the result. */
  outputs: string[];
  /** Adapter `command`: exists once the work is done; null: exit code 0 says so. */
  doneFile: string | null;
  /** Adapter `command`: holds `step [of]`. */
  progress: string | null;
  stopSignal: 'TERM' | 'INT' | 'USR1';
  /** With no checkpoint that verifies: begin again, or give up (exit code 78). */
  restartFromZero: boolean;
  /** Without a new step for so long the engine is killed. */
  stallSeconds: number;
}

export interface Analysis {
  /** Simulated time at the start of each window that does not count; null: a tenth of the window. */
  equilibrationPs: number | null;
  /** `dG = complex - solvent`; null: legs are reported and not combined. */
  combine: string | null;
  /** null: as the files of the windows say. */
  temperatureKelvin: number | null;
}

export interface CloudRegion {
  /** Full or partial URL; of a Shared VPC: projects/HOST/regions/R/subnetworks/S. */
  subnetwork: string | null;
  /** Zones to use; null: all of the region that have the machine. */
  zones: string[] | null;
  /** Zones not to use: the job then lists the others. */
  avoidZones: string[];
  imageUri: string | null;
  bootImage: string | null;
  scratchBucket: string | null;
  resultsBucket: string | null;
  /** projects/P/zones/Z/reservations/N or NO_RESERVATION; only on-demand VMs use one. */
  reservation: string | null;
}

export interface Cloud {
  project: string | null;
  serviceAccount: string | null;
  labels: Record<string, string>;
  tags: string[];
  /** Full or partial URL of the VPC network; null: the project's default, or the subnetwork's. */
  network: string | null;
  externalIp: boolean;
  /** Cloud NAT (or another way out) is there for VMs without an external address. */
  nat: boolean;
  installGpuDrivers: boolean;
  /** Variable -> version of a secret: projects/P/secrets/S/versions/N. */
  secretEnvironment: Record<string, string>;
  state: string | null;
  regions: Record<string, CloudRegion>;
}
