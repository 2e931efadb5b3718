import { type CsvColumn, type CsvRow, cellError, columnOf, parseCsv } from './csv.js';
import { type DataFormat, hasExactly, sha256Of } from './dataFile.js';
import { isMap } from './paths.js';
import type { WorkTable } from './scenario.js';
import { DEFAULT_NAMES, isInput, isName, type NamedTask, workTableOf } from './workTasks.js';

const COLUMNS = 'the columns molecule and input (and leg, repeat, window)';

/** A table of tasks: one row for each window of each molecule. */
export const WORK_TABLE_FILE: DataFormat<WorkTable> = {
  what: COLUMNS,
  example: 'tasks.csv',
  embedded:
    '{ file, sha256, folder, molecules, windows, inputs }, one input for each window of each molecule',
  parse: parseWorkTable,
  holds: holdsTable,
};

function parseWorkTable(file: string, text: string): WorkTable {
  const csv = parseCsv(file, text, `a heading with ${COLUMNS}, and a row for each task`);
  const cellOf = (row: CsvRow, column: CsvColumn): string => {
    const cell = row.cells[column.index] ?? '';
    if (cell === '') throw cellError(csv, row, column, 'a text that is not empty');
    return cell;
  };
  const needed = (name: string) => {
    const column = columnOf(csv, [name]);
    return (row: CsvRow) => cellOf(row, column);
  };
  const optional = (name: string, otherwise: string) =>
    csv.heading.names.includes(name) ? needed(name) : () => otherwise;
  const molecule = needed('molecule');
  const input = needed('input');
  const leg = optional('leg', DEFAULT_NAMES.leg);
  const repeat = optional('repeat', DEFAULT_NAMES.repeat);
  const window = optional('window', DEFAULT_NAMES.window);
  const tasks = csv.rows.map(
    (row): NamedTask => ({
      molecule: molecule(row),
      leg: leg(row),
      repeat: repeat(row),
      window: window(row),
      input: input(row),
      place: `line ${row.line}`,
    }),
  );
  return { file, sha256: sha256Of(text), folder: '', ...workTableOf(file, tasks) };
}

function holdsTable(members: Readonly<Record<string, unknown>>): boolean {
  const { folder, molecules, windows, inputs } = members;
  return (
    hasExactly(members, ['folder', 'molecules', 'windows', 'inputs']) &&
    typeof folder === 'string' &&
    isList(molecules, isName) &&
    new Set(molecules).size === molecules.length &&
    Array.isArray(windows) &&
    windows.every((window) => isMap(window) && isWindow(window)) &&
    isList(inputs, isInput) &&
    inputs.length === molecules.length * windows.length
  );
}

function isWindow(value: Readonly<Record<string, unknown>>): boolean {
  return hasExactly(value, ['leg', 'repeat', 'window']) && isList(Object.values(value), isName);
}

function isList(value: unknown, isItem: (text: string) => boolean): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'string' && isItem(item))
  );
}
