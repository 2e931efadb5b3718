import { mean, quantileSorted, sampleStandardDeviation } from 'simple-statistics';
import {
  COST_PARTS,
  type CostPart,
  type Forecast,
  METRICS,
  MOLECULE_SHARES,
  type MoleculeProgress,
  type Outcome,
  RISK_SHARES,
  type Summary,
} from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { drawGuesses } from './guesses.js';
import { simulateOnce } from './simulateOnce.js';

/**
 * Replication `r` of a plan. Its luck, and its draw of the guesses if `uncertainty` is on, depend on (seed, r)
 * alone: two plans for one scenario see the same.
 */
export function replicate(plan: Plan, seed: string, r: number, uncertainty: boolean): Outcome {
  return simulateOnce(planOfReplication(plan, seed, r, uncertainty), keyOf(seed, r));
}

/** The seed of the World of replication `r`. */
export function keyOf(seed: string, r: number): string {
  return `${seed}/${r}`;
}

/** The plan in the world that replication `r` assumes: with its draw of the guesses, if `uncertainty` is on. */
export function planOfReplication(plan: Plan, seed: string, r: number, uncertainty: boolean): Plan {
  if (!uncertainty) return plan;
  const resolved = drawGuesses(plan.scenario.resolved, keyOf(seed, r));
  return { ...plan, scenario: { ...plan.scenario, resolved } };
}

/** Outcomes in the order of their replications as a forecast, and the mean cost by part (it adds up to the mean). */
export function summarise(outcomes: readonly Outcome[]): {
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
  moleculesOverTime: MoleculeProgress[];
  moleculesAtRiskOverTime: MoleculeProgress[];
} {
  const forecast = {} as Forecast;
  for (const metric of METRICS)
    forecast[metric] = summaryOf(outcomes.map((outcome) => outcome.metrics[metric]));
  const costBreakdownUsd = {} as Record<CostPart, number>;
  for (const part of COST_PARTS) {
    costBreakdownUsd[part] = mean(outcomes.map((outcome) => outcome.costBreakdownUsd[part]));
  }
  return {
    forecast,
    costBreakdownUsd,
    moleculesOverTime: MOLECULE_SHARES.map((share, i) => progressAt('moleculeHours', share, i)),
    moleculesAtRiskOverTime: RISK_SHARES.map((share, i) => progressAt('riskHours', share, i)),
  };

  function progressAt(which: 'moleculeHours' | 'riskHours', share: number, i: number): MoleculeProgress {
    const hours = outcomes.flatMap((outcome) => outcome[which][i] ?? []);
    if (hours.length === 0) return { share, hours: null };
    const { p10, p50, p90 } = summaryOf(hours);
    return { share, hours: { p10, p50, p90 } };
  }
}

export function summaryOf(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (p: number) => quantileSorted(sorted, p);
  return {
    mean: mean(sorted),
    sd: sorted.length < 2 ? 0 : sampleStandardDeviation(sorted),
    p1: quantile(0.01),
    p10: quantile(0.1),
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
  };
}
