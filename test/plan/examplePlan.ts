import type { Plan, Shard } from '../../src/plan/plan.js';
import { planIdOf } from '../../src/plan/planId.js';
import { scenarioSha256 } from '../../src/scenario/canonical.js';
import type { Region, Scenario } from '../../src/scenario/scenario.js';
import { GROMACS_TASK } from '../realWork.js';

const region = (zones: string[]): Region => ({
  quota: { spotGpus: 500, onDemandGpus: 50, cpus: null, diskGb: null },
  price: { spotUsdPerHour: 0.397, onDemandUsdPerHour: 0.7068, flexStartUsdPerHour: null, date: '2026-07-30' },
  hazard: { constant: { hourlySurvival: 0.95 } },
  shocks: null,
  capacity: { poolVms: null, stockouts: null, series: null },
  utcOffsetHours: -6,
  zones,
});

/** 1,000 molecules x 13 windows of 7 h, checkpoints every 10 min, 500 L4 in each of two regions. */
export function exampleScenario(): Scenario {
  return {
    name: 'example',
    description: null,
    campaign: {
      molecules: 1000,
      windows: 13,
      taskDurationSeconds: { constant: 25_200 },
      taskFailure: 0,
      inputBytes: 20_000_000,
      outputBytes: 100_000_000,
    },
    checkpoint: { sizeBytes: 50_000_000, growthBytesPerHour: 0, pauseSeconds: 1, engineIntervalSeconds: 300 },
    image: { compressedBytes: 5_000_000_000, unpackedBytes: 11_000_000_000 },
    machine: {
      type: 'g2-standard-4',
      accelerator: 'nvidia-l4',
      bootDisk: { type: 'pd-balanced', sizeGb: 50 },
    },
    startup: {
      createSeconds: { constant: 20 },
      bootSeconds: { constant: 25 },
      driverSeconds: { constant: 60 },
      pullSeconds: { lognormal: { median: 150, sigma: 0.42 } },
      streamingSeconds: { constant: 20 },
      bakedSeconds: { constant: 5 },
      registry: {
        requestsPerMinute: 60_000,
        requestsPerPull: 35,
        bandwidthBytesPerSecond: 25_000_000_000,
      },
    },
    batch: {
      vmsPerMinute: 250,
      vmReuse: true,
      retriedTasks: 'last',
      idleScaleInSeconds: 0,
      faults: { vmLostPerHour: 0, rebootPerHour: 0, unresponsivePerHour: 0, recreatedPerHour: 0 },
      scheduleDelaySeconds: { constant: 60 },
      limits: {
        parallelTasksPerJob: 5000,
        vmsPerJob: 4000,
        vmsPerJobOneZone: 2000,
        tasksPerJob: 100_000,
        retries: 10,
        queuedSeconds: 172_800,
        runningSeconds: 1_209_600,
      },
    },
    bucket: {
      writesPerSecond: 1000,
      readsPerSecond: 5000,
      burst: 1000,
      latencySeconds: 0.08,
      uploadThroughputBytesPerSecond: 60_000_000,
      downloadThroughputBytesPerSecond: 60_000_000,
      sharedUploadThroughputBytesPerSecond: null,
      requestsPerUpload: 1,
      readsPerUpload: 0,
      objectWritesPerSecond: 1,
      maxTries: 10,
      backoffBaseSeconds: 1,
      backoffCapSeconds: 32,
      errorRate: 0,
      growth: null,
    },
    spot: {
      hazardFrom: 'vm',
      startHourUtc: 8,
      timeOfDay: null,
      loadFactor: 0,
      noticeSeconds: 30,
      flushSuccess: 0.5,
    },
    prices: {
      bootDiskUsdPerGbMonth: 0.1,
      externalIpUsdPerHour: 0.0025,
      writesUsdPer1000: 0.005,
      readsUsdPer1000: 0.0004,
      storageUsdPerGbMonth: 0.02,
      softDeleteDays: 0,
      crossRegionUsdPerGb: 0.02,
      internetUsdPerGb: 0.12,
    },
    regions: {
      'us-central1': region(['us-central1-a', 'us-central1-b']),
      'us-east1': region(['us-east1-b', 'us-east1-c']),
    },
    decisions: {
      strategy: 'checkpoint',
      parallelism: { 'us-central1': 500, 'us-east1': 500 },
      provisioning: 'spot',
      checkpoint: {
        policy: 'periodic',
        intervalSeconds: 600,
        jitterSeconds: 120,
        firstPhase: 'random',
        flushOnNotice: true,
      },
      image: 'pull',
      maxRetries: 10,
      buckets: 'perRegion',
      waves: { size: 'all', start: 'drained' },
      remainder: { policy: 'sameRegion', maxRounds: 5 },
      tail: { onDemandLastPercent: 0, onDemandAfterPreemptions: null },
      startup: { spreadSeconds: 0 },
    },
    objective: { deadlineSeconds: 864_000, budgetUsd: 60_000, confidence: 0.95 },
    work: null,
    cloud: null,
    task: { ...GROMACS_TASK, maxRunDurationSeconds: 43_200 },
    analysis: { equilibrationPs: null, combine: null, temperatureKelvin: null },
    guesses: {},
  };
}

export function exampleShard(shard: Partial<Shard> = {}): Shard {
  return {
    id: 'us-central1-w0',
    region: 'us-central1',
    firstTask: 0,
    taskCount: 13_000,
    parallelism: 500,
    provisioning: 'spot',
    maxRetryCount: 10,
    wave: 0,
    ...shard,
  };
}

/** A plan without any finding: half of the campaign in each of the two regions. */
export function examplePlan(scenario: Scenario = exampleScenario()): Plan {
  const { decisions } = scenario;
  const plan: Omit<Plan, 'id'> = {
    version: 1,
    scenario: { name: scenario.name, sha256: scenarioSha256(scenario), resolved: scenario },
    campaign: { molecules: 1000, windows: 13, tasks: 13_000 },
    machine: { type: 'g2-standard-4', accelerator: 'nvidia-l4', bootDiskType: 'pd-balanced', bootDiskGb: 50 },
    image: { uriByRegion: {}, delivery: decisions.image },
    work: scenario.work?.table ?? null,
    task: scenario.task,
    cloud: null,
    checkpoint: { ...decisions.checkpoint, engineIntervalSeconds: scenario.checkpoint.engineIntervalSeconds },
    buckets: decisions.buckets,
    startup: { spreadSeconds: 0 },
    shards: [
      exampleShard({ taskCount: 6500 }),
      exampleShard({ id: 'us-east1-w0', region: 'us-east1', firstTask: 6500, taskCount: 6500 }),
    ],
    waveStart: 'drained',
    remainder: decisions.remainder,
    tail: decisions.tail,
    guard: {
      budgetUsd: 60_000,
      deadlineHours: 240,
      onBudget: 'warn',
      onDeadline: 'warn',
      maxUnattendedUsd: null,
    },
    live: null,
    forecast: null,
    alternatives: [],
    findings: [],
  };
  return { ...plan, id: planIdOf(plan) };
}
