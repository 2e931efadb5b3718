import { countTasks, rangesOf, type TaskRange, tasksOf } from '../plan/taskRanges.js';
import { joinTasks, withoutTasks } from '../plan/taskSets.js';
import { actOnRun, type KnownRun } from './knownRun.js';
import type { LedgerState } from './ledger.js';
import type { FollowOptions, RunAtHand } from './run.js';
import { leftBehind } from './setAside.js';
import type { ExecSummary } from './summary.js';

/** Which windows: those without a result, or those of some molecules, with or without one. */
export type RerunChoice = { failed: true } | { tasks: TaskRange[] };

/**
 * Runs windows again, and follows the run to its end. Results that are there are put aside, not thrown away. Windows
 * that a job is still working on are left to it. `windows` tells how many run again.
 */
export async function rerunTasks(
  run: KnownRun,
  choice: RerunChoice,
  options: FollowOptions & { emulatorEntry: string },
): Promise<{ summary: ExecSummary; windows: number }> {
  let windows = 0;
  const summary = await actOnRun(run, {
    ...options,
    wishFor: async (atHand) => {
      const tasks = await chosenTasks(run, choice, atHand);
      windows = countTasks(tasks);
      if (windows === 0) return undefined;
      const aside = await leftBehind(atHand.storage, run.plan, atHand.inputOf, [...tasksOf(tasks)]);
      return { kind: 'reopen', tasks, aside };
    },
  });
  return { summary, windows };
}

async function chosenTasks({ plan }: KnownRun, choice: RerunChoice, run: RunAtHand): Promise<TaskRange[]> {
  const all = [{ first: 0, count: plan.campaign.tasks }];
  const idle = withoutTasks(all, tasksAtWork(run.ledger));
  if ('tasks' in choice) return withoutTasks(choice.tasks, withoutTasks(all, idle));
  return withoutTasks(idle, rangesOf(await run.inventory.complete(idle, 'anywhere')));
}

/** Tasks of jobs that have not ended. */
function tasksAtWork({ jobs }: LedgerState): TaskRange[] {
  return joinTasks(...jobs.filter(({ final }) => final === null).map(({ intended }) => intended.tasks));
}
