import type { Hazard } from '../../scenario/scenario.js';

const HOUR = 3_600;

/** A range of ages, hours, with one hazard; at its end the integrated hazard may take a step besides. */
interface Piece {
  until: number;
  perHour: number;
  step: number;
}

/** A hazard by age, multiplied, and on top of it a rate that is the same at every age. */
export interface RaisedHazard {
  byAge: Hazard;
  factor: number;
  perHour: number;
}

function piecesOf(hazard: Hazard | RaisedHazard, age: number): Piece[] {
  if (!('byAge' in hazard)) return piecesByAge(hazard, age);
  const { byAge, factor, perHour: more } = hazard;
  return piecesByAge(byAge, age).map(({ until, perHour, step }) => ({
    until,
    perHour: perHour * factor + more,
    step: step * factor,
  }));
}

/** The hazard up to an age, youngest VMs first; after the last piece it stays as it is there. */
function piecesByAge(hazard: Hazard, age: number): Piece[] {
  if ('constant' in hazard) {
    return [{ until: Infinity, perHour: -Math.log(hazard.constant.hourlySurvival), step: 0 }];
  }
  if ('piecewise' in hazard) {
    return hazard.piecewise.map(({ untilSeconds, perHour }, i) => ({
      until: untilSeconds === null || i === hazard.piecewise.length - 1 ? Infinity : untilSeconds / HOUR,
      perHour,
      step: 0,
    }));
  }
  if ('weibull' in hazard) return weibullPieces(hazard.weibull, age);
  const { ageSeconds, survival: alive, tailPerHour } = hazard.lifetimes;
  const steps = ageSeconds.map((seconds, i) => ({
    until: seconds / HOUR,
    perHour: 0,
    step: Math.log((alive[i - 1] ?? 1) / (alive[i] ?? 0)),
  }));
  return [...steps, { until: Infinity, perHour: tailPerHour, step: 0 }];
}

/** Enough for a mean life to 1 in 1,000. */
const WEIBULL_PIECES = 200;

/** Equal parts of the integrated hazard (age / scale)^shape, the hazard constant in each. */
function weibullPieces(
  { shape, scaleSeconds }: { shape: number; scaleSeconds: number },
  age: number,
): Piece[] {
  const scale = scaleSeconds / HOUR;
  const part = (age / scale) ** shape / WEIBULL_PIECES;
  const ageAt = (parts: number): number => scale * (parts * part) ** (1 / shape);
  return Array.from({ length: WEIBULL_PIECES }, (_, i) => {
    const length = ageAt(i + 1) - ageAt(i);
    const until = i === WEIBULL_PIECES - 1 ? Infinity : ageAt(i + 1);
    // The first ages of a very small shape cannot be told apart.
    return length > 0 ? { until, perHour: part / length, step: 0 } : { until, perHour: 0, step: part };
  });
}

/** Integrated hazard of a VM up to an age in hours. */
export function cumulative(hazard: Hazard | RaisedHazard, age: number): number {
  let sum = 0;
  let from = 0;
  for (const { until, perHour, step } of piecesOf(hazard, age)) {
    const length = Math.min(until, age) - from;
    if (perHour > 0) sum += perHour * length;
    if (until > age) break;
    sum += step;
    from = until;
  }
  return sum;
}

export function survival(hazard: Hazard | RaisedHazard, age: number): number {
  return Math.exp(-cumulative(hazard, age));
}

/** Mean of min(life, age), hours: the integral of the survival function. */
export function expectedLife(hazard: Hazard | RaisedHazard, age: number): number {
  let sum = 0;
  let from = 0;
  let alive = 1;
  for (const { until, perHour, step } of piecesOf(hazard, age)) {
    const length = Math.min(until, age) - from;
    sum += alive * (perHour === 0 ? length : -Math.expm1(-perHour * length) / perHour);
    if (until > age) break;
    alive *= Math.exp(-perHour * length - step);
    from = until;
  }
  return sum;
}
