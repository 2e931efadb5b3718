import { describe, expect, test } from 'vitest';
import { lintPlan } from '../../../src/plan/lint.js';
import { makePlan } from '../../../src/plan/makePlan.js';
import type { Plan } from '../../../src/plan/plan.js';
import type { Scenario } from '../../../src/scenario/scenario.js';
import { simulateOnce } from '../../../src/sim/simulateOnce.js';
import { REGION, referenceScenario } from '../../sim/exampleScenario.js';

/** The reference campaign in two regions, half of it in each. */
function inTwoRegions(change: (scenario: Scenario) => void): Plan {
  const scenario = referenceScenario();
  scenario.campaign.inputBytes = 20e6;
  scenario.campaign.outputBytes = 100e6;
  scenario.regions['us-east1'] = structuredClone(REGION);
  scenario.decisions.parallelism = { 'us-central1': 250, 'us-east1': 250 };
  change(scenario);
  return makePlan(scenario);
}

const crossRegion = (plan: Plan) => lintPlan(plan).filter(({ rule }) => rule === 'cross-region');

describe('transfer between regions', () => {
  test('of one bucket for two regions is priced as the forecast has it', () => {
    const plan = inTwoRegions((s) => {
      s.decisions.buckets = 'one';
    });
    const [finding, ...others] = crossRegion(plan);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'warning', path: 'buckets' });
    expect(finding!.message).toMatch(/^6,500 tasks are not in us-central1, .* between regions/);
    const { costBreakdownUsd } = simulateOnce(plan, 'far');
    // Without the reads after preemptions, and with a whole number of checkpoints a task.
    expect(Math.abs((finding!.found as number) / costBreakdownUsd.crossRegion - 1)).toBeLessThan(0.05);
  });

  test('is none with a bucket in each region, or where all tasks are with the bucket', () => {
    expect(crossRegion(inTwoRegions(() => {}))).toEqual([]);
    const home = inTwoRegions((s) => {
      s.decisions.buckets = 'one';
      s.decisions.parallelism = { 'us-central1': 500 };
    });
    expect(crossRegion(home)).toEqual([]);
  });

  test('of a remainder in any region is priced for the tasks that run out of retries', () => {
    const risky = (policy: 'anyRegion' | 'sameRegion') =>
      inTwoRegions((s) => {
        s.decisions.checkpoint.policy = 'none';
        s.decisions.maxRetries = 10;
        s.decisions.remainder = { policy, maxRounds: 3 };
        for (const { hazard } of Object.values(s.regions)) {
          Object.assign(hazard, { constant: { hourlySurvival: 0.8 } });
        }
      });
    const [finding] = crossRegion(risky('anyRegion'));
    // 976 tasks of 120 MB each at 0.02 USD/GiB.
    expect(finding).toMatchObject({ path: 'remainder.policy', found: 2 });
    expect(finding!.message).toMatch(/^About 97\d tasks run out of retries/);
    expect(crossRegion(risky('sameRegion'))).toEqual([]);
  });
});
