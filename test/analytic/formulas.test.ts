import { describe, expect, test } from 'vitest';
import type { Metric } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Hazard, Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { standardErrors } from '../statistics.js';
import { formulaWorld } from './noQueue.js';

/** "5 % per hour" is an hourly survival of 0.95, a rate of 0.0512933 an hour; T = 7 h. */
const LAMBDA = -Math.log(0.95);
const M = 1 / LAMBDA;
const T = 7;
const TASKS = 13_000;
const REPLICATIONS = 20;

function sample(scenario: Scenario, metric: Metric): number[] {
  const plan = makePlan(scenario);
  return Array.from({ length: REPLICATIONS }, (_, r) => simulateOnce(plan, `formula/${r}`).metrics[metric]);
}

function expectAgreement(values: number[], formula: number): void {
  expect(Math.abs(standardErrors(values, { value: formula, standardError: 0 }))).toBeLessThan(4);
}

/** Integral of f over [0, to] by Simpson's rule. */
function integral(f: (t: number) => number, to: number, steps = 20_000): number {
  const h = to / steps;
  let sum = f(0) + f(to);
  for (let i = 1; i < steps; i += 1) sum += f(i * h) * (i % 2 === 1 ? 4 : 2);
  return (sum * h) / 3;
}

describe('without checkpoints at 5 % an hour', () => {
  test('the mean wall time of a task is (e^(lambda T) - 1)/lambda = 8.4216 h', () => {
    const formula = M * (Math.exp(LAMBDA * T) - 1);
    expect(formula).toBeCloseTo(8.4216, 4);
    expectAgreement(sample(formulaWorld(), 'vmHours'), formula * TASKS);
  });

  test('a task takes e^(lambda T) = 1.4320 attempts', () => {
    expect(Math.exp(LAMBDA * T)).toBeCloseTo(1.432, 4);
    expectAgreement(sample(formulaWorld(), 'attempts'), Math.exp(LAMBDA * T) * TASKS);
  });

  test('13,000 tasks waste 18,481 GPU-hours', () => {
    const formula = (M * (Math.exp(LAMBDA * T) - 1) - T) * TASKS;
    expect(formula).toBeCloseTo(18_481, -1);
    expectAgreement(sample(formulaWorld(), 'lostWorkHours'), formula);
  });

  test('3,922 of 13,000 tasks are hit at least once', () => {
    const formula = (1 - Math.exp(-LAMBDA * T)) * TASKS;
    expect(formula).toBeCloseTo(3_922, -1);
    const plan = makePlan(formulaWorld());
    const hit = Array.from({ length: REPLICATIONS }, (_, r) => {
      const campaign = new Campaign(plan, `formula/${r}`);
      campaign.finish();
      return campaign.world.tasks.attempts.reduce((count, attempts) => count + (attempts > 1 ? 1 : 0), 0);
    });
    expectAgreement(hit, formula);
  });

  test('a start-up of 5 min, charged at every start and itself at risk, gives M(e^((T+R)/M) - 1) = 8.5412 h', () => {
    const formula = M * (Math.exp(LAMBDA * (T + 5 / 60)) - 1);
    expect(formula).toBeCloseTo(8.5412, 4);
    expectAgreement(sample(formulaWorld(5 / 60), 'vmHours'), formula * TASKS);
  });
});

test('20 % an hour with 10 retries leaves about 976 of 13,000 tasks without a result', () => {
  const scenario = formulaWorld();
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.8 } };
  scenario.decisions.maxRetries = 10;
  const formula = (1 - 0.8 ** T) ** 11 * TASKS;
  expect(formula).toBeCloseTo(976, -1);
  expectAgreement(sample(scenario, 'tasksFailed'), formula);
});

describe('with blocking checkpoints of 5 s every 10 min and restarts of 5 min', () => {
  test('N = 42 segments take M e^(R/M)[41(e^((tau+C)/M) - 1) + e^(tau/M) - 1] = 7.1178 h after the first start', () => {
    const R = 5 / 60;
    const C = 5 / 3600;
    const tau = 1 / 6;
    const segments = M * Math.exp(R / M) * (41 * (Math.exp((tau + C) / M) - 1) + (Math.exp(tau / M) - 1));
    expect(segments).toBeCloseTo(7.1178, 4);
    const scenario = formulaWorld(R);
    scenario.decisions.checkpoint = {
      policy: 'periodic',
      intervalSeconds: 600,
      jitterSeconds: 0,
      firstPhase: 'none',
      flushOnNotice: false,
    };
    // Durable exactly when computing goes on: the formula's blocking checkpoint.
    scenario.checkpoint = {
      sizeBytes: 500e6,
      growthBytesPerHour: 0,
      pauseSeconds: 5,
      engineIntervalSeconds: 0,
    };
    // All write in the same second: the formula knows no limit.
    scenario.bucket.writesPerSecond = null;
    const firstStart = M * (Math.exp(R / M) - 1);
    expectAgreement(sample(scenario, 'vmHours'), (segments + firstStart) * TASKS);
  });
});

/** Pooled hazard by age of Google CPU VMs, 2019 (Kadupitiya and others, arXiv 1911.05160; Apache-2.0 data). */
const BY_AGE: [untilHours: number | null, perHour: number][] = [
  [0.25, 0.314],
  [0.5, 0.134],
  [1, 0.105],
  [2, 0.058],
  [3, 0.045],
  [6, 0.02],
  [12, 0.0096],
  [null, 0.0099],
];

test('any hazard without checkpoints: the mean is [integral of G over the task + R F(T)] / survivalTo(T)', () => {
  const hazard: Hazard = {
    piecewise: BY_AGE.map(([until, perHour]) => ({
      untilSeconds: until === null ? null : until * 3600,
      perHour,
    })),
  };
  const integrated = (age: number): number => {
    let from = 0;
    let sum = 0;
    for (const [until, perHour] of BY_AGE) {
      const to = Math.min(age, until ?? Number.POSITIVE_INFINITY);
      if (to > from) sum += (to - from) * perHour;
      from = until ?? Number.POSITIVE_INFINITY;
    }
    return sum;
  };
  const survivalTo = (age: number) => Math.exp(-integrated(age));
  expect(survivalTo(7)).toBeCloseTo(0.714, 3);
  const scenario = formulaWorld();
  scenario.regions['us-central1']!.hazard = hazard;
  expectAgreement(sample(scenario, 'vmHours'), (integral(survivalTo, T) / survivalTo(T)) * TASKS);
});
