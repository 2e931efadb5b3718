import type { CostPart, Forecast } from '../plan/forecast.js';
import { lintPlan } from '../plan/lint.js';
import { makePlan } from '../plan/makePlan.js';
import { NeverFinishesError, whyNeverFinishes } from '../plan/neverFinishes.js';
import type { Plan } from '../plan/plan.js';
import type { Scenario } from '../scenario/scenario.js';
import { type ForecastOptions, forecastPlan, openPool } from '../sim/workers.js';
import { decisionsOf, STRATEGIES, type StrategyName } from './strategies.js';

/** One of the plans that were compared, with the forecast and the findings that it got. */
export interface ComparedPlan<Name extends string = string> {
  name: Name;
  plan: Plan;
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
}

export type ComparedStrategy = ComparedPlan<StrategyName>;

/**
 * The named strategies for one scenario, each forecast from the same replications (same luck, same guesses). Throws
 * NeverFinishesError if the quotas let none of them finish.
 */
export async function compareStrategies(
  scenario: Scenario,
  options: ForecastOptions,
): Promise<{ strategies: ComparedStrategy[] }> {
  const plans = STRATEGIES.map((name) => ({ name, plan: makePlan(scenario, decisionsOf(name, scenario)) }));
  const reasons = plans.map(({ plan }) => whyNeverFinishes(plan));
  if (reasons.every((reason) => reason !== null)) {
    throw new NeverFinishesError(`can never finish, with any strategy: ${reasons[0]}`);
  }
  return { strategies: await comparePlans(plans, options) };
}

/** Each plan's forecast, from the same replications, so that a difference is the plans' and not luck's. */
export async function comparePlans<Name extends string>(
  plans: readonly { name: Name; plan: Plan }[],
  options: ForecastOptions,
): Promise<ComparedPlan<Name>[]> {
  const pool = options.pool ?? (await openPool(options.workers));
  const total = plans.length * options.replications;
  let done = 0;
  const onProgress = () => {
    done += 1;
    options.onProgress?.(done, total);
  };
  try {
    return await Promise.all(
      plans.map(async ({ name, plan }): Promise<ComparedPlan<Name>> => {
        const { forecast, costBreakdownUsd } = await forecastPlan(plan, { ...options, pool, onProgress });
        return { name, plan: { ...plan, forecast, findings: lintPlan(plan) }, forecast, costBreakdownUsd };
      }),
    );
  } finally {
    if (!options.pool) await pool.close();
  }
}
