import { join } from 'node:path';
import type { Plan } from '../../plan/plan.js';
import type { InputOf } from '../../plan/taskIndex.js';
import { type TaskRange, tasksOf } from '../../plan/taskRanges.js';
import { taskKey } from '../../plan/work.js';
import { resultPlaces } from '../inventory.js';
import type { KnownRun } from '../knownRun.js';
import { analyseThere } from './barJob.js';
import type { BarReport } from './barReport.js';
import { type BarWork, barWorkOf, outputsOf } from './barWork.js';
import { csvText } from './csv.js';
import { type Download, download, downloadUsd, notHere, outputPath } from './download.js';
import { ENERGIES, judgeReport, judgeWindows } from './gates.js';
import { type Leg, legsOf } from './legs.js';
import { analyseHere } from './localAnalysis.js';
import { missingReasons, shardsOfJobs } from './missingReasons.js';
import { fetchReports } from './reports.js';
import { fetchResults, keep, type Wanted } from './resultFiles.js';
import { formulaOf, type JudgedLeg, moleculeRows, RESULT_COLUMNS, type ResultRow } from './rows.js';
import type { CollectSource } from './source.js';
import { windowFacts } from './windowFacts.js';
import { WINDOW_COLUMNS } from './windowsTable.js';

export interface CollectOptions {
  /** Where results, windows.csv and results.csv go. */
  out: string;
  /** Default: all tasks of the run. */
  tasks?: readonly TaskRange[] | undefined;
  /** Where legs are analysed that nobody has analysed yet. */
  analysis: 'batch' | 'local' | 'none';
  /** Bring all outputs here, too. */
  outputs: boolean;
  /** Asked before anything large is brought here; it throws to refuse. */
  approve: (cost: DownloadCost) => Promise<void>;
  onJob?: (job: { jobId: string; region: string; legs: number }) => void;
  onProgress?: (what: 'results' | 'analysis' | 'MB', done: number, total: number) => void;
  signal?: AbortSignal | undefined;
}

export interface DownloadCost {
  files: number;
  bytes: number;
  usd: number;
}

/** What `collect --json` prints. */
export interface Collected {
  runId: string;
  out: string;
  windows: { total: number; collected: number; missing: number; fetched: number };
  molecules: { total: number; ok: number; flagged: number };
  /** Legs: analysed, by this call among them, and still to be. */
  analysis: { done: number; now: number; missing: number };
  files: { windows: string; results: string };
  downloaded: DownloadCost;
  rows: ResultRow[];
  /** Nothing is missing and nothing flagged. */
  complete: boolean;
}

/** Brings the results of a run here, as far as there are any, has legs analysed, and writes the two tables. */
export async function collectRun(
  { runId, plan, about }: Pick<KnownRun, 'runId' | 'plan' | 'about'>,
  source: CollectSource,
  options: CollectOptions,
): Promise<Collected> {
  const { out, signal, onProgress } = options;
  const { storage } = source.cloud;
  const tasks = [...tasksOf(options.tasks ?? [{ first: 0, count: plan.campaign.tasks }])];
  const formula = formulaOf(plan.scenario.resolved.analysis.combine, legNames(plan, tasks));
  const { results, fetched } = await fetchResults(wantedOf(plan, tasks, source.inputOf), {
    storage,
    folder: out,
    signal,
    onProgress: (done, total) => onProgress?.('results', done, total),
  });
  const shardOf = shardsOfJobs(source.ledger);
  const legs = legsOf(plan, tasks, {
    resultOf: (task) => {
      const result = results.get(task);
      return result === undefined ? null : { result, facts: windowFacts(plan, result, shardOf) };
    },
    reasonOf: missingReasons(source.ledger),
  });
  const files = { windows: join(out, 'windows.csv'), results: join(out, 'results.csv') };
  const windows = legs.flatMap((leg) => leg.windows).sort((a, b) => a.task - b.task);
  // Written before the analysis: whoever interrupts that has them already.
  await keep(files.windows, csvText(WINDOW_COLUMNS, windows));
  const downloaded = options.outputs ? await downloadAll(plan, legs, source, options) : NOTHING;
  const analysed = await analyse({ runId, plan, about }, legs, source, options);
  const rows = rowsOf(legs, analysed, formula);
  await keep(files.results, csvText(RESULT_COLUMNS, rows));
  const molecules = verdictsOfMolecules(rows, options.analysis);
  const missing = windows.filter(({ result }) => result === null).length;
  const ok = [...molecules.values()].filter((isFine) => isFine).length;
  return {
    runId,
    out,
    windows: { total: windows.length, collected: windows.length - missing, missing, fetched },
    molecules: { total: molecules.size, ok, flagged: molecules.size - ok },
    analysis: {
      done: analysed.reports.size,
      now: analysed.now,
      missing: rows.filter(({ kind, status }) => kind === 'leg' && status === 'not analysed').length,
    },
    files,
    downloaded,
    rows,
    complete: ok === molecules.size,
  };
}

const NOTHING: DownloadCost = { files: 0, bytes: 0, usd: 0 };

function legNames({ work }: Plan, tasks: readonly number[]): string[] {
  if (tasks.length === 0 || work === null) return ['main'];
  return [...new Set(work.windows.map(({ leg }) => leg))];
}

