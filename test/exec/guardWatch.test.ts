import { describe, expect, it } from 'vitest';
import { GuardWatch } from '../../src/exec/guardWatch.js';
import type { Plan } from '../../src/plan/plan.js';
import { examplePlan } from '../plan/examplePlan.js';

function watch(guard: Partial<Plan['guard']> = {}): GuardWatch {
  const plan = examplePlan();
  return new GuardWatch({ ...plan, guard: { ...plan.guard, ...guard } });
}

describe('the warnings of a guard', () => {
  it('come once at 80 % of the budget and once when it is spent', () => {
    const guard = watch();
    expect(guard.look(79, 0, 100)).toEqual([]);
    expect(guard.look(80, 0, 100)).toEqual(['80 % of the budget of 100 USD is spent']);
    expect(guard.look(90, 0, 100)).toEqual([]);
    expect(guard.look(100, 0, 100)).toEqual(['the budget of 100 USD is spent; the run goes on']);
    expect(guard.look(200, 0, 100)).toEqual([]);
  });

  it('are only the worse of two that come at once', () => {
    const guard = watch();
    expect(guard.look(150, 0, 100)).toEqual([expect.stringContaining('100 USD is spent')]);
    expect(guard.look(150, 0, 100)).toEqual([]);
  });

  it('begin anew with another budget', () => {
    const guard = watch();
    guard.look(90, 0, 100);
    expect(guard.look(90, 0, 200)).toEqual([]);
    expect(guard.look(170, 0, 200)).toEqual(['80 % of the budget of 200 USD is spent']);
  });

  it('are left to the controller where the guard does more than warn', () => {
    const guard = watch({ onBudget: 'cancel', onDeadline: 'stop', deadlineHours: 1 });
    expect(guard.look(90, 0, 100)).toHaveLength(1);
    expect(guard.look(150, 9_000, 100)).toEqual([]);
  });

  it('come once when the deadline has passed', () => {
    const guard = watch({ deadlineHours: 2 });
    expect(guard.look(1e9, 7_200, null)).toEqual([]);
    expect(guard.look(1e9, 7_201, null)).toEqual(['the deadline of 2 h has passed; the run goes on']);
    expect(guard.look(1e9, 9_000, null)).toEqual([]);
  });

  it('do not come while spending is not known', () => {
    expect(watch().look(null, 0, 100)).toEqual([]);
  });
});
