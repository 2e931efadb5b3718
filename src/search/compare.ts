import type { CostPart, Forecast } from '../plan/forecast.js';
import { lintPlan } from '../plan/lint.js';
import { makePlan } from '../plan/makePlan.js';
import type { Plan } from '../plan/plan.js';
import type { Scenario } from '../scenario/scenario.js';
import { type ForecastOptions, forecastPlan, openPool } from '../sim/workers.js';
import { decisionsOf, STRATEGIES, type StrategyName } from './strategies.js';

export interface ComparedStrategy {
  name: StrategyName;
  plan: Plan;
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
}

/** The named strategies for one scenario, each forecast from the same replications (same luck, same guesses). */
export async function compareStrategies(
  scenario: Scenario,
  options: ForecastOptions,
): Promise<{ strategies: ComparedStrategy[] }> {
  const pool = options.pool ?? (await openPool(options.workers));
  const total = STRATEGIES.length * options.replications;
  let done = 0;
  const onProgress = () => {
    done += 1;
    options.onProgress?.(done, total);
  };
  try {
    const strategies = await Promise.all(
      STRATEGIES.map(async (name): Promise<ComparedStrategy> => {
        const plan = makePlan(scenario, decisionsOf(name, scenario));
        const { forecast, costBreakdownUsd } = await forecastPlan(plan, { ...options, pool, onProgress });
        return { name, plan: { ...plan, forecast, findings: lintPlan(plan) }, forecast, costBreakdownUsd };
      }),
    );
    return { strategies };
  } finally {
    if (!options.pool) await pool.close();
  }
}
