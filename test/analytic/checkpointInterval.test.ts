import { describe, expect, test } from 'vitest';
import { dalyInterval, exactInterval, wallTime, youngInterval } from '../../src/plan/checkpointInterval.js';

/** Daly's own figures, minutes: C = 5, R = 10; mean time to failure, his optimum, and Young's beside it. */
const PUBLISHED = [
  { M: 24 * 60, daly: 117, formula: 116.69, young: 120 },
  { M: 6 * 60, daly: 57, formula: 56.71, young: 60 },
  { M: 15, daly: 9.1, formula: 9.14, young: 12.2 },
];

describe.each(PUBLISHED)('with a failure every $M min', ({ M, daly, formula, young }) => {
  test(`the higher order formula gives Daly's ${daly} min`, () => {
    expect(dalyInterval(5, M)).toBeCloseTo(formula, 2);
    expect(Math.abs(dalyInterval(5, M) - daly)).toBeLessThan(0.5);
  });
  test(`the first order gives Young's ${young} min`, () => {
    expect(youngInterval(5, M)).toBeCloseTo(young, 0);
  });
  test('the exact optimum is the minimum of the complete model', () => {
    const cost = (tau: number) => wallTime(500, tau, { C: 5, M, R: 10 });
    const best = exactInterval(5, M);
    expect(cost(best)).toBeLessThan(cost(best * 0.99));
    expect(cost(best)).toBeLessThan(cost(best * 1.01));
  });
});

/** The table for 7 h tasks at 5 %/h, R = 5 min: C in seconds, optimum in minutes, overhead at it and at 10 min. */
test.each([
  [1, 6.23, 0.97, 1.03],
  [2, 8.81, 1.19, 1.2],
  [5, 13.91, 1.64, 1.7],
  [10, 19.64, 2.14, 2.55],
  [30, 33.87, 3.42, 5.92],
  [60, 47.7, 4.7, 10.99],
])(
  'a checkpoint of %d s is best written every %f min, at +%f %% (at 10 min: +%f %%)',
  (C, tau, atBest, atTen) => {
    const M = -1 / Math.log(0.95);
    const settings = { C: C / 3600, M, R: 5 / 60 };
    const best = exactInterval(settings.C, M);
    expect(best * 60).toBeCloseTo(tau, 1);
    const overhead = (hours: number) => (wallTime(7, hours, settings) / 7 - 1) * 100;
    expect(overhead(best)).toBeCloseTo(atBest, 1);
    expect(overhead(1 / 6)).toBeCloseTo(atTen, 1);
  },
);
