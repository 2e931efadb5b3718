import { findRun } from '../exec/knownRun.js';
import { resumeRun } from '../exec/resumeRun.js';
import type { ExitCode } from './exit.js';
import { followRun } from './followRun.js';
import { createOutput } from './output.js';
import { outcomeOf, reportRun } from './reportRun.js';

export async function resume(
  name: string,
  options: { stateDir: string; takeOver?: boolean; budget?: number; ui: boolean; json?: boolean },
): Promise<ExitCode> {
  const output = createOutput(options);
  const run = await findRun(name, options.stateDir);
  const { takeOver = false, budget } = options;
  const summary = await followRun(run, { output, ui: options.ui, looksFirst: true }, (follow) =>
    resumeRun(run, { ...follow, takeOver, budgetUsd: budget }),
  );
  reportRun(run, summary, output);
  return outcomeOf(summary);
}
