import { isKnown, type Known } from './format.js';

/**
 * Bars and small charts as strings of exactly `width` cells. They are drawn in Unicode block elements;
 * `asciiOnly` (charset.ts) turns each cell into one ASCII character where a terminal cannot show them.
 */

export const EMPTY_CELL = '░';
export const FULL_CELL = '█';
/** Unlike all cells that stand for tasks. */
export const BAND_CELL = '┃';
const LEFT_EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LOWER_EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A bar filled to `share` (0..1, null: unknown, an empty bar), to an eighth of a cell. */
export function bar(share: Known, width: number): string {
  const cells = Math.max(0, Math.floor(width));
  const eighths = Math.round(clamp(share ?? 0) * cells * 8);
  const full = Math.floor(eighths / 8);
  const part = LEFT_EIGHTHS[eighths % 8]!;
  return FULL_CELL.repeat(full) + part + EMPTY_CELL.repeat(cells - full - (part === '' ? 0 : 1));
}

/**
 * A bar filled to `share` with the range `band` marked where the fill has not reached it yet, all three as
 * shares of the bar's length.
 */
export function gauge(share: Known, band: { from: number; to: number } | null, width: number): string {
  const filled = bar(share, width);
  if (band === null || width < 1) return filled;
  const first = Math.min(width - 1, Math.floor(clamp(band.from) * width));
  const last = Math.min(width - 1, Math.max(first, Math.ceil(clamp(band.to) * width) - 1));
  return Array.from(filled, (cell, index) =>
    cell === EMPTY_CELL && index >= first && index <= last ? BAND_CELL : cell,
  ).join('');
}

/**
 * Cells for each part of a stacked bar of `width` cells: in proportion (largest remainder), at least one cell
 * for a part that is not zero as long as there are cells, so that one failed task of 13,000 is seen.
 */
export function stackedCells(parts: readonly number[], width: number): number[] {
  const sizes = parts.map((part) => (isKnown(part) && part > 0 ? part : 0));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0 || width < 1) return sizes.map(() => 0);
  const exact = sizes.map((size) => (size / total) * width);
  const cells = exact.map((share) => Math.floor(share));
  const byRemainder = exact.map((_, index) => index).sort((a, b) => (exact[b]! % 1) - (exact[a]! % 1));
  for (let left = width - sum(cells), next = 0; left > 0; left--, next++) {
    cells[byRemainder[next % byRemainder.length]!]! += 1;
  }
  for (const [index, size] of sizes.entries()) {
    const widest = cells.indexOf(Math.max(...cells));
    if (size > 0 && cells[index] === 0 && cells[widest]! > 1) {
      cells[index]! += 1;
      cells[widest]! -= 1;
    }
  }
  return cells;
}

/**
 * The last `width` values as one line, scaled from 0 to the largest of them; what is unknown is a gap. A value
 * above 0 is never drawn as 0.
 */
export function sparkline(values: readonly Known[], width: number): string {
  return columnChart(values, width, 1)[0] ?? '';
}

/** The last `width` values as columns, `height` lines high, top line first, newest at the right. */
export function columnChart(values: readonly Known[], width: number, height: number): string[] {
  const cells = Math.max(0, Math.floor(width));
  const shown = cells === 0 ? [] : values.slice(-cells);
  const top = Math.max(0, ...shown.filter(isKnown));
  const heights = shown.map((value) =>
    isKnown(value) && value > 0 && top > 0 ? Math.max(1, Math.round((value / top) * height * 8)) : 0,
  );
  const lines: string[] = [];
  for (let line = height - 1; line >= 0; line--) {
    const drawn = heights.map((eighths, index) => {
      const here = Math.min(8, Math.max(0, eighths - line * 8));
      // Zero is drawn as a base line, so that it differs from what is unknown.
      return here === 0 && line === 0 && isKnown(shown[index]) ? '▁' : LOWER_EIGHTHS[here]!;
    });
    lines.push(drawn.join('').padStart(cells));
  }
  return lines;
}

function clamp(share: number): number {
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
