import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, scenarioSha256 } from '../../src/scenario/canonical.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { LEAST, parse, shippedText } from './support.js';

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

/** Copies of the value, each with one leaf changed. */
function* mutants(value: unknown): Generator<unknown> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const mutant of mutants(member)) {
        const copy = structuredClone(value) as Record<string, unknown>;
        copy[key] = mutant;
        yield copy;
      }
    }
  } else if (typeof value === 'number') yield value + 1;
  else if (typeof value === 'boolean') yield !value;
  else yield `${value}x`;
}

describe('canonicalJson', () => {
  it('sorts keys at every depth and writes no whitespace', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe(
      '{"a":true,"b":[1,{"c":"x","d":null}]}',
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 1 },
    );
  });

  it('leaves out what is undefined, and refuses what JSON cannot say', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(() => canonicalJson({ a: Number.NaN })).toThrow('NaN has no JSON form');
    expect(() => canonicalJson(undefined)).toThrow('has no JSON form');
  });
});

describe('scenarioSha256', () => {
  it('does not depend on the order of keys', () => {
    const scenario = parse(shippedText('thirteen-thousand'));
    expect(scenarioSha256(reversed(scenario) as Scenario)).toBe(scenarioSha256(scenario));
    expect(scenarioSha256(scenario)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('does not depend on the spelling', () => {
    const other = LEAST.replace('constant: 7h', 'constant: 420min');
    expect(scenarioSha256(parse(other))).toBe(scenarioSha256(parse(LEAST)));
  });

  it('changes with any value', () => {
    const scenario = parse(shippedText('pilot'));
    const hashes = new Set([scenarioSha256(scenario)]);
    let count = 1;
    for (const mutant of mutants(scenario)) {
      hashes.add(scenarioSha256(mutant as Scenario));
      count += 1;
    }
    expect(count).toBeGreaterThan(100);
    expect(hashes.size).toBe(count);
  });
});
