import type { Plan } from './plan.js';
import { type TaskRange, tasksOf } from './taskRanges.js';

/** Bytes of one row, the line feed included: a task finds its own by one ranged read at index x 96. */
export const TASK_INDEX_ROW_BYTES = 96;

/**
 * A job's task index: one fixed-width row a task, in the order of BATCH_TASK_INDEX, holding the campaign task,
 * its key molecule/leg/repeat/window and, once the work is known, its digest and home ("-" until then).
 */
export function taskIndexFile(plan: Plan, tasks: readonly TaskRange[]): string {
  const rows: string[] = [];
  for (const task of tasksOf(tasks)) {
    const row = `${task} ${taskKey(plan, task)} - -`;
    // A longer row would shift every ranged read behind it.
    if (row.length >= TASK_INDEX_ROW_BYTES) throw new Error(`index row of task ${task} is too long: ${row}`);
    rows.push(`${row.padEnd(TASK_INDEX_ROW_BYTES - 1)}\n`);
  }
  return rows.join('');
}

/** `m0042/main/0/w03`: the key of a task of a campaign that is given by counts alone. */
export function taskKey(plan: Plan, task: number): string {
  const { molecules, windows } = plan.campaign;
  const molecule = String(Math.floor(task / windows)).padStart(String(molecules - 1).length, '0');
  const window = String(task % windows).padStart(2, '0');
  return `m${molecule}/main/0/w${window}`;
}
