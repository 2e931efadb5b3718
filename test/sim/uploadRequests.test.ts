import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { referenceScenario } from './exampleScenario.js';

function small(change: (scenario: Scenario) => void): Scenario {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 10;
  change(scenario);
  return scenario;
}

describe('reads of an upload', () => {
  test('are billed as reads, one by one, and change nothing else where they take no time', () => {
    const without = simulateOnce(makePlan(small(() => {})), 'reads');
    const scenario = small((s) => {
      s.bucket.readsPerUpload = 2;
    });
    const withReads = simulateOnce(makePlan(scenario), 'reads');
    expect(withReads.folded).toBe(true);
    const { costUsd: _with, ...metrics } = withReads.metrics;
    const { costUsd: _without, ...before } = without.metrics;
    expect(metrics).toEqual(before);
    const extra = withReads.costBreakdownUsd.storageOperations - without.costBreakdownUsd.storageOperations;
    // Reference events: starts and ends of attempts, write requests, finished uploads.
    const writes = withReads.events - 2 * metrics.attempts - metrics.checkpointsWritten;
    const reads = 2 * writes;
    expect(extra).toBeCloseTo((reads * scenario.prices.readsUsdPer1000) / 1000, 9);
  });

  test('take a request of the read capacity each: beyond it they are refused and the upload waits', () => {
    const crowd = (readsPerUpload: number) =>
      simulateOnce(
        makePlan(
          small((s) => {
            s.decisions.checkpoint = { ...s.decisions.checkpoint, policy: 'aligned' };
            s.bucket = { ...s.bucket, readsPerSecond: 50, readsPerUpload };
          }),
        ),
        'crowd',
      );
    expect(crowd(0).metrics.http429).toBe(0);
    const refused = crowd(2);
    expect(refused.folded).toBe(false);
    expect(refused.metrics.http429).toBeGreaterThan(1_000);
    expect(refused.metrics.tasksSucceeded).toBe(130);
  });
});

describe('one name', () => {
  const ship = (intervalSeconds: number, objectWritesPerSecond: number | null) => {
    const scenario = small((s) => {
      s.campaign = {
        ...s.campaign,
        molecules: 4,
        windows: 1,
        taskDurationSeconds: { constant: 300 },
      };
      s.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
      s.decisions.checkpoint = { ...s.decisions.checkpoint, intervalSeconds, jitterSeconds: 0 };
      s.checkpoint.sizeBytes = 0;
      s.bucket = { ...s.bucket, objectWritesPerSecond, maxTries: 1 };
    });
    return simulateOnce(makePlan(scenario), 'name').metrics;
  };

  test('takes a write a second: a checkpoint every 0.25 s is refused three times in four', () => {
    const { http429, checkpointsWritten, checkpointsSkipped } = ship(0.25, 1);
    expect(checkpointsWritten + http429).toBe(4 * (300 / 0.25 - 1));
    expect(checkpointsSkipped).toBe(http429);
    expect(checkpointsWritten).toBe(4 * 300);
  });

  test('refuses nothing of a longer interval, nor where the limit is lifted', () => {
    expect(ship(1, 1).http429).toBe(0);
    expect(ship(0.25, null).http429).toBe(0);
  });
});
