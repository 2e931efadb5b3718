import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { drawGuesses } from '../../src/sim/guesses.js';
import { summaryOf } from '../../src/sim/replicate.js';
import { forecastPlan } from '../../src/sim/workers.js';
import { referenceScenario } from './exampleScenario.js';

function small(): Scenario {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 20;
  return scenario;
}

describe('a forecast', () => {
  test('is the same when asked again and its cost parts add up to its mean cost', async () => {
    const plan = makePlan(small());
    const options = { seed: '1', replications: 6, workers: 1 };
    const a = await forecastPlan(plan, options);
    const b = await forecastPlan(plan, options);
    expect(b.forecast).toEqual(a.forecast);
    const parts = Object.values(a.costBreakdownUsd).reduce((sum, part) => sum + part, 0);
    expect(parts).toBeCloseTo(a.forecast.costUsd.mean, 9);
  });

  test('tells when shares of the molecules are complete: rising, from the first to the last', async () => {
    const plan = makePlan(small());
    const options = { seed: '1', replications: 6, workers: 1 };
    const { moleculesOverTime, forecast } = await forecastPlan(plan, options);
    const medians = moleculesOverTime.map(({ hours }) => hours!.p50);
    expect(moleculesOverTime.map(({ share }) => share)).toEqual([0.1, 0.25, 0.5, 0.75, 0.9, 1]);
    expect(medians).toEqual([...medians].sort((a, b) => a - b));
    expect(medians[0]).toBeGreaterThanOrEqual(forecast.firstMoleculeHours.p10);
    expect(medians.at(-1)).toBeCloseTo(forecast.makespanHours.p50, 9);
  });

  test('more replications leave the first ones as they were', async () => {
    const plan = makePlan(small());
    const few = await forecastPlan(plan, { seed: '1', replications: 3, workers: 1 });
    const more = await forecastPlan(plan, { seed: '1', replications: 5, workers: 1 });
    expect(more.outcomes.slice(0, 3)).toEqual(few.outcomes);
  });
});

test('summaries give the mean, the spread and the quantiles', () => {
  const values = Array.from({ length: 101 }, (_, i) => i);
  expect(summaryOf(values)).toMatchObject({ mean: 50, p1: 1, p10: 10, p50: 50, p90: 90, p99: 99 });
  expect(summaryOf([7])).toEqual({ mean: 7, sd: 0, p1: 7, p10: 7, p50: 7, p90: 7, p99: 7 });
});

describe('guesses', () => {
  const path = 'regions.us-central1.hazard.constant.hourlySurvival';
  test('are drawn within their range, log-uniformly in the hazard', () => {
    const scenario = { ...small(), guesses: { [path]: { low: 0.7, high: 0.99 } } };
    const rates = Array.from({ length: 2_000 }, (_, r) => {
      const { hazard } = drawGuesses(scenario, `g/${r}`).regions['us-central1']!;
      const survival = 'constant' in hazard ? hazard.constant.hourlySurvival : Number.NaN;
      expect(survival).toBeGreaterThanOrEqual(0.7);
      expect(survival).toBeLessThanOrEqual(0.99);
      return -Math.log(survival);
    });
    const middle = Math.sqrt(-Math.log(0.7) * -Math.log(0.99));
    const below = rates.filter((rate) => rate < middle).length / rates.length;
    // Binomial, 4 standard errors of a half.
    expect(Math.abs(below - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / rates.length));
  });

  test('leave a scenario without ranges as it is', () => {
    const scenario = small();
    expect(drawGuesses(scenario, 's')).toBe(scenario);
  });
});
