import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { formulaWorld } from './noQueue.js';

/**
 * Crowds of writers against a token bucket of 1,000/s and depth 1,000 with full jitter (base 1 s, cap 32 s, 10
 * tries), as an independent program found: clients, seconds over which they come, share of 429s, tries an upload.
 */
test.each([
  [500, 0.5, 0, 1],
  [2_000, 0.5, 0.21, 1.27],
  [13_000, 0.5, 0.75, 4.1],
  [13_000, 5, 0.68, 3.1],
  [13_000, 13, 0, 1],
])(
  '%d uploads within %f s: %f of the requests are refused, %f tries an upload',
  (clients, seconds, share, tries) => {
    const scenario = formulaWorld();
    scenario.campaign = {
      ...scenario.campaign,
      molecules: clients,
      windows: 1,
      taskDurationSeconds: { constant: 1_000 },
    };
    scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
    scenario.decisions.checkpoint = {
      policy: 'periodic',
      intervalSeconds: 600,
      jitterSeconds: seconds,
      firstPhase: 'none',
      flushOnNotice: false,
    };
    scenario.bucket = { ...scenario.bucket, maxTries: 10, backoffCapSeconds: 32 };
    const { metrics } = simulateOnce(makePlan(scenario), 'storm');
    const requests = metrics.http429 + metrics.checkpointsWritten;
    // The table has two digits.
    expect(metrics.http429 / requests).toBeGreaterThanOrEqual(share - 0.0151);
    expect(metrics.http429 / requests).toBeLessThanOrEqual(share + 0.0151);
    expect(Math.abs(requests / metrics.checkpointsWritten - tries)).toBeLessThan(0.11);
    expect(metrics.checkpointsWritten + metrics.checkpointsSkipped).toBe(clients);
  },
);
