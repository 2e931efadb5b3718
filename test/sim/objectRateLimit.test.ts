import { expect, test } from 'vitest';
import { Streams } from '../../src/sim/streams.js';
import { ObjectRateLimit } from '../../src/sim/world/objectRateLimit.js';

const WRITES = 200_000;
const RATE = 19.7;

test('one name takes a write a second, whatever is refused in between', () => {
  const limit = new ObjectRateLimit(1);
  const asked = [0, 0.5, 0.999, 1, 1.5, 2.5, 2.6, 3.5];
  expect(asked.map((at) => limit.admits('latest', at))).toEqual([
    true,
    false,
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
});

test('names do not hold each other up', () => {
  const limit = new ObjectRateLimit(1);
  const objects = Array.from({ length: 1_000 }, (_, object) => object);
  expect(objects.every((object) => limit.admits(object, 5))).toBe(true);
  expect(objects.some((object) => limit.admits(object, 5.9))).toBe(false);
  expect(objects.every((object) => limit.admits(object, 6))).toBe(true);
});

test('without a limit nothing is refused', () => {
  const limit = new ObjectRateLimit(null);
  expect([0, 0, 0].every((at) => limit.admits('latest', at))).toBe(true);
});

test('a name that 13,000 tasks rewrite is refused about 95 % of the time', () => {
  const streams = new Streams('shared name');
  const limit = new ObjectRateLimit(1);
  let at = 0;
  let refused = 0;
  for (let i = 0; i < WRITES; i += 1) {
    at += streams.exponential(i, 0, 0, 0) / RATE;
    if (!limit.admits('status', at)) refused += 1;
  }
  // A counter with a dead time of 1 s takes 1/(1 + 1/RATE) writes a second of a Poisson stream.
  const expected = 1 - 1 / (1 + 1 / RATE) / RATE;
  // Taken writes are a renewal process: their count has the variance t (sd of a gap)^2 / (mean gap)^3.
  const seconds = WRITES / RATE;
  const sd = Math.sqrt((seconds * (1 / RATE) ** 2) / (1 + 1 / RATE) ** 3) / WRITES;
  expect(expected).toBeCloseTo(0.952, 3);
  expect(Math.abs(refused / WRITES - expected)).toBeLessThan(4 * Math.sqrt(2) * sd + 1 / WRITES);
});
