import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { IndexHeap } from '../../src/sim/world/indexHeap.js';
import { referenceScenario } from './exampleScenario.js';

test('the heap of indices gives them smallest first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 1 }), (indices) => {
      const heap = new IndexHeap();
      for (const index of indices) heap.put(index);
      const taken = indices.map(() => heap.take());
      expect(taken).toEqual([...indices].sort((a, b) => a - b));
    }),
    { seed: 11 },
  );
});

test('retried by index, molecules complete much earlier and the campaign takes about as long', () => {
  const run = (retriedTasks: 'last' | 'byIndex') => {
    const scenario = referenceScenario();
    scenario.batch.retriedTasks = retriedTasks;
    return simulateOnce(makePlan(scenario), 'molecules').metrics;
  };
  const last = run('last');
  const byIndex = run('byIndex');
  expect(byIndex.firstMoleculeHours).toBeLessThan(last.firstMoleculeHours);
  expect(byIndex.attempts).toBe(last.attempts);
  expect(Math.abs(byIndex.makespanHours / last.makespanHours - 1)).toBeLessThan(0.03);
});
