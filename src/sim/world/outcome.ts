import { COST_PARTS, MOLECULE_SHARES, NEVER_HOURS, type Outcome, RISK_SHARES } from '../../plan/forecast.js';
import { storageCost } from '../../plan/storageCost.js';
import type { World } from './world.js';

/** Every simulation ends after a year; what is unfinished then counts as failed. */
export const HORIZON_SECONDS = NEVER_HOURS * 3600;

/**
 * The outcome of a World up to now. Once it has `ended`, work in the checkpoints of tasks that never succeeded was
 * done and not kept, so it moves from useful to lost.
 */
export function measure(world: World, ended: boolean): Outcome {
  world.catchUp();
  const { scenario, tally, tasks } = world;
  const usd = { ...tally.usd };
  let lostSeconds = tally.lostSeconds;
  let succeeded = 0;
  let total = scenario.campaign.molecules * scenario.campaign.windows;
  for (const job of world.jobs) if (job.spec.tasks === null) total += job.spec.taskCount;
  for (let task = 0; task < tasks.done.length; task += 1) {
    if (tasks.done[task] === 1) {
      succeeded += 1;
    } else if (ended) {
      lostSeconds += tasks.durable[task] as number;
      const paid = tasks.durableUsd[task] as number;
      usd.usefulWork -= paid;
      usd.lostWork += paid;
    }
  }
  const end = world.jobs.every((job) => job.isFinal) ? world.lastFinalAt : world.now;
  Object.assign(
    usd,
    storageCost(scenario.prices, {
      writes: tally.writesBilled,
      reads: tally.readsBilled,
      byteSeconds: tally.byteSecondsAt(end),
      overwrittenBytes: tally.overwrittenBytes,
      crossRegionBytes: tally.crossRegionBytes,
    }),
  );
  // Rounding may leave a part a hair below nothing.
  for (const part of COST_PARTS) usd[part] = Math.max(0, usd[part]);
  const costUsd = Object.values(usd).reduce((sum, part) => sum + part, 0);
  const started = world.jobs.length > 0;
  const { molecules } = scenario.campaign;
  const timesAtRisk = tasks.timesAtRisk();
  return {
    metrics: {
      makespanHours: started ? (end - world.firstSubmitAt) / 3600 : 0,
      costUsd,
      vmHours: tally.billedSeconds / 3600,
      lostWorkHours: lostSeconds / 3600,
      attempts: tally.attempts,
      preemptions: tally.preemptions,
      tasksSucceeded: succeeded,
      tasksFailed: total - succeeded,
      moleculesComplete: tasks.moleculesComplete,
      moleculesAtRisk: ended ? molecules - tasks.moleculesComplete : timesAtRisk.length,
      firstMoleculeHours:
        tasks.firstMoleculeAt > HORIZON_SECONDS
          ? NEVER_HOURS
          : (tasks.firstMoleculeAt - world.firstSubmitAt) / 3600,
      checkpointsWritten: tally.checkpointsWritten,
      checkpointsSkipped: tally.checkpointsSkipped,
      http429: world.buckets.reduce((sum, bucket) => sum + bucket.refused, 0),
      peakWritesPerSecond: Math.max(...world.buckets.map((bucket) => bucket.peakWritesPerSecond)),
      peakVms: world.peakVms,
      imagePulls: tally.imagePulls,
    },
    costBreakdownUsd: usd,
    moleculeHours: MOLECULE_SHARES.map((share) => {
      const needed = Math.ceil(share * molecules);
      if (tasks.moleculesComplete < needed) return null;
      return ((tasks.completedAt[needed - 1] as number) - world.firstSubmitAt) / 3600;
    }),
    riskHours: RISK_SHARES.map((share) => {
      const at = timesAtRisk[Math.max(1, Math.ceil(share * molecules)) - 1];
      return at === undefined ? null : (at - world.firstSubmitAt) / 3600;
    }),
    events: tally.events,
    folded: world.fold,
  };
}
