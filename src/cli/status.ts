import { findRun } from '../exec/knownRun.js';
import { readStatus, seenAt } from '../exec/status.js';
import type { ExecSummary } from '../exec/summary.js';
import { inputError } from '../scenario/errors.js';
import { formatCount, formatDuration, formatHoursRange, formatUsd, formatUsdRange } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { showAttempts } from './attempts.js';
import { EXIT, type ExitCode } from './exit.js';
import { findingLines } from './findingLines.js';
import { createOutput } from './output.js';

export async function status(
  name: string,
  options: { stateDir: string; attempts?: boolean; molecule?: string; json?: boolean },
): Promise<ExitCode> {
  const output = createOutput(options);
  const run = await findRun(name, options.stateDir);
  if (options.molecule !== undefined && !options.attempts) {
    throw inputError({ path: '--molecule', found: `"${options.molecule}"`, expected: '--attempts with it' });
  }
  if (options.attempts) {
    await showAttempts(run, options.molecule, output);
    return EXIT.done;
  }
  const summary = await readStatus(run);
  output.document(summary);
  output.print([...describeRun(summary), ...findingLines(summary)].join('\n'));
  const note = await freshness(run.runId, options.stateDir, summary);
  if (note !== null) output.print(`\n${note}`);
  return EXIT.done;
}

/** What a reader must know about figures that nobody is updating; null for a run that is over or followed. */
async function freshness(runId: string, stateDir: string, { state }: ExecSummary): Promise<string | null> {
  if (state !== 'running') return null;
  const { isFollowed, snapshotMinutes } = await seenAt({ runId, stateDir });
  if (isFollowed) return null;
  const age =
    snapshotMinutes === null ? '' : ` Its last snapshot is ${formatCount(snapshotMinutes)} min old.`;
  return `No process follows this run now; fepcast resume goes on with it.${age}`;
}

function describeRun(run: ExecSummary): string[] {
  const { tasks, molecules, forecast } = run;
  const rows = [
    ['tasks', `${formatCount(tasks.succeeded)} of ${formatCount(tasks.total)} succeeded`],
    [
      '',
      `${formatCount(tasks.running)} running, ${formatCount(tasks.pending)} pending, ${formatCount(tasks.failed)} failed`,
    ],
    ['molecules', `${formatCount(molecules.complete)} of ${formatCount(molecules.total)} complete`],
    [
      'elapsed',
      `${formatDuration(run.elapsedHours * 3600)}, forecast ${formatHoursRange(forecast.makespanHours)}`,
    ],
    ['spent', `${formatUsd(run.costUsd)}, forecast ${formatUsdRange(forecast.costUsd)}`],
    ['budget', formatUsd(run.budgetUsd)],
    ['exposure', `${formatUsd(run.exposureUsd)} at most, if nobody watches`],
    ['attempts', formatCount(run.attempts)],
    ['preemptions', formatCount(run.preemptions)],
  ];
  const jobs = run.jobs.map(({ jobId, region, state }) => [jobId, region, state]);
  return [
    ...formatTable([{ title: `run ${run.runId}` }, { title: run.state }], rows),
    '',
    ...formatTable([{ title: 'job' }, { title: 'region' }, { title: 'state' }], jobs),
  ];
}
