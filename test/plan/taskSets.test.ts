import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangesOf, tasksOf } from '../../src/plan/taskRanges.js';
import { commonTasks, joinTasks, withoutTasks } from '../../src/plan/taskSets.js';

const tasks = fc.uniqueArray(fc.nat({ max: 40 })).map((numbers) => numbers.sort((a, b) => a - b));

/** What the ranges must be: the same numbers in their shortest form. */
const shortest = (numbers: readonly number[]) => rangesOf(numbers.toSorted((a, b) => a - b));

describe('sets of tasks', () => {
  it('join, differ and meet as sets of numbers do', () => {
    fc.assert(
      fc.property(tasks, tasks, (a, b) => {
        const [first, second] = [rangesOf(a), rangesOf(b)];
        const right = new Set(b);
        expect(joinTasks(first, second)).toEqual(shortest([...new Set([...a, ...b])]));
        expect(withoutTasks(first, second)).toEqual(shortest(a.filter((task) => !right.has(task))));
        expect(commonTasks(first, second)).toEqual(shortest(a.filter((task) => right.has(task))));
      }),
      { seed: 7 },
    );
  });

  it('join also where ranges overlap', () => {
    const joined = joinTasks([{ first: 0, count: 5 }], [{ first: 3, count: 4 }], [{ first: 7, count: 1 }]);
    expect([...tasksOf(joined)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(joined).toEqual([{ first: 0, count: 8 }]);
  });
});
