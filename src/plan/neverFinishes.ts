import type { Provisioning } from '../scenario/scenario.js';
import { grouped } from './lint/finding.js';
import { usableVms } from './lint/quota.js';
import { type Plan, PROVISIONING_WORDS, type Shard } from './plan.js';

/** A plan with tasks that can run nowhere: simulating it would only let time pass. */
export class NeverFinishesError extends Error {
  override name = 'NeverFinishesError';
}

/** Throws NeverFinishesError, with the reason, for a plan that certainly cannot finish every task. */
export function assertCanFinish(plan: Plan): void {
  const reason = whyNeverFinishes(plan);
  if (reason !== null) throw new NeverFinishesError(`can never finish: ${reason}`);
}

/**
 * Why some tasks of the plan can never run, or null: not one VM fits into the quota wherever they may go. Bad luck,
 * however likely, is no reason.
 */
export function whyNeverFinishes(plan: Plan): string | null {
  let tasks = 0;
  /** What is missing -> the regions where it is. */
  const missing = new Map<string, Set<string>>();
  for (const shard of plan.shards) {
    const faults = placesOf(plan, shard).map((place) => ({ ...place, fault: missingQuota(plan, place) }));
    if (faults.some(({ fault }) => fault === null)) continue;
    tasks += shard.taskCount;
    for (const { fault, region } of faults) {
      missing.set(fault as string, (missing.get(fault as string) ?? new Set()).add(region));
    }
  }
  const all = plan.campaign.tasks;
  if (plan.shards.length === 0)
    return `no region has quota for a VM: all ${grouped(all)} tasks can never run`;
  if (tasks === 0) return null;
  const reasons = [...missing].map(([fault, regions]) => `${fault} in ${[...regions].join(', ')}`);
  const share = tasks === all ? `all ${grouped(all)}` : `${grouped(tasks)} of ${grouped(all)}`;
  return `${reasons.join('; ')}: ${share} tasks can never run`;
}

interface Place {
  region: string;
  provisioning: Provisioning;
}

/** Where tasks of the shard may come to run: its own place, and where its remainder may go. */
function placesOf(plan: Plan, shard: Shard): Place[] {
  const { region, provisioning } = shard;
  const places: Place[] = [{ region, provisioning }];
  const { policy, maxRounds } = plan.remainder;
  // A job leaves a remainder once it has failed, and one without any VM fails by its time in QUEUED alone.
  const fails = plan.scenario.resolved.batch.limits.queuedSeconds !== null;
  if (!fails || maxRounds === 0) return places;
  if (policy === 'onDemand') places.push({ region, provisioning: 'onDemand' });
  if (policy === 'anyRegion') {
    places.push(...plan.shards.map((other) => ({ region: other.region, provisioning })));
  }
  return places;
}

/** "no Spot VM fits into quota.spotGpus (found 0, one takes 1)"; null where one fits. */
function missingQuota(plan: Plan, { region, provisioning }: Place): string | null {
  const settings = plan.scenario.resolved.regions[region];
  // A region that the scenario lacks is the linter's business.
  if (!settings) return null;
  const { vms, quota, granted, perVm } = usableVms(plan, settings, provisioning);
  if (vms > 0) return null;
  return `no ${PROVISIONING_WORDS[provisioning]} VM fits into quota.${quota} (found ${granted}, one takes ${perVm})`;
}
