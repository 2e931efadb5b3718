import { describe, expect, test } from 'vitest';
import { type Forecast, METRICS, NEVER_HOURS, type Summary } from '../../src/plan/forecast.js';
import { describeForecast } from '../../src/ui/forecastTable.js';

const around = (p50: number): Summary => ({
  mean: p50,
  sd: p50 / 100,
  p1: p50 * 0.9,
  p10: p50 * 0.95,
  p50,
  p90: p50 * 1.05,
  p99: p50 * 1.1,
});

const forecast = {
  ...(Object.fromEntries(METRICS.map((metric) => [metric, around(100)])) as Forecast),
  makespanHours: around(189.8),
  costUsd: around(37_400),
  vmHours: around(92_707),
  http429: around(0),
};

describe('describeForecast', () => {
  const lines = describeForecast(forecast, { usefulWork: 36_000, lostWork: 150, startup: 1_250, idle: 0 });

  test('every outcome has its line with p10, p50, p90 and mean', () => {
    expect(lines[0]).toMatch(/^outcome +p10 +p50 +p90 +mean$/);
    expect(lines.slice(2, lines.indexOf(''))).toHaveLength(METRICS.length);
    expect(lines).toContainEqual(
      expect.stringMatching(/^makespan +7d 12h 18m +7d 21h 48m +8d 7h 17m +7d 21h 48m$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^cost +\$35,530 +\$37,400 +\$39,270 +\$37,400$/));
    expect(lines).toContainEqual(expect.stringMatching(/^requests refused \(429\) +0 +0 +0 +0$/));
  });

  test('a molecule that is never complete is no duration', () => {
    const firstMoleculeHours = { ...around(100), p90: NEVER_HOURS, p99: NEVER_HOURS };
    expect(describeForecast({ ...forecast, firstMoleculeHours }, null)).toContainEqual(
      expect.stringMatching(/^first molecule after +3d 23h 0m +4d 4h 0m +never +–$/),
    );
  });

  test('the parts of the cost are listed from the largest and add up', () => {
    expect(lines.slice(lines.indexOf('') + 3)).toEqual([
      expect.stringMatching(/^useful work +\$36,000 +96 %$/),
      expect.stringMatching(/^start-up +\$1,250 +3 %$/),
      expect.stringMatching(/^lost work +\$150 +0 %$/),
      expect.stringMatching(/^total +\$37,400 +100 %$/),
    ]);
  });

  test('fits a terminal of 80 columns', () => {
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });
});
