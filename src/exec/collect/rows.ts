import { inputError } from '../../scenario/errors.js';
import { type LegFormula, parseLegFormula } from '../../scenario/legFormula.js';
import type { BarReport } from './barReport.js';
import { type Column, rounded } from './csv.js';
import { type Status, type Verdict, worstPair } from './gates.js';
import type { Leg } from './legs.js';

/**
 * A line of results.csv. Free energies in kJ/mol, + where the coupled state (the last lambda) lies higher: of a
 * decoupled -> coupled leg in water it is the hydration free energy.
 */
export interface ResultRow {
  kind: 'leg' | 'mean' | 'combined';
  molecule: string;
  /** Of a combination: the name that the formula gives it. */
  leg: string;
  /** `mean`: over the repeats; of a combination it is empty. */
  repeat: string;
  dG: number | null;
  /** Standard error as BAR estimates it, propagated for means and combinations. */
  error: number | null;
  /** Sample standard deviation over the repeats. */
  sd: number | null;
  repeats: number;
  method: string;
  engine: string;
  temperature: number | null;
  nsTotal: number;
  windows: number;
  windowsOk: number;
  maxPairError: number | null;
  worstPair: string;
  restarts: number;
  vmHours: number;
  wastedHours: number;
  costUsd: number;
  status: Status;
  note: string;
}

/** The thermochemical calorie. */
export const KJ_PER_KCAL = 4.184;

const kcal = (kJ: number | null): number | null => (kJ === null ? null : kJ / KJ_PER_KCAL);

export const RESULT_COLUMNS: readonly Column<ResultRow>[] = [
  ['molecule', (row) => row.molecule],
  ['leg', (row) => row.leg],
  ['repeat', (row) => row.repeat],
  ['dG_kJ', (row) => rounded(row.dG, 4)],
  ['err_kJ', (row) => rounded(row.error, 4)],
  ['sd_kJ', (row) => rounded(row.sd, 4)],
  ['dG_kcal', (row) => rounded(kcal(row.dG), 4)],
  ['err_kcal', (row) => rounded(kcal(row.error), 4)],
  ['sd_kcal', (row) => rounded(kcal(row.sd), 4)],
  ['repeats', (row) => row.repeats],
  ['method', (row) => row.method],
  ['engine', (row) => row.engine],
  ['temperature', (row) => row.temperature],
  ['ns_total', (row) => rounded(row.nsTotal, 6)],
  ['windows', (row) => row.windows],
  ['windows_ok', (row) => row.windowsOk],
  ['max_pair_err_kJ', (row) => rounded(row.maxPairError, 4)],
  ['worst_pair', (row) => row.worstPair],
  ['restarts', (row) => row.restarts],
  ['gpu_hours', (row) => rounded(row.vmHours, 4)],
  ['wasted_gpu_hours', (row) => rounded(row.wastedHours, 4)],
  ['cost', (row) => rounded(row.costUsd, 4)],
  ['status', (row) => row.status],
  ['note', (row) => row.note],
];

/** A leg with what is said of it and its report; null: nobody has analysed it. */
export interface JudgedLeg {
  leg: Leg;
  verdict: Verdict;
  report: BarReport | null;
}

/** A leg that has a free energy which may go into a mean or a combination. */
const counts = (status: Status): boolean => status === 'ok' || status === 'extend';

export function legRow({ leg, verdict, report }: JudgedLeg): ResultRow {
  const { windows } = leg;
  const known = windows.flatMap(({ facts }) => (facts === null ? [] : [facts]));
  const sum = (value: (facts: (typeof known)[number]) => number) =>
    known.reduce((all, facts) => all + value(facts), 0);
  const hasEnergy = counts(verdict.status) && report !== null;
  const worst = hasEnergy ? worstPair(report) : { pair: '', error: null };
  const vanished = sum((facts) => facts.vanished);
  const lost = vanished === 0 ? '' : `the hours of ${vanished} vanished VMs are not counted`;
  return {
    kind: 'leg',
    molecule: leg.molecule,
    leg: leg.leg,
    repeat: leg.repeat,
    dG: hasEnergy ? (report.total?.dG ?? null) : null,
    error: hasEnergy ? (report.total?.error ?? null) : null,
    sd: null,
    repeats: 1,
    method: report?.method ?? '',
    engine: report?.engine ?? known[0]?.engine ?? '',
    temperature: report?.temperature ?? known[0]?.temperature ?? null,
    nsTotal: sum((facts) => facts.ns ?? 0),
    windows: windows.length,
    windowsOk: known.length,
    maxPairError: worst.error,
    worstPair: worst.pair,
    restarts: sum((facts) => facts.attempts - 1),
    vmHours: sum((facts) => facts.vmHours),
    wastedHours: sum((facts) => facts.lostSeconds) / 3600,
    costUsd: sum((facts) => facts.costUsd),
    ...verdict,
    note: [verdict.note, lost].filter((part) => part !== '').join('; '),
  };
}

