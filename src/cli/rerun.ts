import { findRun } from '../exec/knownRun.js';
import { type RerunChoice, rerunTasks } from '../exec/rerunTasks.js';
import { windowFilter } from '../exec/wantedTasks.js';
import type { Plan } from '../plan/plan.js';
import { rangesOf, tasksOf } from '../plan/taskRanges.js';
import { inputError } from '../scenario/errors.js';
import type { ExitCode } from './exit.js';
import { tasksOfFlagged } from './flaggedMolecules.js';
import { followRun } from './followRun.js';
import { tasksOfMoleculesFile } from './moleculesFile.js';
import { createOutput } from './output.js';
import { outcomeOf, reportRun } from './reportRun.js';

export interface RerunOptions {
  stateDir: string;
  failed?: boolean;
  flagged?: boolean;
  molecules?: string;
  /** "3,4" */
  windows?: string;
  takeOver?: boolean;
  ui: boolean;
  json?: boolean;
}

export async function rerun(name: string, options: RerunOptions): Promise<ExitCode> {
  const output = createOutput(options);
  checkOptions(options);
  const run = await findRun(name, options.stateDir);
  const choice = options.flagged
    ? { tasks: tasksOfFlagged(run, name, options.stateDir) }
    : choiceOf(run.plan, options);
  let windows = 0;
  const summary = await followRun(run, { output, ui: options.ui, looksFirst: true }, async (follow) => {
    const again = await rerunTasks(run, choice, { ...follow, takeOver: options.takeOver ?? false });
    windows = again.windows;
    return again.summary;
  });
  if (windows === 0) output.note('nothing was run again: every window has its result, or is at work');
  reportRun(run, summary, output);
  return outcomeOf(summary);
}

function checkOptions({ failed, flagged, molecules, windows }: RerunOptions): void {
  const given = [failed, flagged, molecules].filter((one) => one !== undefined && one !== false).length;
  if (given !== 1) {
    const found = given === 0 ? 'none of them' : `${given} of them`;
    throw inputError({ path: '--failed, --flagged, --molecules', found, expected: 'one of the three' });
  }
  if (windows !== undefined && molecules === undefined) {
    throw inputError({ path: '--windows', found: `"${windows}"`, expected: '--molecules with it' });
  }
}

function choiceOf(plan: Plan, { molecules, windows }: RerunOptions): RerunChoice {
  if (molecules === undefined) return { failed: true };
  const tasks = tasksOfMoleculesFile(plan, molecules);
  if (windows === undefined) return { tasks };
  const isWanted = windowFilter(
    plan,
    windows.split(',').map((window) => window.trim()),
  );
  return { tasks: rangesOf([...tasksOf(tasks)].filter(isWanted)) };
}
