import type { Region, Scenario } from '../../src/scenario/scenario.js';

export const REGION: Region = {
  quota: { spotGpus: 500, onDemandGpus: 500, cpus: null, diskGb: null },
  price: { spotUsdPerHour: 0.4, onDemandUsdPerHour: 0.7, date: null },
  hazard: { constant: { hourlySurvival: 0.95 } },
  zones: [],
};

/** campaign-13k of facts: one region, instant dispatch, no caps, one lognormal start-up step. */
export function referenceScenario(): Scenario {
  return {
    name: 'campaign-13k',
    description: null,
    campaign: {
      molecules: 1000,
      windows: 13,
      taskDurationSeconds: { constant: 25200 },
      taskFailure: 0,
      inputBytes: 0,
      outputBytes: 0,
    },
    checkpoint: { sizeBytes: 50e6, pauseSeconds: 0, engineIntervalSeconds: 0 },
    image: { compressedBytes: 5e9, unpackedBytes: 11e9 },
    machine: {
      type: 'g2-standard-4',
      accelerator: 'nvidia-l4',
      bootDisk: { type: 'pd-balanced', sizeGb: 50 },
    },
    startup: {
      createSeconds: { constant: 0 },
      bootSeconds: { lognormal: { median: 240, sigma: 0.4 } },
      driverSeconds: { constant: 0 },
      pullSeconds: { constant: 0 },
      streamingSeconds: { constant: 0 },
      bakedSeconds: { constant: 0 },
      registry: { requestsPerMinute: null, requestsPerPull: 35, bandwidthBytesPerSecond: null },
    },
    batch: {
      vmsPerMinute: null,
      vmReuse: false,
      scheduleDelaySeconds: { constant: 0 },
      limits: {
        parallelTasksPerJob: null,
        vmsPerJob: null,
        vmsPerJobOneZone: null,
        tasksPerJob: null,
        retries: null,
        queuedSeconds: null,
        runningSeconds: null,
      },
    },
    bucket: {
      writesPerSecond: 1000,
      readsPerSecond: 5000,
      burst: 1000,
      latencySeconds: 0,
      uploadThroughputBytesPerSecond: 100e6,
      downloadThroughputBytesPerSecond: null,
      requestsPerUpload: 1,
      maxTries: null,
      backoffBaseSeconds: 1,
      backoffCapSeconds: 64,
    },
    spot: { hazardFrom: 'task' },
    prices: {
      bootDiskUsdPerGbMonth: 0.1,
      externalIpUsdPerHour: 0.0025,
      writesUsdPer1000: 0.005,
      readsUsdPer1000: 0.0004,
      storageUsdPerGbMonth: 0.02,
    },
    regions: { 'us-central1': structuredClone(REGION) },
    decisions: {
      strategy: 'checkpoint',
      parallelism: { 'us-central1': 500 },
      provisioning: 'spot',
      checkpoint: {
        policy: 'periodic',
        intervalSeconds: 600,
        jitterSeconds: 120,
        firstPhase: 'none',
        flushOnNotice: false,
      },
      image: 'pull',
      maxRetries: 60000,
      buckets: 'perRegion',
      waves: { size: 'all', start: 'drained' },
      remainder: { policy: 'leave', maxRounds: 0 },
      tail: { onDemandLastPercent: 0, onDemandAfterPreemptions: null },
      startup: { spreadSeconds: 0 },
    },
    objective: { deadlineSeconds: null, budgetUsd: null, confidence: 0.95 },
    cloud: null,
    task: { adapter: 'gromacs', maxRunDurationSeconds: null },
    guesses: {},
  };
}
