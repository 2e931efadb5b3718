import type { Forecast, MoleculeProgress } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import type { Uncertainty } from '../sim/uncertainty.js';
import { HORIZON_SECONDS } from '../sim/world/outcome.js';
import { formatCount, formatUsd } from '../ui/format.js';
import { duration, plural } from './summary.js';

/** How many tasks the plan is expected to give up on; null where every replication finished them all. */
export function lostTasksLine(plan: Plan, { tasksFailed, makespanHours }: Forecast): string | null {
  if (tasksFailed.mean === 0) return null;
  const { mean, p10, p90 } = tasksFailed;
  const lost = mean < 1 ? 'fewer than 1' : formatCount(mean);
  const share = `${lost} of ${plural(plan.campaign.tasks, 'task')}`;
  const range = p10 === p90 ? '' : ` (p10–p90: ${formatCount(p10)}–${formatCount(p90)})`;
  const { policy, maxRounds } = plan.remainder;
  const rounds = policy === 'leave' ? 0 : maxRounds;
  const again = rounds === 0 ? 'no second job' : `up to ${plural(rounds, 'more job')}`;
  const retries = Math.max(...plan.shards.map((shard) => shard.maxRetryCount));
  const late = makespanHours.p90 * 3600 >= HORIZON_SECONDS ? '; the simulation stops after a year' : '';
  return `Expected to be lost: ${share}${range}, with ${plural(retries, 'retry', 'retries')} in a job and ${again} for what it leaves${late}.`;
}

/** When a tenth, half and nine tenths of the molecules are complete: medians. */
export function moleculesLine(progress: readonly MoleculeProgress[]): string {
  const told = progress
    .filter(({ share }) => [0.1, 0.5, 0.9, 1].includes(share))
    .map(({ share, hours }) => {
      const percent = `${Math.round(share * 100)} %`;
      return hours ? `${percent} after ${duration(hours.p50 * 3600)}` : `${percent} never`;
    });
  return `\nMolecules complete: ${told.join(', ')}.`;
}

/** Luck and ignorance apart, as standard deviations. */
export function spreadLine({ makespanHours, costUsd }: Forecast, { luck, ignorance }: Uncertainty): string {
  const part = (spread: { makespanHours: number; costUsd: number }): string =>
    `${duration(spread.makespanHours * 3600)} and ${formatUsd(spread.costUsd)}`;
  const all = part({ makespanHours: makespanHours.sd, costUsd: costUsd.sd });
  return `Of the spread (sd: ${all}), luck makes ${part(luck)}, not knowing the guesses ${part(ignorance)}.`;
}
