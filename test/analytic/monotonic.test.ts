import { describe, expect, test } from 'vitest';
import type { Metric } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { referenceScenario } from '../sim/exampleScenario.js';

const REPLICATIONS = 50;

/** 260 tasks; no retry cap, no time limit, no load factor, no shared registry, no bucket limit. */
function campaign(change: (scenario: Scenario) => void): Scenario {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 20;
  scenario.bucket = { ...scenario.bucket, writesPerSecond: null, readsPerSecond: null };
  scenario.decisions.parallelism = { 'us-central1': 260 };
  scenario.regions['us-central1']!.quota.spotGpus = 20;
  change(scenario);
  return scenario;
}

/** Mean and standard error of what the change adds to the metric, replication by replication with the same luck. */
function paired(from: Scenario, to: Scenario, metric: Metric): { mean: number; error: number } {
  const plans = [makePlan(from), makePlan(to)] as const;
  const differences = Array.from({ length: REPLICATIONS }, (_, r) => {
    const [a, b] = plans.map((plan) => simulateOnce(plan, `monotonic/${r}`).metrics[metric]);
    return b! - a!;
  });
  const mean = differences.reduce((a, b) => a + b, 0) / REPLICATIONS;
  const variance = differences.reduce((a, b) => a + (b - mean) ** 2, 0) / (REPLICATIONS - 1);
  return { mean, error: Math.sqrt(variance / REPLICATIONS) };
}

describe.each(['none', 'periodic', 'aligned', 'adaptive'] as const)('with checkpoints %s', (policy) => {
  const withPolicy = (change: (scenario: Scenario) => void) =>
    campaign((scenario) => {
      scenario.decisions.checkpoint.policy = policy;
      change(scenario);
    });

  test('more quota does not lengthen the campaign', () => {
    const more = withPolicy((scenario) => {
      scenario.regions['us-central1']!.quota.spotGpus = 26;
    });
    const { mean, error } = paired(
      withPolicy(() => {}),
      more,
      'makespanHours',
    );
    expect(mean).toBeLessThan(4 * error);
  });

  test('a lower hazard does not cost more', () => {
    const safer = withPolicy((scenario) => {
      scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.97 } };
    });
    const { mean, error } = paired(
      withPolicy(() => {}),
      safer,
      'costUsd',
    );
    expect(mean).toBeLessThan(4 * error);
  });
});
