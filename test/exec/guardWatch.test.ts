import { describe, expect, it } from 'vitest';
import { GuardWatch } from '../../src/exec/guardWatch.js';
import { examplePlan } from '../plan/examplePlan.js';

function watch(budgetUsd: number | null, deadlineHours: number | null): GuardWatch {
  const plan = examplePlan();
  return new GuardWatch({ ...plan, guard: { ...plan.guard, budgetUsd, deadlineHours } });
}

describe('the guard of a run', () => {
  it('warns once at 80 % of the budget and once when it is spent', () => {
    const guard = watch(100, null);
    expect(guard.look(79, 0)).toEqual([]);
    expect(guard.look(80, 0)).toEqual(['80 % of the budget of 100 USD is spent']);
    expect(guard.look(90, 0)).toEqual([]);
    expect(guard.look(100, 0)).toHaveLength(1);
    expect(guard.look(200, 0)).toEqual([]);
  });

  it('says only the worse of two warnings that come at once', () => {
    const guard = watch(100, null);
    expect(guard.look(150, 0)).toEqual([expect.stringContaining('100 USD is spent')]);
    expect(guard.look(150, 0)).toEqual([]);
  });

  it('warns once when the deadline has passed', () => {
    const guard = watch(null, 2);
    expect(guard.look(1e9, 7_200)).toEqual([]);
    expect(guard.look(1e9, 7_201)).toEqual(['the deadline of 2 h has passed; the run goes on']);
    expect(guard.look(1e9, 9_000)).toEqual([]);
  });

  it('says nothing while spending is not known', () => {
    expect(watch(100, null).look(null, 0)).toEqual([]);
  });
});
