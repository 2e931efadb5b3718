import { describe, expect, it } from 'vitest';
import { forecastAgainstActual } from '../../src/cli/forecastAgainstActual.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { METRICS, type Metric, type Summary } from '../../src/plan/forecast.js';
import type { Plan } from '../../src/plan/plan.js';
import { textWidth } from '../../src/ui/text.js';
import { thePlan } from '../ui/thePlan.js';

const flat = (value: number): Summary => ({
  mean: value,
  sd: 0,
  p1: value,
  p10: value,
  p50: value,
  p90: value,
  p99: value,
});

const forecast = Object.fromEntries(METRICS.map((metric) => [metric, flat(0)])) as Record<Metric, Summary>;
const plan: Plan = {
  ...thePlan(),
  forecast: {
    ...forecast,
    makespanHours: { ...flat(189), p10: 188, p90: 191 },
    costUsd: { ...flat(37_107), p10: 36_848.7, p90: 37_458.4 },
    tasksSucceeded: flat(13_000),
  },
};

function run(changes: Partial<ExecSummary>): ExecSummary {
  return {
    runId: 'r',
    state: 'succeeded',
    tasks: { total: 13_000, succeeded: 13_000, failed: 0, running: 0, pending: 0 },
    molecules: { complete: 0, total: 1000 },
    jobs: [],
    attempts: 0,
    preemptions: 0,
    costUsd: 37_000,
    elapsedHours: 189,
    forecast: { makespanHours: null, costUsd: null },
    resumed: false,
    stopped: null,
    budgetUsd: null,
    exposureUsd: 0,
    failedWindows: [],
    ...changes,
  };
}

const lines = (changes: Partial<ExecSummary>, of = plan): string[] => forecastAgainstActual(of, run(changes));
const words = (changes: Partial<ExecSummary>, of = plan): string => {
  const all = lines(changes, of);
  return all.slice(all.indexOf('') + 1).join(' ');
};

describe('forecast against actual', () => {
  it('says of every outcome where it lies, in 80 columns', () => {
    const table = lines({ elapsedHours: 200, costUsd: 30_000, attempts: null });
    for (const line of table) expect(textWidth(line)).toBeLessThanOrEqual(80);
    expect(table[2]).toMatch(/^makespan .* 8d 8h 0m {2}above$/);
    expect(table[3]).toMatch(/^cost .* \$30,000 {2}below$/);
    expect(table[4]).toMatch(/^attempts .* – {2}–$/);
    expect(table[6]).toMatch(/^tasks succeeded .* 13,000 {2}within$/);
  });

  it('takes what reads like an end of the range as within it', () => {
    expect(lines({ costUsd: 37_458.49 })[3]).toMatch(/within$/);
    expect(lines({ costUsd: 37_458.51 })[3]).toMatch(/above$/);
    expect(lines({ costUsd: 36_848.6 })[3]).toMatch(/within$/);
  });

  it.each([
    ['both within', {}, 'Makespan and cost lie within the forecast range (p10–p90).'],
    [
      'both above',
      { elapsedHours: 200, costUsd: 40_000 },
      'Makespan and cost lie above the forecast range (p10–p90). By its definition one run in five falls outside that range.',
    ],
    [
      'one above, one within',
      { elapsedHours: 200 },
      'The makespan lies above the forecast range (p10–p90), the cost within. By its definition one run in five falls outside that range.',
    ],
    [
      'a cost that is not known',
      { costUsd: null },
      'The makespan lies within the forecast range (p10–p90), the cost is not known.',
    ],
    [
      'a run that failed',
      { state: 'failed' as const },
      'The campaign did not succeed: makespan and cost say little about the forecast.',
    ],
  ])('says it in words: %s', (_, changes, sentence) => {
    expect(words(changes)).toBe(sentence);
  });

  it('has nothing to compare with when the plan has no forecast', () => {
    expect(words({}, { ...plan, forecast: null })).toBe('The plan has no forecast to hold against the run.');
  });
});
