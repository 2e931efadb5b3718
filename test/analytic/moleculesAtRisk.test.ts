import { expect, test } from 'vitest';
import { RISK_SHARES } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { standardErrors } from '../statistics.js';
import { formulaWorld } from './noQueue.js';

const WINDOWS = 13;
const MOLECULES = 1_000;
const LAMBDA = -Math.log(0.8);
const HOURS = 7;

/** Tasks of 7 h without checkpoints at 20 %/h, 10 retries, and what is left is left. */
function risky(maxRetries: number) {
  const scenario = formulaWorld();
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.8 } };
  scenario.decisions.maxRetries = maxRetries;
  return scenario;
}

test('a retry cap leaves as many molecules at risk as the binomial says', () => {
  // A task fails 11 times in a row; a molecule is lost with the first of its 13 tasks.
  const taskFails = (1 - Math.exp(-LAMBDA * HOURS)) ** 11;
  const atRisk = 1 - (1 - taskFails) ** WINDOWS;
  const plan = makePlan(risky(10));
  const outcomes = Array.from({ length: 10 }, (_, r) => simulateOnce(plan, `risk/${r}`).metrics);
  const sample = outcomes.map((metrics) => metrics.moleculesAtRisk);
  expect(MOLECULES * WINDOWS * taskFails).toBeCloseTo(976, -1);
  expect(Math.abs(standardErrors(sample, { value: MOLECULES * atRisk, standardError: 0 }))).toBeLessThan(4);
  for (const { moleculesAtRisk, moleculesComplete } of outcomes) {
    expect(moleculesAtRisk + moleculesComplete).toBe(MOLECULES);
  }
});

test('without retries a molecule is lost with its first preemption: exponential with 13 times the hazard', () => {
  const plan = makePlan(risky(0));
  const outcomes = Array.from({ length: 20 }, (_, r) => simulateOnce(plan, `first/${r}`));
  RISK_SHARES.forEach((share, i) => {
    const needed = Math.max(1, Math.ceil(share * MOLECULES));
    // The k-th of n exponential times has the mean of 1/n + 1/(n - 1) + ... over k terms.
    let expected = 0;
    for (let k = 0; k < needed; k += 1) expected += 1 / (MOLECULES - k);
    expected /= WINDOWS * LAMBDA;
    const sample = outcomes.flatMap(({ riskHours }) => riskHours[i] ?? []);
    if (share === 1) return;
    expect(sample).toHaveLength(outcomes.length);
    expect(
      Math.abs(standardErrors(sample, { value: expected, standardError: 0 })),
      `${share} of the molecules`,
    ).toBeLessThan(4);
  });
});

test('a remainder that takes its tasks up again saves a molecule', () => {
  const scenario = risky(0);
  scenario.campaign.molecules = 20;
  scenario.decisions.remainder = { policy: 'onDemand', maxRounds: 1 };
  const campaign = new Campaign(makePlan(scenario), 'saved');
  let most = 0;
  for (let hour = 1; hour <= 8; hour += 1) {
    campaign.advance(hour * 3600);
    most = Math.max(most, campaign.world.tasks.timesAtRisk().length);
  }
  const { metrics, riskHours } = campaign.finish();
  expect(most).toBeGreaterThan(0);
  expect(metrics.moleculesAtRisk).toBe(0);
  expect(metrics.moleculesComplete).toBe(20);
  expect(riskHours.every((hours) => hours === null)).toBe(true);
});

test('the tasks of a job that Batch ends are lost with it', () => {
  const scenario = formulaWorld();
  scenario.campaign.molecules = 10;
  scenario.decisions.parallelism = { 'us-central1': 13 };
  scenario.batch.limits.runningSeconds = 8 * 3600;
  const { metrics, riskHours } = simulateOnce(makePlan(scenario), 'killed');
  expect(metrics.moleculesAtRisk).toBe(10 - metrics.moleculesComplete);
  expect(metrics.moleculesAtRisk).toBeGreaterThan(8);
  expect(riskHours[0]).toBeCloseTo(8, 1);
});
