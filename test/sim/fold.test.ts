import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { parseScenario } from '../../src/scenario/parse.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { RequestBins } from '../../src/sim/world/requestBins.js';
import { TokenBucket } from '../../src/sim/world/tokenBucket.js';

function plan(name: string, overrides: string[] = []) {
  const yaml = readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8');
  return makePlan(parseScenario(yaml, { overrides }));
}

test.each([
  ['campaign-13k', []],
  ['campaign-13k', ['decisions.checkpoint.policy=aligned']],
  ['campaign-13k', ['decisions.checkpoint.policy=none']],
  ['campaign-13k', ['decisions.parallelism.us-central1=5000', 'regions.us-central1.quota.spotGpus=5000']],
  ['thirteen-thousand', []],
  ['pilot', []],
])('%s %j is folded, with the outcome that it has event by event', (name, overrides) => {
  const { folded, ...quick } = simulateOnce(plan(name, overrides), 'fold');
  const { folded: _, ...exact } = simulateOnce(plan(name, overrides), 'fold', { fold: false });
  expect(folded).toBe(true);
  expect(quick).toEqual(exact);
});

test('a storm is not folded', () => {
  expect(simulateOnce(plan('storm', ['campaign.molecules=400']), 'fold').folded).toBe(false);
});

test('what the bins certify, the token bucket admits, wherever in their seconds the requests lie', () => {
  let certified = 0;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 10 }),
      (times, rate, burst) => {
        const bins = new RequestBins();
        for (const t of times) bins.count(t);
        if (!bins.neverRunsDry(rate, burst)) return;
        certified += 1;
        const tokens = new TokenBucket(rate, burst);
        expect(times.sort((a, b) => a - b).every((t) => tokens.take(t))).toBe(true);
      },
    ),
    { seed: 5, numRuns: 3_000 },
  );
  expect(certified).toBeGreaterThan(300);
});
