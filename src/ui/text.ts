import { stripVTControlCharacters } from 'node:util';

/** Widths of text in terminal cells, and text cut to them. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

// Scripts and pictures that terminals draw two cells wide (Unicode Standard Annex 11, wide and full-width).
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}])/u;
const ZERO = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
const ASCII_ONLY = /^[ -~]*$/;

/** Without escape codes, line breaks and other control characters: text of others cannot move the cursor. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Control}\u2028\u2029]+/gu, ' ')
    .replace(/\p{Bidi_Control}/gu, '');
}

export function textWidth(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` cut to at most `width` cells, the last one `…` if something was cut. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = used + graphemeWidth(segment);
    if (next > width - 1) break;
    kept += segment;
    used = next;
  }
  return `${kept}…`;
}

/** `text` cut in its middle to at most `width` cells: ids differ at their ends. */
export function truncateMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const head = truncate(text, Math.ceil(width / 2));
  const characters = Array.from(text);
  let tail = '';
  while (textWidth(head + characters.at(-1) + tail) <= width) tail = characters.pop() + tail;
  return head + tail;
}

/** `text` in exactly `width` cells: cut, or filled with spaces. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = truncate(text, width);
  const gap = ' '.repeat(Math.max(0, width - textWidth(shown)));
  return align === 'left' ? shown + gap : gap + shown;
}

/** The first of `variants` (longest first) that is at most `width` cells wide, else the last. */
export function firstThatFits(variants: readonly string[], width: number): string {
  return variants.find((variant) => textWidth(variant) <= width) ?? variants.at(-1) ?? '';
}

/** Words in lines of at most `width` cells; a longer word is broken. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ +/).flatMap((long) => breakWord(long, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines;
}

function breakWord(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const { segment } of graphemes.segment(word)) {
    if (piece !== '' && textWidth(piece + segment) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += segment;
  }
  pieces.push(piece);
  return pieces;
}

function graphemeWidth(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) || grapheme.includes('\ufe0f') ? 2 : 1;
}
