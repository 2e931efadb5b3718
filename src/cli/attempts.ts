import { type AttemptRecord, attemptRecords } from '../exec/attemptRecords.js';
import { openSource } from '../exec/collect/source.js';
import type { KnownRun } from '../exec/knownRun.js';
import { tasksOfMolecules } from '../exec/wantedTasks.js';
import { formatCount, formatDuration, formatUsd } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { EMULATOR_ENTRY } from './emulatorEntry.js';
import type { Output } from './output.js';
import { plural } from './summary.js';

/** Attempts that are listed on a terminal; the JSON has all. */
const LISTED = 200;

/** Prints every attempt at the windows of a run, or of one molecule of it. */
export async function showAttempts(
  run: KnownRun,
  molecule: string | undefined,
  output: Output,
): Promise<void> {
  const wanted = molecule === undefined ? null : tasksOfMolecules(run.plan, [molecule], '--molecule');
  const source = await openSource(run, { emulatorEntry: EMULATOR_ENTRY });
  try {
    const { cloud, ledger, clock } = source;
    const inputOf = source.inputOf ?? (() => null);
    const now = ledger.finished?.at ?? (await clock.now());
    const attempts = await attemptRecords({ plan: run.plan, cloud, inputOf, jobs: ledger.jobs, now }, wanted);
    output.document({ runId: run.runId, attempts });
    output.print(describe(attempts).join('\n'));
  } finally {
    await source.close();
  }
}

function describe(attempts: readonly AttemptRecord[]): string[] {
  const columns = [
    { title: 'window' },
    { title: 'job' },
    { title: 'attempt', align: 'right' as const },
    { title: 'zone and VM' },
    { title: 'kept it', align: 'right' as const },
    { title: 'outcome' },
    { title: 'cost', align: 'right' as const },
  ];
  const shown = attempts.slice(0, LISTED);
  const rows = shown.map(({ molecule, leg, repeat, window, jobId, attempt, ...one }) => [
    `${molecule}/${leg}/${repeat}/${window}`,
    jobId,
    String(attempt),
    [one.zone, one.vm].filter((part) => part !== null).join('/') || '–',
    formatDuration(one.seconds),
    outcomeWords(one),
    formatUsd(one.costUsd),
  ]);
  const usd = attempts.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  const more = attempts.length - shown.length;
  return [
    ...formatTable(columns, rows),
    ...(more > 0 ? [`and ${formatCount(more)} more: --json lists all`] : []),
    '',
    `${plural(attempts.length, 'attempt')}, ${formatUsd(usd)} for their VMs`,
  ];
}

function outcomeWords({
  outcome,
  exitCode,
  reason,
}: Pick<AttemptRecord, 'outcome' | 'exitCode' | 'reason'>): string {
  if (outcome !== 'error') return outcome;
  return `exit code ${exitCode}${reason === null ? '' : ` (${reason})`}`;
}
