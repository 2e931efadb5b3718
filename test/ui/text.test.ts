import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supportsColour, supportsUnicode } from '../../src/ui/charset.js';
import { oneLine, pad, textWidth, truncate, truncateMiddle, wrapWords } from '../../src/ui/text.js';

describe('text in cells', () => {
  test('wide and combining characters are counted as terminals draw them', () => {
    expect(textWidth('abc–…█')).toBe(6);
    expect(textWidth('分子')).toBe(4);
    expect(textWidth('🧪')).toBe(2);
    expect(textWidth('e\u0301')).toBe(1);
  });

  test('escape codes and line breaks of others do not reach the terminal', () => {
    expect(oneLine('\u001b[31mred\u001b[0m\nnext\tcell\u0007')).toBe('red next cell ');
  });

  test('cutting keeps the start, or both ends', () => {
    expect(truncate('fepcast-us-central1-0', 10)).toBe('fepcast-u…');
    expect(truncate('分子分子', 4)).toBe('分…');
    expect(truncateMiddle('fepcast-us-central1-0', 11)).toBe('fepca…al1-0');
    expect(pad('42', 5, 'right')).toBe('   42');
  });

  test('words are wrapped, a word that is too long is broken', () => {
    expect(wrapWords('at most 10 retries per task', 10)).toEqual(['at most 10', 'retries', 'per task']);
    expect(wrapWords('projects/p/locations/l', 10)).toEqual(['projects/p', '/locations', '/l']);
  });

  test('padding gives exactly the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 40 }), (text, width) => {
        expect(textWidth(pad(oneLine(text), width))).toBe(width);
        expect(textWidth(truncateMiddle(oneLine(text), width))).toBeLessThanOrEqual(width);
      }),
      { seed: 3 },
    );
  });
});

describe('what the terminal can show', () => {
  test('the first of LC_ALL, LC_CTYPE and LANG decides about Unicode', () => {
    expect(supportsUnicode({ LANG: 'en_US.UTF-8' })).toBe(true);
    expect(supportsUnicode({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).toBe(false);
    expect(supportsUnicode({ LC_ALL: '', LANG: 'de_DE.utf8' })).toBe(true);
    expect(supportsUnicode({})).toBe(true);
  });

  test('NO_COLOR and dumb terminals get no colour', () => {
    expect(supportsColour({})).toBe(true);
    expect(supportsColour({ NO_COLOR: '1' })).toBe(false);
    expect(supportsColour({ TERM: 'dumb' })).toBe(false);
  });
});
