import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { guessesOf } from '../../src/sim/guesses.js';
import { simulatePlan } from '../../src/sim/simulatePlan.js';
import { Purpose, Streams } from '../../src/sim/streams.js';
import { splitVariance } from '../../src/sim/uncertainty.js';
import { referenceScenario } from './exampleScenario.js';

const HAZARD = 'regions.us-central1.hazard.constant.hourlySurvival';

/** One molecule on few VMs, without checkpoints: much luck, and a hazard that is not known. */
function uncertain(range: { low: number; high: number }): Scenario {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 1;
  scenario.decisions.parallelism = { 'us-central1': 4 };
  scenario.decisions.checkpoint.policy = 'none';
  scenario.guesses = { [HAZARD]: range };
  return scenario;
}

describe('the split of a variance', () => {
  /** Y = a x theta + b x luck, with standard normal theta and luck. */
  function split(a: number, b: number, n: number, pairs: number) {
    const streams = new Streams(`${a} ${b}`);
    const normal = (r: number, k: number) => streams.normal(r, k, Purpose.guess, 0);
    const values = Array.from({ length: n }, (_, r) => a * normal(r, 0) + b * normal(r, 1));
    const again = Array.from({ length: pairs }, (_, r) => a * normal(r, 0) + b * normal(r, 2));
    return splitVariance(values, again);
  }

  test.each([
    [3, 1],
    [1, 3],
    [1, 1],
  ])('finds %d² between and %d² within', (a, b) => {
    const n = 20_000;
    const { within, between } = split(a, b, n, n);
    const total = a * a + b * b;
    // Normal variances: a sample variance s² has the standard error s² x sqrt(2 / n).
    expect(Math.abs(within - b * b)).toBeLessThan(4 * b * b * Math.sqrt(2 / n));
    expect(Math.abs(between - a * a)).toBeLessThan(4 * (total + b * b) * Math.sqrt(2 / n));
  });

  test('without guesses finds nothing between, but for chance', () => {
    const { within, between } = split(0, 1, 5_000, 5_000);
    expect(Math.abs(within - 1)).toBeLessThan(4 * Math.sqrt(2 / 5_000));
    expect(between).toBeLessThan(4 * 2 * Math.sqrt(2 / 5_000));
  });

  test('without luck finds nothing within', () => {
    expect(split(2, 0, 50, 20).within).toBe(0);
  });
});

describe('a forecast with guesses', () => {
  const options = { seed: '1', replications: 40, workers: 1, uncertainty: true };

  test('tells luck from ignorance; their squares add up to that of its sd', async () => {
    const plan = makePlan(uncertain({ low: 0.5, high: 0.99 }));
    const { forecast, uncertainty } = await simulatePlan(plan, options);
    const { luck, ignorance, guesses } = uncertainty!;
    for (const metric of ['makespanHours', 'costUsd'] as const) {
      expect(luck[metric]).toBeGreaterThan(0);
      expect(ignorance[metric]).toBeGreaterThan(0);
      expect(Math.hypot(luck[metric], ignorance[metric])).toBeCloseTo(forecast[metric].sd, 9);
    }
    expect(guesses).toEqual([
      { path: 'regions.*.hazard.constant.hourlySurvival', low: 0.5, high: 0.99, values: [0.95] },
    ]);
  });

  test('has, for a guess with nothing to guess, the luck of that one world', async () => {
    const known = makePlan(uncertain({ low: 0.9, high: 0.9 }));
    const { uncertainty } = await simulatePlan(known, { ...options, replications: 20 });
    const alone = makePlan({ ...uncertain({ low: 0.9, high: 0.9 }), guesses: {} });
    alone.scenario.resolved.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.9 } };
    const { forecast } = await simulatePlan(alone, { ...options, replications: 400 });
    const { sd } = forecast.costUsd;
    // 20 pairs: the variance to sqrt(2 / 20); costs are more skewed than normal ones, hence 4 of them.
    const ratio = uncertainty!.luck.costUsd ** 2 / sd ** 2;
    expect(Math.abs(ratio - 1)).toBeLessThan(4 * Math.sqrt(2 / 20));
  });

  test('leaves the forecast itself as it is, on any progress told in full', async () => {
    const plan = makePlan(uncertain({ low: 0.5, high: 0.99 }));
    const told: string[] = [];
    const onProgress = (done: number, total: number) => told.push(`${done}/${total}`);
    const a = await simulatePlan(plan, { ...options, replications: 5, onProgress });
    const b = await simulatePlan(plan, { ...options, replications: 6 });
    expect(told.at(-1)).toBe('10/10');
    expect(b.outcomes.slice(0, 5)).toEqual(a.outcomes);
  });

  test.each([
    ['uncertainty is off', { ...options, uncertainty: false }, { low: 0.5, high: 0.99 }],
    ['there is one replication', { ...options, replications: 1 }, { low: 0.5, high: 0.99 }],
    ['there is no guess', options, null],
  ])('has nothing to split when %s', async (_, sampling, range) => {
    const scenario = uncertain(range ?? { low: 0.5, high: 0.99 });
    if (range === null) scenario.guesses = {};
    const { uncertainty } = await simulatePlan(makePlan(scenario), {
      ...sampling,
      replications: Math.min(3, sampling.replications),
    });
    expect(uncertainty).toBeNull();
  });
});

test('a guess in several regions is one guess, with the values that it has there', () => {
  const scenario = uncertain({ low: 0.7, high: 0.99 });
  const region = scenario.regions['us-central1']!;
  scenario.regions['us-east1'] = { ...region, hazard: { constant: { hourlySurvival: 0.9 } } };
  scenario.guesses['regions.us-east1.hazard.constant.hourlySurvival'] = { low: 0.7, high: 0.99 };
  scenario.guesses['bucket.latencySeconds'] = { low: 0, high: 0.3 };
  expect(guessesOf(scenario)).toEqual([
    { path: 'regions.*.hazard.constant.hourlySurvival', low: 0.7, high: 0.99, values: [0.95, 0.9] },
    { path: 'bucket.latencySeconds', low: 0, high: 0.3, values: [0] },
  ]);
});
