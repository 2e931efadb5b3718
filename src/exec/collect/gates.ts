import type { BarReport } from './barReport.js';
import { rounded } from './csv.js';
import type { Leg, LegWindow } from './legs.js';

/**
 * `ok`; `extend`: the number stands, and more sampling is wanted; `missing`: windows without a result; `short`: windows
 * with less simulated time than the others or than planned; `invalid`: the windows do not fit together; `no data`: the
 * results hold no energies (virtual tasks, or a command that writes none); `not analysed`: nobody has yet;
 * `incomplete`: made of others of which some are not ok.
 */
export type Status =
  | 'ok'
  | 'extend'
  | 'missing'
  | 'short'
  | 'invalid'
  | 'no data'
  | 'not analysed'
  | 'incomplete';

export interface Verdict {
  status: Status;
  note: string;
}

/** A pair of neighbouring states with a larger error wants more sampling. */
export const PAIR_ERROR_KJ = 2;
/** The file of energies that the analysis reads. */
export const ENERGIES = 'dhdl.xvg';

const FINE: Verdict = { status: 'ok', note: '' };
/** Windows that a note names. */
const NAMED = 3;

/** What the results alone tell of a leg: whether it can be analysed. */
export function judgeWindows({ windows }: Leg): Verdict {
  const missing = windows.filter(({ result }) => result === null);
  if (missing.length > 0) {
    return { status: 'missing', note: named(missing, (one) => one.missing ?? 'no result') };
  }
  if (windows.some((one) => !hasEnergies(one))) return noData(windows);
  const planned = Math.max(...windows.map(({ facts }) => facts?.nsPlanned ?? 0));
  const short = windows.filter(({ facts }) => isShort(facts?.ns ?? 0, planned));
  if (short.length > 0) {
    return {
      status: 'short',
      note: named(short, ({ facts }) => `${rounded(facts?.ns ?? 0, 6)} of ${rounded(planned, 6)} ns`),
    };
  }
  const temperatures = new Set(windows.map(({ facts }) => facts?.temperature ?? null));
  if (temperatures.size > 1) {
    return { status: 'invalid', note: `different temperatures: ${[...temperatures].join(', ')} K` };
  }
  const wrong = wrongLambda(windows);
  return wrong === null ? FINE : { status: 'invalid', note: wrong };
}

/** A billionth: times are sums of a binary fraction. */
function isShort(ns: number, planned: number): boolean {
  return ns < planned * (1 - 1e-9);
}

function hasEnergies({ result }: LegWindow): boolean {
  return result?.outputs.some(({ name }) => name === ENERGIES) ?? false;
}

function noData(windows: readonly LegWindow[]): Verdict {
  const isVirtual = windows.every(({ facts }) => facts?.engine.endsWith('(virtual)'));
  const note = isVirtual
    ? 'virtual tasks compute nothing'
    : `the outputs hold no ${ENERGIES}: nothing to analyse here`;
  return { status: 'no data', note };
}

/**
 * The lambda states of n windows are 0 to n - 1, each once; and where the names of the windows are numbers, all are
 * apart from their state by the same amount (windows may be counted from 1).
 */
function wrongLambda(windows: readonly LegWindow[]): string | null {
  const states = windows.map(({ facts }) => facts?.lambda ?? null);
  const seen = new Map<number, LegWindow>();
  for (const [index, state] of states.entries()) {
    const window = windows[index] as LegWindow;
    if (state === null) return `${window.window}: its result names no lambda state`;
    const twin = seen.get(state);
    if (twin !== undefined) return `${twin.window} and ${window.window} have the same lambda state ${state}`;
    if (state < 0 || state >= windows.length) {
      return `${window.window}: lambda state ${state}, expected 0 to ${windows.length - 1}`;
    }
    seen.set(state, window);
  }
  const numbers = windows.map(({ window }) => /(\d+)$/.exec(window)?.[1]);
  const offset = Number(numbers[0]) - (states[0] ?? 0);
  if (numbers.some((number) => number === undefined)) return null;
  const index = numbers.findIndex((number, i) => Number(number) - (states[i] ?? 0) !== offset);
  const odd = windows[index];
  if (odd === undefined) return null;
  return `${odd.window}: lambda state ${odd.facts?.lambda}, expected ${Number(numbers[index]) - offset}`;
}

