import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownRun } from '../exec/knownRun.js';
import { tasksOfMolecules } from '../exec/wantedTasks.js';
import type { TaskRange } from '../plan/taskRanges.js';
import { columnOf, parseCsv } from '../scenario/csv.js';
import { inputError } from '../scenario/errors.js';
import { resultsFolder } from './collect.js';
import { readText } from './load.js';

/** Rows of these are as they should be, or have nothing to run again. */
const FINE = ['ok', 'no data'];

/** Windows of the molecules that `collect` has flagged in its results.csv. Throws InputError where there is none. */
export function tasksOfFlagged(run: KnownRun, name: string, stateDir: string): TaskRange[] {
  const file = join(resultsFolder(run, name, stateDir), 'results.csv');
  if (!existsSync(file)) {
    throw inputError({
      file,
      path: '--flagged',
      found: 'no such file',
      expected: `the table that \`fepcast collect ${run.runId}\` writes`,
    });
  }
  const csv = parseCsv(file, readText(file, 'a table of results'), 'a line for each leg');
  const [molecule, status] = [columnOf(csv, ['molecule']), columnOf(csv, ['status'])];
  const flagged = csv.rows
    .filter(({ cells }) => !FINE.includes(cells[status.index] ?? ''))
    .map(({ cells }) => cells[molecule.index] ?? '');
  return tasksOfMolecules(run.plan, [...new Set(flagged)], file);
}
