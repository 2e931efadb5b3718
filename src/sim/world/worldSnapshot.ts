import type { Plan } from '../../plan/plan.js';
import type { JobSnapshot, RegionSnapshot, RunState, Snapshot, TaskCounts } from '../../plan/snapshot.js';
import { machineUsdPerHour } from '../../plan/vmPrice.js';
import { gpuQuotaOf } from '../../scenario/gpuQuota.js';
import { measure } from './outcome.js';
import type { World } from './world.js';

/** The World as a snapshot; `plan` adds the forecast and the budget to hold it against. */
export function snapshotOf(world: World, plan: Plan | null, source: Snapshot['source']): Snapshot {
  const { scenario } = world;
  const ended = world.jobs.length > 0 && world.jobs.every((job) => job.isFinal);
  const { metrics } = measure(world, ended);
  const jobs = world.jobs.map((job): JobSnapshot => {
    const { total: _total, ...counts } = job.taskCounts();
    return { jobId: job.spec.jobId, region: job.spec.region, state: job.state, ...counts };
  });
  const start = Math.min(world.firstSubmitAt, world.now);
  return {
    source,
    name: scenario.name,
    runId: null,
    state: stateOf(world),
    elapsedSeconds: world.now - start,
    tasks: sumCounts(world),
    molecules: { total: scenario.campaign.molecules, complete: metrics.moleculesComplete },
    regions: world.regions.map((region): RegionSnapshot => {
      const own = jobs.filter((job) => job.region === region.name);
      const { provisioning } = scenario.decisions;
      return {
        region: region.name,
        vms: region.vms,
        gpuQuota: region.settings.quota[gpuQuotaOf(provisioning)],
        running: own.reduce((sum, job) => sum + job.running, 0),
        pending: own.reduce((sum, job) => sum + job.pending, 0),
        preemptions: region.preemptions,
        usdPerVmHour: machineUsdPerHour(region.settings.price, provisioning),
      };
    }),
    jobs,
    bucket: {
      writesPerSecond: sumOrNull(world.buckets.map((bucket) => bucket.writesPerSecondAt(world.now))),
      limitPerSecond: sumOrNull(world.buckets.map((bucket) => bucket.writeLimit)),
      peakWritesPerSecond: metrics.peakWritesPerSecond,
      http429: metrics.http429,
      checkpointsWritten: metrics.checkpointsWritten,
    },
    attempts: metrics.attempts,
    preemptions: metrics.preemptions,
    lostWorkHours: metrics.lostWorkHours,
    cost: { spentUsd: metrics.costUsd, budgetUsd: plan?.guard.budgetUsd ?? null },
    forecast: {
      makespanHours: plan?.forecast?.makespanHours ?? null,
      costUsd: plan?.forecast?.costUsd ?? null,
    },
    messages: [],
  };
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  );
}

function stateOf(world: World): RunState {
  if (world.jobs.length === 0 || world.jobs.some((job) => !job.isFinal)) return 'running';
  if (world.jobs.every((job) => job.state === 'CANCELLED')) return 'cancelled';
  return world.jobs.every((job) => job.state === 'SUCCEEDED') ? 'succeeded' : 'failed';
}

/** Tasks of the campaign by state: a task that a later job took over counts where it is now. */
function sumCounts(world: World): TaskCounts {
  const { campaign } = world.scenario;
  const counts: TaskCounts = {
    total: campaign.molecules * campaign.windows,
    pending: 0,
    assigned: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
  };
  for (const job of world.jobs) {
    const own = job.taskCounts();
    counts.assigned += own.assigned;
    counts.running += own.running;
    if (!job.isFinal) counts.failed += own.failed;
    if (job.spec.tasks === null) counts.total += own.total;
  }
  for (const done of world.tasks.done) counts.succeeded += done;
  if (world.jobs.length > 0 && world.jobs.every((job) => job.isFinal))
    counts.failed = counts.total - counts.succeeded;
  counts.pending = counts.total - counts.assigned - counts.running - counts.succeeded - counts.failed;
  return counts;
}
