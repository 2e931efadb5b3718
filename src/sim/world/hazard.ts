import type { Hazard } from '../../scenario/scenario.js';

/** Seconds of VM age at which the integrated hazard reaches `x` (x ~ Exp(1) gives a lifetime); may be Infinity. */
export type Lifetime = (x: number) => number;

/**
 * The inverse of the integrated hazard. "Hourly survival 0.95" is a rate of -ln 0.95 = 0.0513 an hour, not 0.05.
 */
export function lifetimeOf(hazard: Hazard): Lifetime {
  if ('constant' in hazard) {
    const perSecond = -Math.log(hazard.constant.hourlySurvival) / 3600;
    return perSecond === 0 ? () => Number.POSITIVE_INFINITY : (x) => x / perSecond;
  }
  const pieces = hazard.piecewise;
  return (x) => {
    let left = x;
    let age = 0;
    for (const { untilSeconds, perHour } of pieces) {
      const perSecond = perHour / 3600;
      const length = (untilSeconds ?? Number.POSITIVE_INFINITY) - age;
      if (perSecond > 0 && left <= perSecond * length) return age + left / perSecond;
      left -= perSecond === 0 ? 0 : perSecond * length;
      age += length;
    }
    // A table that ends with an age goes on with its last rate.
    const last = (pieces.at(-1)?.perHour ?? 0) / 3600;
    return last > 0 ? age + left / last : Number.POSITIVE_INFINITY;
  };
}
