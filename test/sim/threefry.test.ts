import { describe, expect, test } from 'vitest';
import { block, pair, threefry, threefryPair } from '../../src/sim/threefry.js';

describe('threefry', () => {
  // Known answers of the authors' Random123 distribution for threefry2x32, 20 rounds: key, counter, result.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as [number[], number[], number[]][])(
    'gives the published answer for key %j, counter %j',
    (key, counter, answer) => {
      threefry(key[0]! | 0, key[1]! | 0, counter[0]! | 0, counter[1]! | 0);
      expect([block[0]! >>> 0, block[1]! >>> 0]).toEqual(answer);
    },
  );

  test('makes two blocks at once as it makes them one by one', () => {
    for (let i = 0; i < 1_000; i += 1) {
      // Large odd factors spread the words over all 32 bits.
      const [k0, k1, c0] = [i * 0x9e3779b1, i * 0x85ebca6b, i * 0xc2b2ae35];
      threefryPair(k0 | 0, k1 | 0, c0 | 0, 2 * i);
      const both = [...pair];
      threefry(k0 | 0, k1 | 0, c0 | 0, 2 * i);
      const first = [...block];
      threefry(k0 | 0, k1 | 0, c0 | 0, 2 * i + 1);
      expect(both).toEqual([...first, ...block]);
    }
  });
});
