import { parsePath, valueAt } from '../scenario/paths.js';
import type { Scenario } from '../scenario/scenario.js';
import { Purpose, Streams } from './streams.js';

/**
 * A scenario with every guess that was given with a range drawn anew, log-uniformly (a hazard given as hourly
 * survival: log-uniformly in its rate). The same guess in several regions is one guess: what is not known of
 * Spot is not known of all regions alike. Without guesses it is the scenario itself.
 */
export function drawGuesses(scenario: Scenario, seed: string): Scenario {
  const paths = Object.keys(scenario.guesses);
  if (paths.length === 0) return scenario;
  const streams = new Streams(`${seed}/guesses`);
  const drawn = structuredClone(scenario);
  for (const path of paths) {
    const range = scenario.guesses[path];
    if (!range) continue;
    const common = commonPath(path);
    const u = streams.uniform(hash(`${common} ${range.low} ${range.high}`), 0, Purpose.guess, 0);
    setAt(drawn, path, between(path, range.low, range.high, u));
  }
  return drawn;
}

/** One thing that is not known, wherever in the scenario it stands. */
export interface Guess {
  /** `regions.*.hazard.constant.hourlySurvival`: in every region that has it with this range. */
  path: string;
  low: number;
  high: number;
  /** What it is taken as where it is not drawn: one value, or several that differ by region. */
  values: number[];
}

/** The guesses that `drawGuesses` draws, each once. */
export function guessesOf(scenario: Scenario): Guess[] {
  const guesses = new Map<string, Guess>();
  for (const [place, { low, high }] of Object.entries(scenario.guesses)) {
    const path = commonPath(place);
    const key = `${path} ${low} ${high}`;
    const guess = guesses.get(key) ?? { path, low, high, values: [] };
    const value = valueAt(scenario, parsePath(place) ?? []);
    if (typeof value === 'number' && !guess.values.includes(value)) guess.values.push(value);
    guesses.set(key, guess);
  }
  return [...guesses.values()];
}

function commonPath(path: string): string {
  return path.replace(/^regions\.[^.]+\./, 'regions.*.');
}

function between(path: string, low: number, high: number, u: number): number {
  if (path.endsWith('.hourlySurvival') && high < 1) {
    return Math.exp(-logUniform(-Math.log(high), -Math.log(low), u));
  }
  return low > 0 ? logUniform(low, high, u) : low + (high - low) * u;
}

function logUniform(low: number, high: number, u: number): number {
  return low * (high / low) ** u;
}

/** FNV-1a, 32 bits: a number for a name. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}

function setAt(scenario: Scenario, path: string, value: number): void {
  const steps = parsePath(path) ?? [];
  const node = valueAt(scenario, steps.slice(0, -1));
  const last = steps.at(-1);
  if (typeof node !== 'object' || node === null || last === undefined) {
    throw new Error(`guess at unknown path ${path}`);
  }
  (node as Record<string | number, unknown>)[last] = value;
}
