import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bar, columnChart, gauge, sparkline, stackedCells } from '../../src/ui/bars.js';
import { asciiOnly } from '../../src/ui/charset.js';

describe('bars', () => {
  test('a bar is drawn to an eighth of a cell', () => {
    expect(bar(0, 4)).toBe('░░░░');
    expect(bar(0.5, 4)).toBe('██░░');
    expect(bar(1 / 32, 4)).toBe('▏░░░');
    expect(bar(1, 4)).toBe('████');
    expect(bar(null, 4)).toBe('░░░░');
  });

  test('a gauge marks the range that is still ahead', () => {
    expect(gauge(0.5, { from: 0.75, to: 1 }, 8)).toBe('████░░┃┃');
    expect(gauge(1, { from: 0.75, to: 1 }, 8)).toBe('████████');
    expect(gauge(0, { from: 1, to: 1 }, 8)).toBe('░░░░░░░┃');
  });

  test('one failed task of 13,000 gets a cell', () => {
    expect(stackedCells([6_500, 1, 500, 0, 5_999], 24)).toEqual([11, 1, 1, 0, 11]);
  });

  test('a sparkline shows the newest values, gaps for what is unknown and a base line for zero', () => {
    expect(sparkline([100, 0, 4, null, 8], 4)).toBe('▁▄ █');
    expect(sparkline([8], 3)).toBe('  █');
    expect(sparkline([], 3)).toBe('   ');
  });

  test('a column chart has its highest value at the top line', () => {
    expect(columnChart([0, 1, 2], 3, 2)).toEqual(['  █', '▁██']);
  });

  test('every drawing has exactly its width, whatever is drawn', () => {
    const value = fc.option(fc.double(), { nil: null });
    fc.assert(
      fc.property(
        value,
        fc.array(value),
        fc.nat({ max: 60 }),
        value,
        value,
        (share, values, width, from, to) => {
          expect(bar(share, width)).toHaveLength(width);
          expect(gauge(share, { from: from ?? 0, to: to ?? 1 }, width)).toHaveLength(width);
          expect(sparkline(values, width)).toHaveLength(width);
          for (const line of columnChart(values, width, 3)) expect(line).toHaveLength(width);
        },
      ),
      { seed: 1 },
    );
  });

  test('stacked cells fill the width and show every part while there is room', () => {
    const parts = fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.integer({ min: 6, max: 100 }), (sizes, width) => {
        const cells = stackedCells(sizes, width);
        const total = cells.reduce((sum, count) => sum + count, 0);
        expect(total).toBe(sizes.some((size) => size > 0) ? width : 0);
        for (const [index, size] of sizes.entries()) expect(cells[index]! > 0).toBe(size > 0);
      }),
      { seed: 2 },
    );
  });

  test('every character has an ASCII likeness of the same width', () => {
    const drawn = `${bar(0.37, 9)}${gauge(0.2, { from: 0.5, to: 0.9 }, 9)}${sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8)}–…×·`;
    expect(asciiOnly(drawn)).toMatch(/^[ -~]+$/);
    expect(asciiOnly(drawn)).toHaveLength(drawn.length);
    expect(asciiOnly(drawn)).not.toContain('?');
    for (const step of '▏▎▍▌▋▊▉▁▂▃▄▅▆▇█▓▒░┃') expect(asciiOnly(step)).not.toBe('?');
  });
});
