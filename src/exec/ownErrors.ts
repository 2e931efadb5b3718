import { rangesOf, type TaskRange, tasksOf } from '../plan/taskRanges.js';
import type { RunJob } from './runJob.js';
import { reopenedAfter, type Wish } from './wishes.js';

/** Errors of tasks of one job, by exit code; `tasks`: campaign task by task index. */
export function byExitCode(
  errors: readonly { index: number; exitCode: number }[],
  tasks: readonly number[],
): RunJob['ownErrors'] {
  const codes = new Map<number, number[]>();
  for (const { index, exitCode } of errors) {
    const task = tasks[index];
    if (task === undefined) continue;
    const failed = codes.get(exitCode);
    if (failed === undefined) codes.set(exitCode, [task]);
    else failed.push(task);
  }
  return [...codes].map(([exitCode, failed]) => ({ exitCode, tasks: rangesOf(failed) }));
}

/** Windows that ended by the same error of their own in two jobs, since the user last asked for them. */
export function stuckTasks(jobs: readonly RunJob[], wishes: readonly Wish[]): TaskRange[] {
  const since = reopenedAfter(wishes);
  const seen = new Set<string>();
  const stuck = new Set<number>();
  for (const [position, { ownErrors, unfinished }] of jobs.entries()) {
    if (unfinished === null) continue;
    for (const { exitCode, tasks } of ownErrors) {
      for (const task of tasksOf(tasks)) {
        if (position < since(task)) continue;
        const error = `${task} ${exitCode}`;
        if (seen.has(error)) stuck.add(task);
        seen.add(error);
      }
    }
  }
  return rangesOf([...stuck].sort((a, b) => a - b));
}