/** What the analysis tells of a leg whose windows are fine. */
export function judgeReport({ windows }: Leg, report: BarReport): Verdict {
  const faulty = windows.find((_, i) => report.windows[i]?.problem != null);
  if (faulty !== undefined) {
    const { problem } = report.windows[windows.indexOf(faulty)] ?? {};
    return { status: 'invalid', note: `${faulty.window}: ${problem}` };
  }
  for (const [index, window] of windows.entries()) {
    const wrong = judgeAxis(window, report.windows[index]);
    if (wrong !== null) return { status: wrong.status, note: `${window.window}: ${wrong.note}` };
  }
  if (report.message !== null || report.total?.dG == null) {
    return { status: 'invalid', note: report.message ?? 'gmx bar gave no free energy' };
  }
  if (report.points.length !== windows.length - 1) {
    const note = `gmx bar gave ${report.points.length} pairs of states, expected ${windows.length - 1}`;
    return { status: 'invalid', note };
  }
  const doubt = report.undersampled ? 'some pairs violate the second law (too few samples)' : '';
  const { pair, error } = worstPair(report);
  if (error !== null && error < PAIR_ERROR_KJ) return { status: 'ok', note: doubt };
  const said = error === null ? 'has no error estimate' : `has an error of ${error} kJ/mol`;
  return { status: 'extend', note: [`pair ${pair} ${said}`, doubt].filter((part) => part !== '').join('; ') };
}

/** The time axis goes from 0 to the planned end; between, the analysis has looked at every step. */
function judgeAxis({ facts }: LegWindow, axis: BarReport['windows'][number] | undefined): Verdict | null {
  if (axis?.firstPs == null || axis.lastPs === null || axis.stepPs === null) {
    return { status: 'invalid', note: 'its energies were not read' };
  }
  if (axis.firstPs !== 0) {
    return { status: 'invalid', note: `its times begin at ${axis.firstPs} ps, expected 0` };
  }
  const plannedPs = rounded((facts?.nsPlanned ?? 0) * 1000, 6) ?? 0;
  // The last row is the last multiple of the output interval; times have 4 decimals.
  if (axis.lastPs <= plannedPs - axis.stepPs + 1e-4 && axis.lastPs < plannedPs - 1e-3) {
    return { status: 'short', note: `its times end at ${axis.lastPs} ps, expected ${plannedPs}` };
  }
  if (axis.lastPs > plannedPs + 1e-3) {
    return { status: 'invalid', note: `its times end at ${axis.lastPs} ps, expected ${plannedPs}` };
  }
  if (facts?.lambda !== axis.state) {
    return { status: 'invalid', note: `its energies are of state ${axis.state}, expected ${facts?.lambda}` };
  }
  return null;
}

/** The pair of neighbouring states with the largest error; null: one has none. */
export function worstPair({ points }: BarReport): { pair: string; error: number | null } {
  let worst = points[0];
  for (const point of points) {
    if (point.error === null) return { pair: `${point.from}-${point.to}`, error: null };
    if (point.error > (worst?.error ?? 0)) worst = point;
  }
  return worst === undefined
    ? { pair: '', error: null }
    : { pair: `${worst.from}-${worst.to}`, error: worst.error };
}

/** "w03: never started; w07: ... and 4 more" */
function named(windows: readonly LegWindow[], what: (window: LegWindow) => string): string {
  const texts = windows.slice(0, NAMED).map((one) => `${one.window}: ${what(one)}`);
  const more = windows.length - texts.length;
  return `${texts.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
