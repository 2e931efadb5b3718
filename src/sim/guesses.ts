import { parsePath } from '../scenario/paths.js';
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
    const common = path.replace(/^regions\.[^.]+\./, 'regions.*.');
    const u = streams.uniform(hash(`${common} ${range.low} ${range.high}`), 0, Purpose.guess, 0);
    setAt(drawn, path, between(path, range.low, range.high, u));
  }
  return drawn;
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

function setAt(target: object, path: string, value: number): void {
  const steps = parsePath(path);
  let node: unknown = target;
  for (const step of steps?.slice(0, -1) ?? []) node = (node as Record<string | number, unknown>)[step];
  const last = steps?.at(-1);
  if (typeof node !== 'object' || node === null || last === undefined) {
    throw new Error(`guess at unknown path ${path}`);
  }
  (node as Record<string | number, unknown>)[last] = value;
}
