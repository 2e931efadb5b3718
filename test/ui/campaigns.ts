import type { JobSnapshot, RegionSnapshot, Snapshot } from '../../src/plan/snapshot.js';

const REGIONS: [region: string, price: number][] = [
  ['us-central1', 0.397],
  ['us-east1', 0.397],
  ['us-west1', 0.412],
  ['europe-west4', 0.445],
];

const TASKS = 13_000;
const RUNNING = 492;
const MAKESPAN_HOURS = { p10: 188.2, p50: 189.8, p90: 191.4 };
const COST_USD = { p10: 36_912, p50: 37_405, p90: 38_077 };

/** A rehearsed campaign of 13,000 tasks over four regions when `share` (0..1) of its work is done. */
export function campaignAt(share: number): Snapshot {
  const succeeded = Math.floor(TASKS * share);
  const running = Math.min(RUNNING, TASKS - succeeded);
  const assigned = share === 1 ? 0 : Math.min(8, TASKS - succeeded - running);
  const pending = TASKS - succeeded - running - assigned;
  const elapsedSeconds = Math.round(share * MAKESPAN_HOURS.p50 * 3600);
  return {
    source: 'rehearse',
    name: 'thirteen-thousand',
    runId: 'r-20260101-7f3a',
    state: share === 1 ? 'succeeded' : 'running',
    elapsedSeconds,
    tasks: { total: TASKS, pending, assigned, running, succeeded, failed: 0 },
    molecules: { total: 1000, complete: Math.floor(share * 1000) },
    regions: REGIONS.map(([region, usdPerVmHour]) => regionAt(region, usdPerVmHour, running, pending, share)),
    jobs: REGIONS.map(([region]) => jobAt(region, share)),
    bucket: {
      writesPerSecond: share === 1 ? 0 : Math.round(22 + 8 * Math.sin(share * 200)),
      limitPerSecond: 4000,
      peakWritesPerSecond: 141,
      http429: 0,
      checkpointsWritten: Math.floor(share * 489_931),
    },
    attempts: succeeded + running + Math.floor(share * 4_689),
    preemptions: Math.floor(share * 4_689),
    lostWorkHours: share * 429.6,
    cost: { spentUsd: share * COST_USD.p50, budgetUsd: 60_000 },
    forecast: { makespanHours: MAKESPAN_HOURS, costUsd: COST_USD },
    messages: [
      { elapsedSeconds: 0, text: '4 jobs submitted' },
      { elapsedSeconds: 95, text: 'fepcast-7f3a-us-central1-0: SCHEDULED, waiting for capacity' },
      { elapsedSeconds: Math.round(elapsedSeconds / 2), text: '31 VMs preempted together in europe-west4' },
      { elapsedSeconds, text: 'first molecules of us-west1 are complete' },
    ],
  };
}

function regionAt(
  region: string,
  price: number,
  running: number,
  pending: number,
  share: number,
): RegionSnapshot {
  return {
    region,
    vms: Math.min(125, Math.ceil(running / 4) + 2),
    gpuQuota: 125,
    running: Math.floor(running / 4),
    pending: Math.floor(pending / 4),
    preemptions: Math.floor((share * 4_689) / 4),
    usdPerVmHour: price,
  };
}

function jobAt(region: string, share: number): JobSnapshot {
  const succeeded = Math.floor(3250 * share);
  const running = Math.min(123, 3250 - succeeded);
  return {
    jobId: `fepcast-7f3a-${region}-0`,
    region,
    state: share === 1 ? 'SUCCEEDED' : 'RUNNING',
    pending: 3250 - succeeded - running,
    assigned: 0,
    running,
    succeeded,
    failed: 0,
  };
}

/** The same, as an execution sees it in its first minute: much is not known yet. */
export function campaignWithUnknowns(): Snapshot {
  const known = campaignAt(0.01);
  return {
    ...known,
    source: 'execute',
    molecules: { total: 1000, complete: null },
    regions: known.regions.map((region) => ({
      ...region,
      vms: null,
      gpuQuota: null,
      preemptions: null,
      usdPerVmHour: null,
    })),
    bucket: {
      writesPerSecond: null,
      limitPerSecond: null,
      peakWritesPerSecond: null,
      http429: null,
      checkpointsWritten: null,
    },
    attempts: null,
    preemptions: null,
    lostWorkHours: null,
    cost: { spentUsd: null, budgetUsd: null },
    forecast: { makespanHours: null, costUsd: null },
    messages: [],
  };
}

/** Rolling waves: 20 jobs of 650 tasks, of which some wait, run, failed and are done. */
export function rollingCampaign(): Snapshot {
  const states = ['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'RUNNING', 'QUEUED'] as const;
  const base = campaignAt(0.3);
  const jobs = Array.from({ length: 20 }, (_, wave): JobSnapshot => {
    const state = states[Math.min(states.length - 1, Math.floor(wave / 2))]!;
    const succeeded = state === 'SUCCEEDED' ? 650 : state === 'RUNNING' ? 210 : state === 'FAILED' ? 640 : 0;
    const running = state === 'RUNNING' ? 250 : 0;
    const failed = state === 'FAILED' ? 10 : 0;
    const pending = 650 - succeeded - running - failed;
    return {
      jobId: `fepcast-r-wave-${wave}`,
      region: 'us-central1',
      state,
      pending,
      assigned: 0,
      running,
      succeeded,
      failed,
    };
  });
  return {
    ...base,
    source: 'simulate',
    jobs,
    tasks: { ...base.tasks, failed: 20, pending: base.tasks.pending - 20 },
  };
}
