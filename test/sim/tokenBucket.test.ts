import { describe, expect, test } from 'vitest';
import { TokenBucket } from '../../src/sim/world/tokenBucket.js';

const GROWTH = { doublingSeconds: 1_200, maximum: null };

/** Asks `perSecond` times a second, evenly, over the seconds from `from` to `to`; how many were admitted. */
function ask(bucket: TokenBucket, perSecond: number, from: number, to: number): number {
  let admitted = 0;
  for (let n = from * perSecond; n < to * perSecond; n += 1) if (bucket.take(n / perSecond)) admitted += 1;
  return admitted;
}

/** Requests that are admitted when very many come at once. */
function burstAt(bucket: TokenBucket, t: number): number {
  let admitted = 0;
  while (bucket.take(t)) admitted += 1;
  return admitted;
}

describe('a bucket that grows', () => {
  test('doubles its rate and its burst with every doubling time of sustained demand', () => {
    const bucket = new TokenBucket(100, 100, GROWTH);
    ask(bucket, 1_000, 0, 1_201);
    expect(ask(bucket, 1_000, 1_201, 1_231) / 30).toBeCloseTo(200, -1);
    // A pause fills it, and is no demand.
    expect(Math.abs(burstAt(bucket, 1_300) - 200)).toBeLessThan(15);
  });

  test('stays as it is while less than 0.8 of its capacity is asked for', () => {
    const bucket = new TokenBucket(100, 100, GROWTH);
    expect(ask(bucket, 79, 0, 3_600)).toBe(79 * 3_600);
    expect(burstAt(bucket, 3_700)).toBe(100);
  });

  test('stops at its maximum', () => {
    const bucket = new TokenBucket(100, 100, { ...GROWTH, maximum: 150 });
    ask(bucket, 1_000, 0, 3_600);
    expect(ask(bucket, 1_000, 3_600, 3_630) / 30).toBeCloseTo(150, 0);
  });
});

test('without growth, n at once find the burst, and what comes later the rate', () => {
  const bucket = new TokenBucket(100, 250);
  expect(burstAt(bucket, 0)).toBe(250);
  expect(ask(bucket, 1_000, 0, 60)).toBe(60 * 100 - 1);
});
