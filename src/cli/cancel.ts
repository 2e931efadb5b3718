import { cancelRun } from '../exec/cancelRun.js';
import { findRun } from '../exec/knownRun.js';
import { EXIT, type ExitCode } from './exit.js';
import { followRun } from './followRun.js';
import { tasksOfMoleculesFile } from './moleculesFile.js';
import { createOutput } from './output.js';

export async function cancel(
  name: string,
  options: { stateDir: string; molecules?: string; ui: boolean; json?: boolean },
): Promise<ExitCode> {
  const output = createOutput(options);
  const run = await findRun(name, options.stateDir);
  const tasks = options.molecules === undefined ? null : tasksOfMoleculesFile(run.plan, options.molecules);
  const summary = await followRun(run, { output, ui: options.ui }, (follow) => cancelRun(run, tasks, follow));
  output.document(summary);
  const { runId } = run;
  if (tasks === null && summary.state === 'running') {
    output.note(`interrupted: jobs of run ${runId} may go on; the same command goes on with the cancelling`);
    return EXIT.interrupted;
  }
  if (tasks === null && summary.state !== 'cancelled') {
    output.print(`run ${runId} had ${summary.state} already: nothing was left to cancel`);
    return EXIT.done;
  }
  output.print(
    tasks === null
      ? `run ${runId} is cancelled: no job of it goes on. Results and checkpoints stay; \`fepcast resume ${runId}\` goes on from them`
      : `run ${runId}: no job works on these molecules any more; the rest of the run goes on`,
  );
  return EXIT.done;
}
