import { type InputError, inputError } from './errors.js';
import { either, found } from './found.js';

/** A table whose first line names its columns, separated by commas, semicolons or tabs. */
export interface Csv {
  readonly file: string;
  readonly heading: { readonly line: number; readonly names: readonly string[] };
  readonly rows: readonly CsvRow[];
}

export interface CsvRow {
  /** In the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** One of the columns that are needed. */
export interface CsvColumn {
  readonly name: string;
  readonly index: number;
}

/** Reads a table; empty lines and lines that start with # are skipped. `needed`: what it must hold, for messages. */
export function parseCsv(file: string, text: string, needed: string): Csv {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((content, i) => ({ line: i + 1, content }))
    .filter(({ content }) => content.trim() !== '' && !content.startsWith('#'));
  for (const { line, content } of lines) {
    if ((content.match(/"/g)?.length ?? 0) % 2 === 0) continue;
    const expected = 'a quote for each quote, and one in a name written twice';
    throw inputError({ file, path: `line ${line}`, found: 'a double quote that is not closed', expected });
  }
  const [heading, ...others] = lines;
  if (heading === undefined) throw inputError({ file, found: 'an empty file', expected: needed });
  const separator = /[,;\t]/.exec(heading.content)?.[0] ?? ',';
  const rows = others.map(({ line, content }) => ({ line, cells: cellsOf(content, separator) }));
  const names = cellsOf(heading.content, separator);
  if (rows.length === 0) {
    throw inputError({ file, path: `line ${heading.line}`, found: 'no rows below it', expected: needed });
  }
  return { file, heading: { line: heading.line, names }, rows };
}

/** The cells of a line; a cell in double quotes may hold the separator, and a quote written twice. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const character = line[i]!;
    if (quoted && character === '"' && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

/** The column that has one of the names. */
export function columnOf({ file, heading }: Csv, names: readonly string[]): CsvColumn {
  const columns = heading.names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => names.includes(name));
  const [column, second] = columns;
  const path = `line ${heading.line}`;
  if (column === undefined) {
    const columnsFound = `the columns ${heading.names.join(', ')}`;
    const shown = columnsFound.length > 80 ? `${columnsFound.slice(0, 77)}...` : columnsFound;
    throw inputError({ file, path, found: shown, expected: `a column ${either(names)}` });
  }
  if (second !== undefined) {
    throw inputError({
      file,
      path,
      found: `the columns ${column.name} and ${second.name}`,
      expected: 'only one of them',
    });
  }
  return column;
}

/** The number in a cell, of at least 0. */
export function amountIn(csv: Csv, row: CsvRow, column: CsvColumn): number {
  const cell = row.cells[column.index] ?? '';
  const value = /^\d*\.?\d+(?:[eE][+-]?\d+)?$/.test(cell) ? Number(cell) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw cellError(csv, row, column, 'a number of at least 0');
}

/** What to say of a cell that is not as it must be. */
export function cellError({ file }: Csv, row: CsvRow, column: CsvColumn, expected: string): InputError {
  const cell = row.cells[column.index] ?? '';
  const path = `line ${row.line}, column ${column.name}`;
  return inputError({ file, path, found: cell === '' ? 'nothing' : found(cell), expected });
}
