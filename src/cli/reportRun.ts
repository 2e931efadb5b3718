import type { KnownRun } from '../exec/knownRun.js';
import type { ExecSummary } from '../exec/summary.js';
import { EXIT, type ExitCode } from './exit.js';
import { findingLines } from './findingLines.js';
import { forecastAgainstActual } from './forecastAgainstActual.js';
import type { Output } from './output.js';

/** How a run stands when a command leaves it: as JSON, or in words. */
export function reportRun(
  { runId, plan }: Pick<KnownRun, 'runId' | 'plan'>,
  summary: ExecSummary,
  output: Output,
): void {
  output.document(summary);
  if (summary.state === 'running') {
    output.note(`the jobs of run ${runId} go on; \`fepcast resume ${runId}\` follows it again`);
    return;
  }
  const heading = `run ${runId} ${summary.state}; what its plan forecast, and what came:`;
  output.print([heading, '', ...forecastAgainstActual(plan, summary), ...findingLines(summary)].join('\n'));
}

/** A run that the guard or the breaker has stopped ends with the code of a guard. */
export function outcomeOf({ state, stopped }: ExecSummary): ExitCode {
  if (state === 'running') return EXIT.interrupted;
  if (state === 'succeeded') return EXIT.done;
  return stopped === null ? EXIT.failed : EXIT.guard;
}
