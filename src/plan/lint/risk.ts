import type { Hazard, Scenario, Shocks } from '../../scenario/scenario.js';
import type { PlanFile, ShardFile } from '../planFile.js';
import { scenarioRegionOf } from './finding.js';
import { wavesOf } from './quota.js';
import type { RaisedHazard } from './survival.js';

const NO_HAZARD: Hazard = { constant: { hourlySurvival: 1 } };
const HOURS_OF_DAY = 24;

/**
 * How a VM of the shard is at risk, on average over the campaign: the hazard by age, times the day's mean factor and
 * the load factor with all the VMs that the shard's wave may have, and on top of it the shocks. For one VM shocks are
 * as good as a constant hazard; that they hit many at once does not change a mean.
 */
export function vmRisk(plan: PlanFile, shard: ShardFile): RaisedHazard {
  const place = shard.provisioning === 'spot' ? scenarioRegionOf(plan, shard) : null;
  if (place === null) return { byAge: NO_HAZARD, factor: 1, perHour: 0 };
  const { spot } = plan.scenario.resolved;
  const { hazard, shocks, zones } = place.region;
  return {
    byAge: hazard,
    factor: meanDayFactor(spot) * loadFactor(plan, shard),
    perHour: shocks === null ? 0 : hitsPerHour(shocks, zones.length),
  };
}

function meanDayFactor({ timeOfDay }: Scenario['spot']): number {
  if (timeOfDay === null) return 1;
  const { dayFactor, nightFactor, dayFromHour, dayToHour } = timeOfDay;
  const day = (dayToHour - dayFromHour) / HOURS_OF_DAY;
  return day * dayFactor + (1 - day) * nightFactor;
}

function loadFactor(plan: PlanFile, shard: ShardFile): number {
  const { loadFactor: most } = plan.scenario.resolved.spot;
  const pool = scenarioRegionOf(plan, shard)?.region.capacity.poolVms ?? null;
  if (most === 0 || pool === null) return 1;
  const wave = wavesOf(plan).find(({ shards }) => shards.some((other) => other.shard === shard));
  const vms = wave ? Math.min(wave.parallelism, wave.usable.vms) : shard.parallelism;
  return 1 + most * Math.min(1, vms / pool);
}

/** Shocks that hit one VM, an hour: one of a zone strikes the VM's own zone once in so many. */
function hitsPerHour({ perHour, share, scope }: Shocks, zones: number): number {
  const mean = 'constant' in share ? share.constant : (share.uniform[0] + share.uniform[1]) / 2;
  return (perHour * mean) / (scope === 'zone' ? Math.max(1, zones) : 1);
}
