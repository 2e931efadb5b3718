import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Metric } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { parseScenario } from '../../src/scenario/parse.js';
import type { CheckpointPolicyName } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { halfWidth95, standardErrors } from '../statistics.js';

const REPLICATIONS = 20;
const YAML = readFileSync(new URL('../../scenarios/campaign-13k.yaml', import.meta.url), 'utf8');

/**
 * Means of 200 seeds of an independent program (C++) for the same written model, with the 95 % half-widths of
 * these means. 500 slots, 13,000 tasks of 7 h, hourly survival 0.95.
 */
const EXPECTED: Record<
  Exclude<CheckpointPolicyName, 'adaptive'>,
  Partial<Record<Metric, [mean: number, halfWidth: number]>>
> = {
  periodic: {
    makespanHours: [189.76, 0.04],
    vmHours: [92_707, 1.7],
    preemptions: [4_689, 9],
    checkpointsWritten: [489_931, 8],
    lostWorkHours: [429.6, 1.0],
  },
  aligned: {
    makespanHours: [189.68, 0.04],
    vmHours: [92_663, 1.7],
    preemptions: [4_679, 10],
    checkpointsWritten: [548_299, 7],
    lostWorkHours: [386.5, 1.0],
  },
  none: {
    makespanHours: [241.1, 0.6],
    vmHours: [110_804, 49],
    preemptions: [5_607, 13],
    lostWorkHours: [18_461, 48],
  },
};

describe.each(Object.entries(EXPECTED))('the reference campaign with checkpoints %s', (policy, expected) => {
  const overrides = policy === 'periodic' ? [] : [`decisions.checkpoint.policy=${policy}`];
  const plan = makePlan(parseScenario(YAML, { overrides }));
  const outcomes = Array.from({ length: REPLICATIONS }, (_, r) => simulateOnce(plan, `reference/${r}`));

  test.each(Object.entries(expected))(
    '%s agrees with the independent program',
    (metric, [mean, halfWidth]) => {
      const sample = outcomes.map((outcome) => outcome.metrics[metric as Metric]);
      expect(Math.abs(standardErrors(sample, halfWidth95(mean, halfWidth)))).toBeLessThan(4);
    },
  );

  test('every task succeeds and no request is refused', () => {
    for (const { metrics } of outcomes) {
      expect([metrics.tasksSucceeded, metrics.tasksFailed, metrics.http429]).toEqual([13_000, 0, 0]);
    }
  });
});
