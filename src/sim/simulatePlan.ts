import type { Plan } from '../plan/plan.js';
import { explainSpread, extraReplications, type Uncertainty } from './uncertainty.js';
import { type ForecastOptions, forecastPlan, openPool, type PlanForecast } from './workers.js';

export interface SimulatedPlan extends PlanForecast {
  /** Null where no guess was drawn: then all of the spread is luck. */
  uncertainty: Uncertainty | null;
}

/** A plan's forecast, and how much of its spread is luck and how much is not knowing the inputs. */
export async function simulatePlan(plan: Plan, options: ForecastOptions): Promise<SimulatedPlan> {
  const { seed, replications, uncertainty = false, signal } = options;
  const extra = extraReplications(plan, replications, uncertainty);
  const pool = options.pool ?? (await openPool(Math.min(options.workers, replications)));
  let done = 0;
  const onProgress = (): void => {
    done += 1;
    options.onProgress?.(done, replications + extra);
  };
  try {
    const forecast = await forecastPlan(plan, { ...options, pool, onProgress });
    const explained =
      extra === 0
        ? null
        : await explainSpread(plan, forecast.outcomes, { seed, pool, signal, onDone: onProgress });
    return { ...forecast, uncertainty: explained };
  } finally {
    if (!options.pool) await pool.close();
  }
}
