import type { Plan } from '../../src/plan/plan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { GROMACS_TASK } from '../realWork.js';

/** The parts of a plan that the user interface reads, for the reference campaign. */
export function thePlan(): Plan {
  const regions = ['us-central1', 'us-east1', 'us-west1', 'europe-west4'];
  return {
    version: 1,
    id: 'p-0f3a91',
    // The interface never looks into the scenario.
    scenario: { name: 'thirteen-thousand', sha256: '0'.repeat(64), resolved: {} as Scenario },
    campaign: { molecules: 1000, windows: 13, tasks: 13_000 },
    machine: { type: 'g2-standard-4', accelerator: 'nvidia-l4', bootDiskType: 'pd-balanced', bootDiskGb: 50 },
    image: { uriByRegion: {}, delivery: 'pull' },
    work: null,
    task: { ...GROMACS_TASK },
    cloud: null,
    checkpoint: {
      policy: 'periodic',
      engineIntervalSeconds: 300,
      intervalSeconds: 600,
      jitterSeconds: 120,
      firstPhase: 'random',
      flushOnNotice: false,
    },
    buckets: 'perRegion',
    startup: { spreadSeconds: 0 },
    shards: regions.map((region, index) => ({
      id: `${region}-0`,
      region,
      firstTask: index * 3250,
      taskCount: 3250,
      parallelism: 125,
      provisioning: 'spot',
      maxRetryCount: 10,
      wave: 0,
    })),
    waveStart: 'finished',
    remainder: { policy: 'sameRegion', maxRounds: 5 },
    tail: { onDemandLastPercent: 0, onDemandAfterPreemptions: null },
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
}
