import { describe, expect, test } from 'vitest';
import { meanOf } from '../../src/scenario/distribution.js';
import type { Distribution } from '../../src/scenario/scenario.js';
import { Purpose, Streams, WORDS_AT_ONCE } from '../../src/sim/streams.js';
import { standardErrors } from '../statistics.js';

const N = 50_000;

describe('streams', () => {
  test('a draw depends on its key alone, not on the order of draws', () => {
    const forwards = new Streams('s');
    const backwards = new Streams('s');
    const keys = Array.from({ length: 50 }, (_, i) => i);
    const a = keys.map((n) => forwards.uniform(n, 3, Purpose.timer, n));
    const b = keys.reverse().map((n) => backwards.uniform(n, 3, Purpose.timer, n));
    expect(b.reverse()).toEqual(a);
  });

  test('seeds, tasks, attempts, purposes and numbers give different draws', () => {
    const s = new Streams('s');
    const draws = [
      s.uniform(1, 1, Purpose.work, 0),
      new Streams('t').uniform(1, 1, Purpose.work, 0),
      s.uniform(2, 1, Purpose.work, 0),
      s.uniform(1, 2, Purpose.work, 0),
      s.uniform(1, 4097, Purpose.work, 0),
      s.uniform(1, 1, Purpose.boot, 0),
      s.uniform(1, 1, Purpose.work, 1),
      s.uniform(1, 1, Purpose.work, 65536),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  test.each<Distribution>([
    { constant: 7 },
    { uniform: [60, 120] },
    { lognormal: { median: 240, sigma: 0.4 } },
    { exponential: { mean: 3600 } },
    { empirical: { file: 'x.csv', sha256: '', values: [1, 2, 3, 10] } },
  ])('%j has its mean within 4 standard errors', (distribution) => {
    const s = new Streams('mean');
    const sample = Array.from({ length: N }, (_, i) => s.sample(distribution, i, 0, Purpose.work));
    const reference = { value: meanOf(distribution), standardError: 0 };
    expect(Math.abs(standardErrors(sample, reference))).toBeLessThan(4);
  });

  test('uniform draws fill 100 bins evenly (chi-square below the 0.9999 quantile of 99 degrees)', () => {
    const s = new Streams('chi');
    const words = new Uint32Array(WORDS_AT_ONCE);
    for (const draw of [
      (i: number) => s.uniform(i, 0, Purpose.work, 0),
      (i: number) => s.uniform32(7, 1, Purpose.timer, i, words, 0),
    ]) {
      const bins = new Array<number>(100).fill(0);
      for (let i = 0; i < N; i += 1) bins[Math.floor(draw(i) * 100)]! += 1;
      const chi2 = bins.reduce((sum, count) => sum + (count - N / 100) ** 2 / (N / 100), 0);
      expect(chi2).toBeLessThan(161.3);
    }
  });
});
