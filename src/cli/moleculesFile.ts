import { tasksOfMolecules } from '../exec/wantedTasks.js';
import type { Plan } from '../plan/plan.js';
import type { TaskRange } from '../plan/taskRanges.js';
import { inputError } from '../scenario/errors.js';
import { readText } from './load.js';

/** A file with the name of a molecule on each line; empty lines count for nothing. */
export function tasksOfMoleculesFile(plan: Plan, file: string): TaskRange[] {
  const names = readText(file, 'a file with a molecule on each line')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  if (names.length === 0) {
    throw inputError({ file, found: 'no molecule', expected: 'the name of a molecule on each line' });
  }
  return tasksOfMolecules(plan, names, file);
}
