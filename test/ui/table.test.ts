import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTable } from '../../src/ui/table.js';
import { textWidth } from '../../src/ui/text.js';

describe('formatTable', () => {
  test('aligns text left, numbers right, and draws null as a dash', () => {
    const lines = formatTable(
      [{ title: 'strategy' }, { title: 'cost', align: 'right' }, { title: 'failed' }],
      [
        ['retry', '$48.2k', 976],
        ['checkpoint', '$37.4k', null],
      ],
    );
    expect(lines).toEqual([
      'strategy      cost  failed',
      '──────────  ──────  ──────',
      'retry       $48.2k     976',
      'checkpoint  $37.4k       –',
    ]);
  });

  test('long text goes on below in its own column when it may wrap', () => {
    const lines = formatTable(
      [{ title: 'rule' }, { title: 'message', wrap: true }],
      [['retries', 'maxRetryCount is 11, Batch accepts at most 10']],
      { width: 34 },
    );
    expect(lines.slice(2)).toEqual(['retries  maxRetryCount is 11,', '         Batch accepts at most 10']);
  });

  test('the widest column is cut when nothing may wrap', () => {
    const lines = formatTable([{ title: 'id' }, { title: 'n' }], [['fepcast-us-central1-0', 3]], {
      width: 15,
    });
    expect(lines.at(-1)).toBe('fepcast-us-…  3');
  });

  test('without rows there is a title line and a rule', () => {
    expect(formatTable([{ title: 'job' }], [])).toEqual(['job', '───']);
  });

  test('no line is wider than the width, nothing breaks a line', () => {
    const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constant(null));
    const column = fc.record({ title: fc.string(), wrap: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 6 }),
        fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 100 }),
        (columns, rows, width) => {
          for (const line of formatTable(columns, rows, { width })) {
            expect(textWidth(line)).toBeLessThanOrEqual(width);
            expect(line).not.toMatch(/[\p{Control}]/u);
          }
        },
      ),
      { seed: 4 },
    );
  });
});
