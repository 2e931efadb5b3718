import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kaplanMeier, type ObservedLife, tailHazard } from '../../src/scenario/kaplanMeier.js';

const preempted = (...ages: number[]): ObservedLife[] => ages.map((age) => ({ age, preempted: true }));
const alive = (...ages: number[]): ObservedLife[] => ages.map((age) => ({ age, preempted: false }));

describe('kaplanMeier', () => {
  it('gives what one works out by hand', () => {
    // 8 VMs. At 1: 1 of 8. At 3 (one lost from sight at 2): 2 of 6. At 5: 1 of 3, one of the others lost at 4.
    const lives = [...preempted(5, 3, 1, 3), ...alive(2, 4, 7, 8)];
    const { age, survival } = kaplanMeier(lives);
    expect(age).toEqual([1, 3, 5]);
    const expected = [7 / 8, (7 / 8) * (4 / 6), (7 / 8) * (4 / 6) * (2 / 3)];
    survival.forEach((share, i) => {
      expect(share).toBeCloseTo(expected[i]!, 12);
    });
  });

  it('counts a VM that is lost from sight at an age among those that were watched at it', () => {
    expect(kaplanMeier([...alive(2), ...preempted(2), ...alive(9, 9)]).survival).toEqual([3 / 4]);
  });

  it('ends at 0 where the oldest VM was preempted', () => {
    expect(kaplanMeier(preempted(1, 2))).toEqual({ age: [1, 2], survival: [1 / 2, 0] });
  });

  it('has no steps when nothing was preempted', () => {
    expect(kaplanMeier(alive(1, 2))).toEqual({ age: [], survival: [] });
  });

  it('is the empirical distribution where every VM was watched until it was preempted', () => {
    const ages = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(ages, (lives) => {
        const { age, survival } = kaplanMeier(preempted(...lives));
        expect(age).toEqual([...new Set(lives)].sort((a, b) => a - b));
        age.forEach((at, i) => {
          const dead = lives.filter((life) => life <= at).length;
          expect(1 - survival[i]!).toBeCloseTo(dead / lives.length, 12);
        });
      }),
      { seed: 1 },
    );
  });

  it('falls from 1 towards 0 at rising ages, whoever is lost from sight', () => {
    const life = fc.record({ age: fc.double({ min: 0, max: 1e6, noNaN: true }), preempted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 100 }), (lives) => {
        const { age, survival } = kaplanMeier(lives);
        expect(age).toEqual([...new Set(age)].sort((a, b) => a - b));
        [1, ...survival].reduce((before, after) => {
          expect(after).toBeLessThan(before);
          expect(after).toBeGreaterThanOrEqual(0);
          return after;
        });
      }),
      { seed: 2 },
    );
  });
});

describe('tailHazard', () => {
  it('is the mean hazard of the last quarter', () => {
    // H is -ln 0.8 up to 3 (the quarter begins at 3) and -ln 0.4 at 4: ln 2 in a quarter of 1.
    const curve = { age: [1, 3.5, 4], survival: [0.8, 0.5, 0.4] };
    expect(tailHazard(curve)).toBeCloseTo(Math.log(2), 12);
  });

  it('counts what happens just when the quarter begins before it', () => {
    expect(tailHazard({ age: [3, 4], survival: [0.5, 0.25] })).toBeCloseTo(Math.log(2), 12);
  });

  it('begins at survival 1 where the first step is in the last quarter', () => {
    expect(tailHazard({ age: [4], survival: [0.5] })).toBeCloseTo(Math.log(2), 12);
  });

  it('leaves out the last step where survival ends at 0', () => {
    expect(tailHazard({ age: [1, 3.5, 4], survival: [0.8, 0.4, 0] })).toBeCloseTo(Math.log(2), 12);
    expect(tailHazard({ age: [4], survival: [0] })).toBe(0);
  });

  it('finds the rate of lives without memory', () => {
    // A curve at the quantiles of an exponential distribution with a hazard of 0.05.
    const survival = Array.from({ length: 900 }, (_, i) => 1 - (i + 1) / 1000);
    const age = survival.map((share) => -Math.log(share) / 0.05);
    expect(tailHazard({ age, survival })).toBeCloseTo(0.05, 3);
  });
});
