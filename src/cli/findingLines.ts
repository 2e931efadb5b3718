import type { ExecSummary } from '../exec/summary.js';
import { plural } from './summary.js';

/** Molecules that are listed on a terminal; the JSON has all. */
const LISTED = 20;

/** What a run has to say beside its figures: what stopped it, and which windows fail by themselves. */
export function findingLines({ runId, stopped, failedWindows }: ExecSummary): string[] {
  const lines: string[] = [];
  if (stopped !== null) {
    lines.push('', `Stopped by the ${stopped.cause}: ${stopped.message}.`);
    lines.push(...stopped.evidence.map((line) => `  ${line}`));
    const again =
      stopped.cause === 'budget' ? `fepcast resume ${runId} --budget USD` : `fepcast resume ${runId}`;
    lines.push(`Results and checkpoints are kept; \`${again}\` goes on.`);
  }
  if (failedWindows.length === 0) return lines;
  const windows = failedWindows.reduce((sum, { windows: own }) => sum + own.length, 0);
  lines.push('', `${plural(windows, 'window')} failed by an error of their own:`);
  for (const { molecule, exitCode, windows: own } of failedWindows.slice(0, LISTED)) {
    const names = own.map(({ leg, repeat, window }) => `${leg}/${repeat}/${window}`).join(' ');
    lines.push(`  ${molecule}: exit code ${exitCode}: ${names}`);
  }
  const more = failedWindows.length - LISTED;
  if (more > 0) lines.push(`  and ${plural(more, 'line')} more`);
  return lines;
}
