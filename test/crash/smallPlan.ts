import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { TaskRange } from '../../src/plan/taskRanges.js';
import type { Decisions } from '../../src/scenario/scenario.js';
import { scenarioOf } from '../exec/plans.js';

export const REGIONS = ['us-central1', 'us-east1'];
export const WINDOWS = 3;

/** The run of such a plan in the tests. */
export const RUN = 'fc-crash';

/** Windows that are run again at the end: a molecule, and a part of one in the other region. */
export const RERUN: readonly TaskRange[] = [
  { first: 3, count: 3 },
  { first: 10, count: 2 },
];

/**
 * Two regions with two waves of one molecule each. Half an hour of work on VMs of which most live no longer, and one
 * retry: hardly any job ends without a remainder.
 */
export function smallPlan(decisions: Partial<Decisions> = {}, molecules = 4): Plan {
  const scenario = scenarioOf(
    { molecules, windows: WINDOWS },
    {
      parallelism: Object.fromEntries(REGIONS.map((region) => [region, WINDOWS])),
      maxRetries: 1,
      waves: { size: 1, start: 'drained' },
      remainder: { policy: 'sameRegion', maxRounds: 60 },
      checkpoint: {
        policy: 'periodic',
        intervalSeconds: 300,
        jitterSeconds: 60,
        firstPhase: 'random',
        flushOnNotice: true,
      },
      ...decisions,
    },
    REGIONS,
  );
  return makePlan({
    ...scenario,
    campaign: { ...scenario.campaign, taskDurationSeconds: { uniform: [1200, 2400] } },
    regions: Object.fromEntries(
      Object.entries(scenario.regions).map(([name, region]) => [
        name,
        {
          ...region,
          quota: { ...region.quota, onDemandGpus: 10 },
          hazard: { constant: { hourlySurvival: 0.2 } },
        },
      ]),
    ),
    objective: { ...scenario.objective, budgetUsd: 1_000_000 },
  });
}
