import { type Plan, PROVISIONING_WORDS } from '../../plan/plan.js';
import type { LivePrices } from '../live/prices.js';
import { type Check, listed, passed, warned } from './check.js';
import { wantedVms } from './needs.js';

/** Spot prices move by some per cent at a time; above this the forecast's cost is another one. */
const TOLERANCE = 0.1;

/** Whether the plan was priced as Google prices today. Flex-start VMs have no line of their own that can be trusted. */
export function checkPrices(plan: Plan, { byRegion }: LivePrices): Check {
  const unknown: string[] = [];
  const moved: string[] = [];
  for (const { region, provisioning } of wantedVms(plan)) {
    if (provisioning === 'flexStart') continue;
    const key = provisioning === 'spot' ? 'spotUsdPerHour' : 'onDemandUsdPerHour';
    const today = byRegion[region]?.[key] ?? null;
    const planned = plan.scenario.resolved.regions[region]?.price[key] ?? 0;
    if (today === null) unknown.push(region);
    else if (Math.abs(today - planned) > TOLERANCE * planned) {
      moved.push(
        `${PROVISIONING_WORDS[provisioning]} in ${region} is ${today.toFixed(3)} USD/h and not ${planned.toFixed(3)}`,
      );
    }
  }
  if (moved.length > 0) {
    return warned(
      'prices',
      `The plan's prices are not today's: ${listed(moved)}.`,
      'fepcast plan SCENARIO --live',
    );
  }
  if (unknown.length > 0) return warned('prices', `Not verified: no clear list price in ${listed(unknown)}.`);
  return passed('prices', "The plan's prices are today's list prices.");
}
