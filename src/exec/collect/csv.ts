/** A column of a table: its name and what it shows of a row. */
export type Column<T> = readonly [name: string, value: (row: T) => string | number | null];

/** Comma-separated lines with a heading, as RFC 4180 has them; null is an empty cell. */
export function csvText<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [
    columns.map(([name]) => name),
    ...rows.map((row) => columns.map(([, value]) => cell(value(row)))),
  ];
  return `${lines.map((cells) => cells.join(',')).join('\n')}\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** With so many decimals at most; null stays null. */
export function rounded(value: number | null, decimals: number): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toFixed(decimals));
}
