import { formatCount, UNKNOWN } from './format.js';
import { oneLine, pad, textWidth, truncate, wrapWords } from './text.js';

/** One column of a table in plain text. */
export interface Column {
  title: string;
  /** Default: right if every cell is a number or null, else left. */
  align?: 'left' | 'right';
  /** Long text goes on in the next lines of its column rather than being cut. */
  wrap?: boolean;
}

/** A number is written as a whole number with thousands separators (format others yourself); null is `–`. */
export type Cell = string | number | null;

const GAP = '  ';
const NARROWEST = 6;

/**
 * Lines of a table with a title line and a rule, no line wider than `width` cells (default: as wide as it
 * gets). If there is too little room the widest column gives way first: it wraps if it may, else it is cut.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { width?: number } = {},
): string[] {
  const texts = rows.map((row) => columns.map((_, index) => cellText(row[index] ?? null)));
  const titles = columns.map((column) => oneLine(column.title));
  const natural = columns.map((_, index) =>
    Math.max(textWidth(titles[index]!), ...texts.map((row) => textWidth(row[index]!))),
  );
  const limit = options.width ?? Number.POSITIVE_INFINITY;
  const widths = narrowed(natural, columns, limit - GAP.length * Math.max(0, columns.length - 1));
  const aligns = columns.map(
    (column, index) => column.align ?? alignOf(rows.map((row) => row[index] ?? null)),
  );

  const line = (cells: readonly string[]): string =>
    truncate(
      cells
        .map((cell, index) => pad(cell, widths[index]!, aligns[index]))
        .join(GAP)
        .trimEnd(),
      limit,
    );
  const rule = widths.map((width) => '─'.repeat(width));
  return [line(titles), line(rule), ...texts.flatMap((row) => rowLines(row, columns, widths).map(line))];
}

function cellText(cell: Cell): string {
  if (cell === null) return UNKNOWN;
  return typeof cell === 'number' ? formatCount(cell) : oneLine(cell);
}

function alignOf(cells: readonly Cell[]): 'left' | 'right' {
  const numbers = cells.some((cell) => typeof cell === 'number');
  return numbers && cells.every((cell) => typeof cell !== 'string') ? 'right' : 'left';
}

/** Takes from the widest column until all fit; from a column that wraps before one that would be cut. */
function narrowed(natural: readonly number[], columns: readonly Column[], room: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((total, width) => total + width, 0) - room;
  for (const wrapping of [true, false]) {
    while (excess > 0) {
      const candidates = widths.map((width, index) =>
        (columns[index]!.wrap ?? false) === wrapping && width > NARROWEST ? width : 0,
      );
      const widest = Math.max(0, ...candidates);
      if (widest === 0) break;
      const second = Math.max(NARROWEST, ...candidates.filter((width) => width < widest));
      const index = candidates.indexOf(widest);
      const taken = Math.min(excess, Math.max(1, widest - second));
      widths[index]! -= taken;
      excess -= taken;
    }
  }
  return widths;
}

function rowLines(row: readonly string[], columns: readonly Column[], widths: readonly number[]): string[][] {
  const cells = row.map((text, index) => (columns[index]!.wrap ? wrapWords(text, widths[index]!) : [text]));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => cells.map((lines) => lines[line] ?? ''));
}
