import type { TaskRange } from '../plan/taskRanges.js';
import { joinTasks, withoutTasks } from '../plan/taskSets.js';

/** What the user asked of the run while it went on, or after its end. */
export interface Wish {
  kind: 'cancel' | 'reopen';
  /** Unique to the request. */
  request: string;
  /** Null: the whole run. */
  tasks: TaskRange[] | null;
  /** The number of jobs that had been intended before. */
  afterJobs: number;
}

/** Whether the whole run is to be cancelled, as of the latest wish about it. */
export function wantsCancel(wishes: readonly Wish[]): boolean {
  let cancelled = false;
  for (const { kind, tasks } of wishes) {
    if (kind === 'reopen') cancelled = false;
    else if (tasks === null) cancelled = true;
  }
  return cancelled;
}

/** Tasks that are not wanted any more. */
export function droppedTasks(wishes: readonly Wish[]): TaskRange[] {
  let dropped: TaskRange[] = [];
  for (const { kind, tasks } of wishes) {
    if (kind === 'cancel' && tasks !== null) dropped = joinTasks(dropped, tasks);
    if (kind === 'reopen') dropped = tasks === null ? [] : withoutTasks(dropped, tasks);
  }
  return dropped;
}

/** How many of the run's jobs were there when the task was asked for again, 0 for never. */
export function reopenedAfter(wishes: readonly Wish[]): (task: number) => number {
  const reopened = wishes.filter(({ kind }) => kind === 'reopen');
  return (task) => {
    let after = 0;
    for (const { tasks, afterJobs } of reopened) {
      const isMeant = tasks?.some(({ first, count }) => task >= first && task < first + count) ?? true;
      if (isMeant) after = Math.max(after, afterJobs);
    }
    return after;
  };
}
