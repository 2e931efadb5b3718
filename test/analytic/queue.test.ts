import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { standardErrors } from '../statistics.js';
import { formulaWorld } from './noQueue.js';

function exponentialTasks(tasks: number, slots: number): Scenario {
  const scenario = formulaWorld();
  const region = scenario.regions['us-central1']!;
  scenario.campaign = {
    ...scenario.campaign,
    molecules: tasks,
    windows: 1,
    taskDurationSeconds: { exponential: { mean: 3600 } },
  };
  region.hazard = { constant: { hourlySurvival: 1 } };
  region.quota.spotGpus = slots;
  scenario.decisions.parallelism = { 'us-central1': tasks };
  return scenario;
}

test.each([
  [200, 1],
  [200, 7],
  [1000, 50],
])('%d exponential tasks on a quota of %d end after m[(n - c)/c + H_c] on average', (n, c) => {
  let harmonic = 0;
  for (let i = 1; i <= c; i += 1) harmonic += 1 / i;
  const plan = makePlan(exponentialTasks(n, c));
  const hours = Array.from({ length: 60 }, (_, r) => simulateOnce(plan, `queue/${r}`).metrics.makespanHours);
  const expected = (n - c) / c + harmonic;
  expect(Math.abs(standardErrors(hours, { value: expected, standardError: 0 }))).toBeLessThan(4);
});

describe('splitting a region into two with half the quota each', () => {
  test('changes no attempt, no lost work and no VM time, draw by draw', () => {
    const whole = formulaWorld(4 / 60);
    whole.campaign.molecules = 100;
    whole.decisions.parallelism = { 'us-central1': 200 };
    whole.regions['us-central1']!.quota.spotGpus = 200;
    whole.decisions.checkpoint.policy = 'periodic';
    whole.bucket.writesPerSecond = null;
    const split: Scenario = structuredClone(whole);
    const half = structuredClone(split.regions['us-central1']!);
    half.quota.spotGpus = 100;
    split.regions = { 'us-central1': half, 'us-east1': structuredClone(half) };
    split.decisions.parallelism = { 'us-central1': 100, 'us-east1': 100 };
    const [a, b] = [whole, split].map((scenario) => {
      const campaign = new Campaign(makePlan(scenario), 'split');
      return { outcome: campaign.finish(), attempts: [...campaign.world.tasks.attempts] };
    });
    expect(b!.attempts).toEqual(a!.attempts);
    expect(b!.outcome.metrics.preemptions).toBe(a!.outcome.metrics.preemptions);
    expect(b!.outcome.metrics.lostWorkHours).toBeCloseTo(a!.outcome.metrics.lostWorkHours, 8);
    expect(b!.outcome.metrics.vmHours).toBeCloseTo(a!.outcome.metrics.vmHours, 8);
  });
});
