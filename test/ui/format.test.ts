import { describe, expect, test } from 'vitest';
import {
  formatCompact,
  formatCount,
  formatDuration,
  formatHours,
  formatHoursRange,
  formatInterval,
  formatPercent,
  formatRoughDuration,
  formatUsd,
  formatUsdRange,
  formatUsdShort,
} from '../../src/ui/format.js';

describe('figures for people', () => {
  test.each([
    [formatCount(13_000), '13,000'],
    [formatCount(-0.2), '0'],
    [formatCompact(9_999), '9,999'],
    [formatCompact(9_999.6), '10.0k'],
    [formatCompact(489_931), '489.9k'],
    [formatCompact(999_960), '1.0M'],
    [formatHours(76.42), '76.4 h'],
    [formatHours(92_707), '92,707 h'],
    [formatDuration(0), '0s'],
    [formatDuration(750), '12m 30s'],
    [formatDuration(4 * 3600 + 12 * 60), '4h 12m'],
    [formatDuration(3 * 86_400 + 4 * 3600 + 12 * 60 + 59), '3d 4h 12m'],
    [formatRoughDuration(7 * 86_400 + 23.6 * 3600), '8d 0h'],
    [formatInterval(600), '10m'],
    [formatInterval(10 * 86_400), '10d'],
    [formatInterval(86_400 + 5400), '1d 1h 30m'],
    [formatInterval(0), '0s'],
    [formatUsd(19_804.4), '$19,804'],
    [formatUsd(12.345), '$12.35'],
    [formatUsd(-3), '-$3.00'],
    [formatUsdShort(38_077), '$38.1k'],
    [formatUsdShort(1_234), '$1,234'],
    [formatUsdRange({ p10: 36_912, p90: 38_077 }), '$36.9k–38.1k'],
    [formatUsdRange({ p10: 37_001, p90: 37_002 }), '$37.0k'],
    [formatHoursRange({ p10: 188.2, p90: 191.4 }), '7d 20h–7d 23h'],
    [formatHoursRange({ p10: 188.2, p90: 188.3 }), '7d 20h'],
  ])('%s', (found, expected) => {
    expect(found).toBe(expected);
  });

  test('what is unknown or not finite is a dash', () => {
    for (const format of [
      formatCount,
      formatCompact,
      formatDuration,
      formatHours,
      formatInterval,
      formatUsd,
      formatUsdShort,
    ]) {
      for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
        expect(format(value)).toBe('–');
    }
    expect(formatUsdRange(null)).toBe('–');
    expect(formatPercent(3, null)).toBe('–');
    expect(formatPercent(0, 0)).toBe('–');
  });

  test('100 % means all', () => {
    expect(formatPercent(12_999, 13_000)).toBe('99 %');
    expect(formatPercent(13_000, 13_000)).toBe('100 %');
    expect(formatPercent(29, 100)).toBe('29 %');
  });
});
