import { describe, expect, test } from 'vitest';
import { expectedTask } from '../../src/plan/lint/expectedTask.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { standardErrors } from '../statistics.js';
import { region } from './endless.js';
import { formulaWorld } from './noQueue.js';

/** VM-hours a task by the linter's formula, and as simulated, in 10 campaigns of 13,000 tasks. */
function both(change: (scenario: Scenario) => void): { expected: number; simulated: number[] } {
  const scenario = formulaWorld();
  change(scenario);
  const plan = makePlan(scenario);
  const simulated = Array.from(
    { length: 10 },
    (_, r) => simulateOnce(plan, `expected/${r}`).metrics.vmHours / plan.campaign.tasks,
  );
  return { expected: expectedTask(plan, plan.shards[0]!).vmHours, simulated };
}

describe("the linter's mean of a task", () => {
  test('counts shocks as the constant hazard that they are for one VM', () => {
    // 0.1 shocks an hour that take 30 % on average: 0.03 an hour for each VM.
    const { expected, simulated } = both((s) => {
      s.campaign.molecules = 100;
      region(s).shocks = { perHour: 0.1, share: { uniform: [0.2, 0.4] }, scope: 'region' };
    });
    const rate = -Math.log(0.95) + 0.03;
    expect(expected).toBeCloseTo(Math.expm1(7 * rate) / rate, 9);
    // The tasks of one campaign share its shocks.
    expect(Math.abs(standardErrors(simulated, { value: expected, standardError: 0 }))).toBeLessThan(4);
  });

  test('counts the shocks of a zone for the VMs that are in it', () => {
    const { expected } = both((s) => {
      s.campaign.molecules = 1;
      region(s).zones = ['a', 'b', 'c'];
      region(s).shocks = { perHour: 0.3, share: { constant: 0.3 }, scope: 'zone' };
    });
    const rate = -Math.log(0.95) + 0.03;
    expect(expected).toBeCloseTo(Math.expm1(7 * rate) / rate, 9);
  });

  test('takes the load factor with all the VMs that the job may have', () => {
    const { expected, simulated } = both((s) => {
      s.campaign.molecules = 100;
      s.decisions.parallelism = { 'us-central1': 200 };
      region(s).capacity.poolVms = 400;
      s.spot.loadFactor = 1;
    });
    const rate = -Math.log(0.95) * 1.5;
    expect(expected).toBeCloseTo(Math.expm1(7 * rate) / rate, 9);
    // The fleet shrinks towards the end, and with it the load: within 3 %.
    const mean = simulated.reduce((a, b) => a + b, 0) / simulated.length;
    expect(Math.abs(mean / expected - 1)).toBeLessThan(0.03);
  });

  test('takes the time of day at its mean, which is right within 2 % over a campaign of days', () => {
    const { expected, simulated } = both((s) => {
      s.campaign.molecules = 100;
      s.decisions.parallelism = { 'us-central1': 50 };
      s.spot.timeOfDay = { dayFactor: 1.6, nightFactor: 0.4, dayFromHour: 8, dayToHour: 20 };
    });
    expect(expected).toBeCloseTo(8.4216, 3);
    const mean = simulated.reduce((a, b) => a + b, 0) / simulated.length;
    expect(Math.abs(mean / expected - 1)).toBeLessThan(0.02);
  });

  test('leaves VMs that are not Spot alone', () => {
    const { expected } = both((s) => {
      s.campaign.molecules = 1;
      s.decisions.provisioning = 'onDemand';
      s.decisions.parallelism = { 'us-central1': 13 };
      region(s).shocks = { perHour: 5, share: { constant: 1 }, scope: 'region' };
    });
    expect(expected).toBe(7);
  });
});