/** The legs of the formula that the campaign does not have are a mistake of the scenario. */
export function formulaOf(combine: string | null, legs: readonly string[]): LegFormula | null {
  if (combine === null) return null;
  const formula = parseLegFormula(combine);
  const stranger = formula?.terms.find(({ leg }) => !legs.includes(leg));
  if (formula !== null && stranger === undefined) return formula;
  const found = formula === null ? `"${combine}"` : `the leg "${stranger?.leg}"`;
  const expected =
    formula === null
      ? 'a formula such as dG = complex - solvent'
      : `legs of the campaign: ${legs.join(', ')}`;
  throw inputError({ path: 'analysis.combine', found, expected });
}

/**
 * All lines of a molecule: each leg and repeat, the mean of each leg that has several repeats, and what the formula
 * makes of the legs. Nothing is made of a part that is not ok.
 */
export function moleculeRows(legs: readonly JudgedLeg[], formula: LegFormula | null): ResultRow[] {
  const rows = legs.map(legRow);
  const perLeg = new Map<string, ResultRow[]>();
  for (const row of rows) perLeg.set(row.leg, [...(perLeg.get(row.leg) ?? []), row]);
  const means = [...perLeg.values()].filter((repeats) => repeats.length > 1).map(meanRow);
  if (formula === null) return [...rows, ...means];
  const wholeLegs = new Map(
    [...perLeg].map(([leg, repeats]) => [leg, means.find((row) => row.leg === leg) ?? repeats[0]]),
  );
  const parts = formula.terms.map(({ leg, factor }) => ({ row: wholeLegs.get(leg), factor }));
  const known = parts.flatMap(({ row, factor }) => (row === undefined ? [] : [{ row, factor }]));
  return [...rows, ...means, combinedRow(formula.name, known)];
}

/** Mean over the repeats; the error is that of the mean, as far as BAR tells, and beside it stands the sample SD. */
function meanRow(repeats: readonly ResultRow[]): ResultRow {
  const weighted = repeats.map((row) => ({ row, factor: 1 / repeats.length }));
  const total = sumOf(weighted);
  const deviations = repeats.map(({ dG }) => ((dG ?? 0) - (total.dG ?? 0)) ** 2);
  const variance = deviations.reduce((sum, square) => sum + square, 0) / (repeats.length - 1);
  const first = repeats[0] as ResultRow;
  const sd = total.dG === null ? null : Math.sqrt(variance);
  return { ...total, kind: 'mean', leg: first.leg, repeat: 'mean', repeats: repeats.length, sd };
}

function combinedRow(name: string, parts: readonly { row: ResultRow; factor: number }[]): ResultRow {
  const total = sumOf(parts);
  const sds = parts.map(({ row, factor }) => (row.sd === null ? null : (factor * row.sd) ** 2));
  const variance = sds.reduce(
    (sum: number | null, one) => (sum === null || one === null ? null : sum + one),
    0,
  );
  const sd = total.dG === null || variance === null ? null : Math.sqrt(variance);
  const repeats = Math.min(...parts.map(({ row }) => row.repeats));
  return { ...total, kind: 'combined', leg: name, repeat: '', repeats, sd };
}

/** A weighted sum of independent free energies, and what it took to get them. */
function sumOf(parts: readonly { row: ResultRow; factor: number }[]): ResultRow {
  const rows = parts.map(({ row }) => row);
  const first = rows[0] as ResultRow;
  const add = (value: (row: ResultRow) => number) => rows.reduce((sum, row) => sum + value(row), 0);
  const isWhole = rows.every(({ status, dG }) => counts(status) && dG !== null);
  const squares = parts.map(({ row, factor }) => (row.error === null ? null : (factor * row.error) ** 2));
  const hasErrors = squares.every((square) => square !== null);
  const worst = rows.reduce((a, b) => ((b.maxPairError ?? 0) > (a.maxPairError ?? 0) ? b : a), first);
  return {
    ...first,
    dG: isWhole ? parts.reduce((sum, { row, factor }) => sum + factor * (row.dG ?? 0), 0) : null,
    error: isWhole && hasErrors ? Math.sqrt(squares.reduce((sum: number, one) => sum + (one ?? 0), 0)) : null,
    nsTotal: add((row) => row.nsTotal),
    windows: add((row) => row.windows),
    windowsOk: add((row) => row.windowsOk),
    maxPairError: isWhole ? worst.maxPairError : null,
    worstPair: isWhole ? worst.worstPair : '',
    restarts: add((row) => row.restarts),
    vmHours: add((row) => row.vmHours),
    wastedHours: add((row) => row.wastedHours),
    costUsd: add((row) => row.costUsd),
    ...joined(rows),
  };
}

/** What the parts make of the whole: the same for all, else the worst that has a name. */
function joined(rows: readonly ResultRow[]): Verdict {
  const statuses = new Set(rows.map(({ status }) => status));
  const odd = rows.filter(({ status }) => status !== 'ok');
  const notes = odd.map((row) => {
    const name = row.repeat === '' || row.repeat === 'mean' ? row.leg : `${row.leg}/${row.repeat}`;
    return `${name}: ${row.status}`;
  });
  const note = notes.join('; ');
  if (statuses.size === 1) return { status: rows[0]?.status ?? 'ok', note };
  return { status: rows.every(({ status }) => counts(status)) ? 'extend' : 'incomplete', note };
}
