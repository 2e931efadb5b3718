import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Collected, collectRun, type DownloadCost } from '../exec/collect/collect.js';
import { KJ_PER_KCAL, type ResultRow } from '../exec/collect/rows.js';
import { openSource } from '../exec/collect/source.js';
import { findRun, type KnownRun } from '../exec/knownRun.js';
import { inputError } from '../scenario/errors.js';
import { formatCount, formatDecimal, formatUsd } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { EMULATOR_ENTRY } from './emulatorEntry.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { interruptible } from './interrupt.js';
import { tasksOfMoleculesFile } from './moleculesFile.js';
import { createOutput, type Output, tableWidth } from './output.js';
import { progressLine } from './progress.js';
import { plural } from './summary.js';

export interface CollectCommandOptions {
  stateDir: string;
  out?: string;
  molecules?: string;
  local?: boolean;
  /** False: `--no-analysis`. */
  analysis: boolean;
  /** `outputs` */
  download?: string;
  yes?: boolean;
  json?: boolean;
}

/** Molecules that are listed on a terminal; the tables have all. */
const LISTED = 40;

const PROGRESS = { results: 'results', analysis: 'legs analysed', MB: 'MB downloaded' } as const;

export async function collectResults(name: string, options: CollectCommandOptions): Promise<ExitCode> {
  const output = createOutput(options);
  checkOptions(options);
  const run = await findRun(name, options.stateDir);
  const { molecules, local, analysis, download, yes = false } = options;
  const tasks = molecules === undefined ? undefined : tasksOfMoleculesFile(run.plan, molecules);
  const { signal, dispose } = interruptible();
  const progress = progressLine('');
  try {
    const source = await openSource(run, { emulatorEntry: EMULATOR_ENTRY, signal });
    try {
      const collected = await collectRun(run, source, {
        out: options.out ?? resultsFolder(run, name, options.stateDir),
        tasks,
        analysis: analysis ? (local ? 'local' : 'batch') : 'none',
        outputs: download !== undefined,
        approve: (cost) => approve(cost, yes, output),
        onJob: ({ jobId, region, legs }) =>
          output.note(`${jobId}: analyses ${plural(legs, 'leg')} in ${region}`),
        onProgress: (what, done, total) => progress.update(done, total, PROGRESS[what]),
        signal,
      });
      progress.end();
      output.document(collected);
      output.print(describe(collected).join('\n'));
      return collected.complete ? EXIT.done : EXIT.failed;
    } finally {
      progress.end();
      await source.close();
    }
  } finally {
    dispose();
  }
}

function checkOptions({ local, analysis, download }: CollectCommandOptions): void {
  if (local && !analysis) {
    throw inputError({ path: '--local', found: '--no-analysis', expected: 'one of the two' });
  }
  if (download !== undefined && download !== 'outputs') {
    throw inputError({ path: '--download', found: `"${download}"`, expected: 'outputs' });
  }
}

/** Beside the run where it is known here; a run that is named by its bucket has no folder of its own. */
export function resultsFolder({ paths, runId }: KnownRun, name: string, stateDir: string): string {
  return name.startsWith('gs://') ? join(stateDir, 'results', runId) : join(paths.folder, 'results');
}

/** What is downloaded is said first; where it costs money, somebody has to agree. */
async function approve({ files, bytes, usd }: DownloadCost, yes: boolean, output: Output): Promise<void> {
  const size = bytes < 1e6 ? `${formatDecimal(bytes / 1e3, 1)} kB` : `${formatDecimal(bytes / 1e6, 1)} MB`;
  const what = `${plural(files, 'file')}, ${size}`;
  const price = usd === 0 ? '' : `, ${formatUsd(usd)} for the transfer out of Google Cloud`;
  output.note(`to download: ${what}${price}`);
  if (yes || usd === 0) return;
  if (!process.stdin.isTTY) {
    throw inputError({ path: '--yes', found: 'nobody at a terminal to ask', expected: '--yes' });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Download? [y/N] ');
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.failed, 'nothing was downloaded');
  } finally {
    terminal.close();
  }
}

function describe({ runId, windows, molecules, analysis, files, rows }: Collected): string[] {
  const missing = windows.missing === 0 ? '' : `, ${formatCount(windows.missing)} missing`;
  const open = analysis.missing === 0 ? '' : `, ${formatCount(analysis.missing)} not analysed`;
  const lines = [
    `run ${runId}: ${formatCount(windows.collected)} of ${formatCount(windows.total)} windows collected${missing}` +
      ` (${formatCount(windows.fetched)} fetched now)`,
    `${plural(molecules.ok, 'molecule')} of ${formatCount(molecules.total)} as it should be; ` +
      `${plural(analysis.done, 'leg')} analysed${open}`,
    '',
  ];
  const shown = rowsToShow(rows);
  const columns = [
    { title: 'molecule' },
    { title: 'leg' },
    { title: 'dG kJ/mol', align: 'right' as const },
    { title: 'dG kcal/mol', align: 'right' as const },
    { title: 'status' },
    { title: 'note', wrap: true },
  ];
  lines.push(...formatTable(columns, shown.slice(0, LISTED).map(cells), { width: tableWidth() }));
  if (shown.length > LISTED) lines.push(`and ${formatCount(shown.length - LISTED)} more lines`);
  return [...lines, '', files.windows, files.results];
}

/** What is flagged comes first. */
function rowsToShow(rows: readonly ResultRow[]): ResultRow[] {
  const isFine = ({ status }: ResultRow) => status === 'ok' || status === 'no data';
  return [...rows.filter((row) => !isFine(row)), ...rows.filter(isFine)];
}

function cells({ molecule, leg, repeat, kind, dG, error, status, note }: ResultRow): string[] {
  const name = kind === 'combined' ? leg : `${leg}/${repeat}`;
  const kJ = dG === null ? '–' : `${dG.toFixed(2)} ± ${error === null ? '–' : error.toFixed(2)}`;
  const kcal = dG === null ? '–' : (dG / KJ_PER_KCAL).toFixed(2);
  return [molecule, name, kJ, kcal, status, note];
}
