import type { Plan } from '../plan/plan.js';
import { storageCost } from '../plan/storageCost.js';
import type { RunJob } from './runJob.js';
import { estimateStorageUse } from './storageUse.js';
import { usdPerVmHour } from './vmPrice.js';

/** What the jobs have cost, in USD: VMs as their tasks' events tell, storage estimated from the time in which tasks ran. */
export function spentUsd(
  plan: Plan,
  jobs: readonly RunJob[],
  { now, isOver }: { now: number; isOver: boolean },
): number {
  const ends = jobs.flatMap((job) => job.account?.endTime ?? []);
  const end = isOver && ends.length > 0 ? Math.max(...ends) : now;
  let usd = 0;
  for (const job of jobs) {
    const busy = job.counts.assigned + job.counts.running;
    const since = busy * Math.max(0, now - (job.spentAt ?? now));
    usd += ((job.spentVmSeconds + since) / 3600) * usdPerVmHour(plan, job.intended.shard);
    if (job.account === null) continue;
    const { times, attempts } = job.account;
    const use = estimateStorageUse(plan, { region: job.intended.shard.region, times, attempts }, end);
    usd += Object.values(storageCost(plan.scenario.resolved.prices, use)).reduce(
      (sum, part) => sum + part,
      0,
    );
  }
  return usd;
}
