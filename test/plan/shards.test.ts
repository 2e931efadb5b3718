import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { largestRemainder } from '../../src/plan/shards.js';
import { formatRanges, parseRanges, rangesOf, tasksOf } from '../../src/plan/taskRanges.js';
import { REGION, referenceScenario } from '../sim/exampleScenario.js';
import { randomScenario } from '../sim/randomScenario.js';

describe('the shards of a plan', () => {
  test('cover every task exactly once, cut at molecules, within the caps on one job', () => {
    fc.assert(
      fc.property(randomScenario, (scenario) => {
        const { shards, campaign } = makePlan(scenario);
        const seen = new Uint8Array(campaign.tasks);
        for (const shard of shards) {
          expect(shard.firstTask % campaign.windows).toBe(0);
          expect(shard.taskCount % campaign.windows).toBe(0);
          expect(shard.parallelism).toBeGreaterThan(0);
          expect(shard.parallelism).toBeLessThanOrEqual(
            Math.min(shard.taskCount, scenario.batch.limits.vmsPerJob ?? 1e9),
          );
          for (let i = 0; i < shard.taskCount; i += 1) seen[shard.firstTask + i]! += 1;
        }
        expect(seen.every((count) => count === 1)).toBe(true);
        expect(new Set(shards.map((shard) => shard.id)).size).toBe(shards.length);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  function fourRegions(change: (scenario: ReturnType<typeof referenceScenario>) => void = () => {}) {
    const scenario = referenceScenario();
    const names = ['us-central1', 'us-east1', 'us-west1', 'europe-west4'];
    scenario.regions = Object.fromEntries(names.map((name) => [name, structuredClone(REGION)]));
    scenario.decisions.parallelism = {
      'us-central1': 200,
      'us-east1': 100,
      'us-west1': 100,
      'europe-west4': 100,
    };
    change(scenario);
    return makePlan(scenario);
  }

  test('split 13,000 tasks over regions in proportion to parallelism', () => {
    expect(fourRegions().shards.map(({ id, firstTask, taskCount }) => [id, firstTask, taskCount])).toEqual([
      ['us-central1-w0', 0, 5200],
      ['us-east1-w0', 5200, 2600],
      ['us-west1-w0', 7800, 2600],
      ['europe-west4-w0', 10400, 2600],
    ]);
  });

  test('make waves of 50 molecules that follow each other in each region', () => {
    const { shards } = fourRegions((scenario) => {
      scenario.decisions.waves = { size: 50, start: 'finished' };
    });
    expect(shards).toHaveLength(20);
    expect(shards.filter((shard) => shard.region === 'us-central1').map((shard) => shard.wave)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    expect(shards.every((shard) => shard.taskCount === 650)).toBe(true);
  });

  test('put the last molecules on demand where the decisions want a tail', () => {
    const { shards } = fourRegions((scenario) => {
      scenario.decisions.tail.onDemandLastPercent = 2;
    });
    const tails = shards.filter((shard) => shard.provisioning === 'onDemand');
    expect(tails.map(({ id, taskCount, wave }) => [id, taskCount, wave])).toEqual([
      ['us-central1-tail', 104, 1],
      ['us-east1-tail', 52, 1],
      ['us-west1-tail', 52, 1],
      ['europe-west4-tail', 52, 1],
    ]);
  });

  test('become several jobs of one wave where a cap on one job binds', () => {
    const { shards } = fourRegions((scenario) => {
      scenario.batch.limits.vmsPerJob = 150;
    });
    expect(
      shards.slice(0, 2).map(({ id, wave, parallelism, taskCount }) => [id, wave, parallelism, taskCount]),
    ).toEqual([
      ['us-central1-w0-0', 0, 100, 2600],
      ['us-central1-w0-1', 0, 100, 2600],
    ]);
  });
});

test('a split by largest remainder adds up and is never more than one off the exact share', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }),
      (total, weights) => {
        const parts = largestRemainder(total, weights);
        const sum = weights.reduce((a, b) => a + b, 0);
        expect(parts.reduce((a, b) => a + b, 0)).toBe(total);
        parts.forEach((part, i) => {
          expect(Math.abs(part - (total * weights[i]!) / sum)).toBeLessThan(1);
        });
      },
    ),
    { seed: 3 },
  );
});

test('task ranges survive being written and read', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(5_000), { minLength: 1 }), (tasks) => {
      const ranges = rangesOf(tasks.sort((a, b) => a - b));
      expect(parseRanges(formatRanges(ranges))).toEqual(ranges);
      expect([...tasksOf(ranges)]).toEqual(tasks);
    }),
    { seed: 3 },
  );
});

test.each(['', '3-1', '5,4', '1-3,3', 'x', '1.5', '-1', '1,,2'])('"%s" is no list of task ranges', (text) => {
  expect(parseRanges(text)).toBeNull();
});
