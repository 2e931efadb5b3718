import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { pad, textWidth, truncate } from './text.js';

/**
 * The colours in use: those of the 16 ANSI names that can be read on dark and on light backgrounds. They only
 * repeat what a word, a figure or a character says already.
 */
export const COLOURS = {
  good: 'green',
  bad: 'red',
  busy: 'cyan',
  note: 'magenta',
} as const;

/** One line of the terminal, cut rather than wrapped. */
export function Line({ width, children }: { width: number; children: ReactNode }) {
  return (
    <Box width={width} height={1} flexShrink={0}>
      <Text wrap="truncate-end">{children}</Text>
    </Box>
  );
}

/** `── Jobs ── 2 RUNNING · 12 QUEUED ───── tasks done`; `column` names the column at the right. */
export function Heading(props: { title: string; note?: string; column?: string; width: number }) {
  const { title, note = '', column = '', width } = props;
  const last = column === '' ? '' : ` ${column}`;
  const room = width - textWidth(title) - textWidth(last);
  const shown = note === '' ? '' : ` ${truncate(note, room - 8)} ─`;
  const rest = Math.max(0, room - textWidth(shown) - 5);
  return (
    <Line width={width}>
      <Text dimColor>── </Text>
      <Text bold>{title}</Text>
      <Text dimColor>{` ─${shown}${'─'.repeat(rest)}${last}`}</Text>
    </Line>
  );
}

/** Tells of the entries for which there was no line. */
export function More({ count, width }: { count: number; width: number }) {
  return (
    <Line width={width}>
      <Text dimColor>{`  … ${count} more`}</Text>
    </Line>
  );
}

/** How many of `total` entries to draw in `lines` lines, the last of which says how many are left out. */
export function entriesFor(total: number, lines: number): number {
  return total <= lines ? total : Math.max(0, lines - 1);
}

/** One right-aligned column of a list: a title for its heading and the cells' width, at least the title's + 1. */
export interface ListColumn {
  title: string;
  width: number;
}

/** Cells between columns. */
export const LIST_GAP = 2;

/** A heading that names the columns below it: `── Regions ──────── VMs/quota ── running ── pending`. */
export function ColumnHeading(props: {
  title: string;
  span: number;
  columns: readonly ListColumn[];
  width: number;
}) {
  const { title, span, columns, width } = props;
  const rule = '─'.repeat(Math.max(0, span - textWidth(title) - 4));
  const titles = columns.map((column, index) => {
    const dashes = '─'.repeat(Math.max(0, column.width + LIST_GAP - textWidth(column.title) - 2));
    return `${index === 0 ? '─' : ' '}${dashes} ${column.title}`;
  });
  return (
    <Line width={width}>
      <Text dimColor>── </Text>
      <Text bold>{title}</Text>
      <Text dimColor>{` ${rule}${titles.join('')}`}</Text>
    </Line>
  );
}

/** A cell of a list, with the gap before it. */
export function cellOf(column: ListColumn, text: string): string {
  return ' '.repeat(LIST_GAP) + pad(text, column.width, 'right');
}
