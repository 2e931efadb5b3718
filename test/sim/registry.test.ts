import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { Registry } from '../../src/sim/world/registry.js';
import { referenceScenario } from './exampleScenario.js';

const IMAGE_BYTES = 5e9;

test('a lone pull takes its own time, a crowd is as slow as the registry', () => {
  // 25 GB/s: 0.2 s of the registry for each pull of 5 GB.
  const settings = { requestsPerMinute: null, requestsPerPull: 35, bandwidthBytesPerSecond: 25e9 };
  const registry = new Registry(settings, IMAGE_BYTES);
  expect(registry.pull(0, 150)).toBe(150);
  const crowd = Array.from({ length: 1_000 }, () => registry.pull(1_000, 150));
  expect(crowd[0]).toBe(1_150);
  expect(crowd.at(-1)).toBeCloseTo(1_200, 6);
});

test('the request quota binds where it is the tighter one', () => {
  // 60,000 requests a minute, 35 a pull: 0.035 s each.
  const registry = new Registry(
    { requestsPerMinute: 60_000, requestsPerPull: 35, bandwidthBytesPerSecond: 1e15 },
    IMAGE_BYTES,
  );
  const crowd = Array.from({ length: 10_000 }, () => registry.pull(0, 1));
  expect(crowd.at(-1)).toBeCloseTo(350, 6);
});

test('after a shock that takes all VMs the restart waits for the registry', () => {
  const campaign = (bandwidthBytesPerSecond: number | null) => {
    const scenario = referenceScenario();
    scenario.campaign.molecules = 20;
    scenario.startup.pullSeconds = { constant: 60 };
    scenario.startup.registry = { requestsPerMinute: null, requestsPerPull: 35, bandwidthBytesPerSecond };
    const region = scenario.regions['us-central1']!;
    region.hazard = { constant: { hourlySurvival: 1 } };
    region.shocks = { perHour: 0.1, share: { constant: 1 }, scope: 'region' };
    return simulateOnce(makePlan(scenario), 'shock').costBreakdownUsd.startup;
  };
  // 260 pulls of 5 s each take 1,300 s; half of that is the mean wait.
  expect(campaign(1e9)).toBeGreaterThan(2 * campaign(null));
});