function wantedOf(plan: Plan, tasks: readonly number[], inputOf: InputOf | null): Wanted[] {
  if (inputOf === null) return [];
  const placesOf = resultPlaces(plan, inputOf);
  return tasks.map((task) => ({ task, key: taskKey(plan, task), places: placesOf(task) }));
}

/** Reports on the legs that can be analysed: those that are there, and those that this call has made. */
async function analyse(
  { runId, plan, about }: Pick<KnownRun, 'runId' | 'plan' | 'about'>,
  legs: readonly Leg[],
  source: CollectSource,
  options: CollectOptions,
): Promise<{ reports: Map<string, BarReport>; now: number; excuse: string }> {
  const { out, signal, analysis, onJob } = options;
  const { cloud, clock } = source;
  const works = legs.filter((leg) => judgeWindows(leg).status === 'ok').map((leg) => barWorkOf(plan, leg));
  const reports = await fetchReports(cloud.storage, works, out);
  const open = works.filter((work) => !reports.has(work));
  const onProgress = (done: number, total: number) => options.onProgress?.('analysis', done, total);
  let excuse = '';
  if (open.length > 0 && analysis === 'local') {
    const filesOf = (work: BarWork) => energiesOf(plan, out, work.leg);
    await bringHere(open.flatMap(filesOf), source, plan, options);
    const fileOf = (work: BarWork) => filesOf(work).map(({ file }) => file);
    for (const [work, report] of await analyseHere(open, { folder: out, fileOf, signal, onProgress })) {
      reports.set(work, report);
    }
  } else if (open.length > 0 && analysis === 'batch') {
    const { project } = about;
    const jobs = await analyseThere(open, { plan, runId, project, cloud, clock, signal, onJob, onProgress });
    excuse = `no report came from ${jobs.map(({ jobId, state }) => `job ${jobId} (${state})`).join(', ')}`;
    for (const [work, report] of await fetchReports(cloud.storage, open, out)) reports.set(work, report);
  }
  const now = open.filter((work) => reports.has(work)).length;
  return { reports: new Map([...reports].map(([work, report]) => [work.leg.key, report])), now, excuse };
}

function energiesOf(plan: Plan, out: string, leg: Leg): Download[] {
  return outputsHere(plan, out, leg, (name) => name === ENERGIES);
}

function outputsHere(plan: Plan, out: string, leg: Leg, isWanted: (name: string) => boolean): Download[] {
  return leg.windows.flatMap((window) =>
    (window.result?.outputs ?? [])
      .filter(({ name }) => isWanted(name))
      .flatMap(({ name }) => {
        const file = outputPath(out, window.key, name);
        return outputsOf(plan, window, (one) => one === name).map((output) => ({ ...output, file }));
      }),
  );
}

function downloadAll(
  plan: Plan,
  legs: readonly Leg[],
  source: CollectSource,
  options: CollectOptions,
): Promise<DownloadCost> {
  const all = legs.flatMap((leg) => outputsHere(plan, options.out, leg, () => true));
  return bringHere(all, source, plan, options);
}

/** Downloads what is not here yet, once whoever pays has agreed. */
async function bringHere(
  downloads: readonly Download[],
  { cloud, isGoogle }: CollectSource,
  plan: Plan,
  { approve, onProgress, signal }: CollectOptions,
): Promise<DownloadCost> {
  const open = await notHere(downloads);
  if (open.length === 0) return NOTHING;
  const bytes = open.reduce((sum, one) => sum + one.bytes, 0);
  const usd = isGoogle ? downloadUsd(bytes, plan.scenario.resolved.prices) : 0;
  const cost = { files: open.length, bytes, usd };
  await approve(cost);
  const megabytes = (count: number) => Math.round(count / 1e6);
  await download(cloud.storage, open, {
    signal,
    onProgress: (received) => onProgress?.('MB', megabytes(received), megabytes(bytes)),
  });
  return cost;
}

function rowsOf(
  legs: readonly Leg[],
  { reports, excuse }: { reports: ReadonlyMap<string, BarReport>; excuse: string },
  formula: ReturnType<typeof formulaOf>,
): ResultRow[] {
  const molecules = new Map<string, JudgedLeg[]>();
  for (const leg of legs) {
    const report = reports.get(leg.key) ?? null;
    const of = molecules.get(leg.molecule) ?? [];
    molecules.set(leg.molecule, of);
    of.push({ leg, report, verdict: verdictOn(leg, report, excuse) });
  }
  return [...molecules.values()].flatMap((of) => moleculeRows(of, formula));
}

/** `excuse`: why there is no report, where somebody was asked for one. */
function verdictOn(leg: Leg, report: BarReport | null, excuse: string): JudgedLeg['verdict'] {
  const verdict = judgeWindows(leg);
  if (verdict.status !== 'ok') return verdict;
  return report === null ? { status: 'not analysed', note: excuse } : judgeReport(leg, report);
}

/** By molecule, whether nothing about it is missing or flagged. What was not asked for is not missing. */
function verdictsOfMolecules(
  rows: readonly ResultRow[],
  analysis: CollectOptions['analysis'],
): Map<string, boolean> {
  const fine = new Set<string>(['ok', 'no data', ...(analysis === 'none' ? ['not analysed'] : [])]);
  const molecules = new Map<string, boolean>();
  for (const { molecule, status } of rows) {
    molecules.set(molecule, (molecules.get(molecule) ?? true) && fine.has(status));
  }
  return molecules;
}
