import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Decisions, Scenario } from '../../src/scenario/scenario.js';
import { GROMACS_TASK } from '../realWork.js';

/** 1.0 USD for a Spot VM-hour and no disk or storage prices: costs are easy to say. */
export function scenarioOf(
  campaign: { molecules: number; windows: number },
  decisions: Partial<Decisions> = {},
  regions: string[] = ['us-central1'],
): Scenario {
  return {
    name: 'test',
    description: null,
    campaign: {
      ...campaign,
      taskDurationSeconds: { constant: 3600 },
      taskFailure: 0,
      inputBytes: 0,
      outputBytes: 0,
    },
    checkpoint: { sizeBytes: 50_000_000, growthBytesPerHour: 0, pauseSeconds: 1, engineIntervalSeconds: 300 },
    image: { compressedBytes: 5e9, unpackedBytes: 11e9 },
    machine: {
      type: 'g2-standard-4',
      accelerator: 'nvidia-l4',
      bootDisk: { type: 'pd-balanced', sizeGb: 50 },
    },
    startup: {
      createSeconds: { constant: 10 },
      bootSeconds: { constant: 30 },
      driverSeconds: { constant: 60 },
      pullSeconds: { constant: 120 },
      streamingSeconds: { constant: 30 },
      bakedSeconds: { constant: 5 },
      registry: { requestsPerMinute: null, requestsPerPull: 1, bandwidthBytesPerSecond: null },
    },
    batch: {
      vmsPerMinute: 250,
      vmReuse: true,
      retriedTasks: 'last',
      idleScaleInSeconds: 0,
      faults: { vmLostPerHour: 0, rebootPerHour: 0, unresponsivePerHour: 0, recreatedPerHour: 0 },
      scheduleDelaySeconds: { constant: 30 },
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
      uploadThroughputBytesPerSecond: 60e6,
      downloadThroughputBytesPerSecond: 60e6,
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
      bootDiskUsdPerGbMonth: 0,
      externalIpUsdPerHour: 0,
      writesUsdPer1000: 0,
      readsUsdPer1000: 0,
      storageUsdPerGbMonth: 0,
      softDeleteDays: 0,
      crossRegionUsdPerGb: 0,
      internetUsdPerGb: 0.12,
    },
    regions: Object.fromEntries(
      regions.map((region) => [
        region,
        {
          quota: { spotGpus: 100, onDemandGpus: 0, cpus: null, diskGb: null },
          price: { spotUsdPerHour: 1, onDemandUsdPerHour: 2, flexStartUsdPerHour: null, date: null },
          hazard: { constant: { hourlySurvival: 0.95 } },
          shocks: null,
          capacity: { poolVms: null, stockouts: null, series: null },
          utcOffsetHours: -6,
          zones: [],
        },
      ]),
    ),
    decisions: {
      strategy: 'checkpoint',
      parallelism: Object.fromEntries(regions.map((region) => [region, 10])),
      provisioning: 'spot',
      checkpoint: {
        policy: 'periodic',
        intervalSeconds: 600,
        jitterSeconds: 120,
        firstPhase: 'random',
        flushOnNotice: false,
      },
      image: 'pull',
      maxRetries: 10,
      buckets: 'perRegion',
      waves: { size: 'all', start: 'drained' },
      remainder: { policy: 'sameRegion', maxRounds: 3 },
      tail: { onDemandLastPercent: 0, onDemandAfterPreemptions: null },
      startup: { spreadSeconds: 0 },
      ...decisions,
    },
    objective: { deadlineSeconds: null, budgetUsd: 100, confidence: 0.95 },
    work: null,
    cloud: null,
    task: { ...GROMACS_TASK },
    analysis: { equilibrationPs: null, combine: null, temperatureKelvin: null },
    guesses: {},
  };
}

export function planOf(...scenario: Parameters<typeof scenarioOf>): Plan {
  return makePlan(scenarioOf(...scenario));
}
