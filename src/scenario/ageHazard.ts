import type { Hazard, Lifetimes } from './scenario.js';

/** The preemption hazard of a VM by its age in seconds, integrated: H(age) = -ln S(age). */
export interface AgeHazard {
  integrated(age: number): number;
  /** The smallest age at which H reaches `x`; Infinity if it never does. With x ~ Exp(1) this is a lifetime. */
  ageAt(x: number): number;
}

/** "Hourly survival 0.95" is a rate of -ln 0.95 = 0.0513 an hour, not 0.05. */
export function ageHazardOf(hazard: Hazard): AgeHazard {
  if ('constant' in hazard) return constant(-Math.log(hazard.constant.hourlySurvival) / 3600);
  if ('weibull' in hazard) return weibull(hazard.weibull);
  if ('lifetimes' in hazard) return lifetimes(hazard.lifetimes);
  return piecewise(hazard.piecewise);
}

function constant(perSecond: number): AgeHazard {
  return {
    integrated: (age) => perSecond * age,
    ageAt: (x) => (perSecond === 0 ? Number.POSITIVE_INFINITY : x / perSecond),
  };
}

function weibull({ shape, scaleSeconds }: { shape: number; scaleSeconds: number }): AgeHazard {
  return {
    integrated: (age) => (age / scaleSeconds) ** shape,
    ageAt: (x) => scaleSeconds * x ** (1 / shape),
  };
}

function piecewise(pieces: readonly { untilSeconds: number | null; perHour: number }[]): AgeHazard {
  // A table that ends with an age goes on with its last rate.
  const ends = pieces.map(({ untilSeconds }, i) =>
    i === pieces.length - 1 ? Number.POSITIVE_INFINITY : (untilSeconds ?? Number.POSITIVE_INFINITY),
  );
  const rates = pieces.map(({ perHour }) => perHour / 3600);
  return {
    integrated(age) {
      let from = 0;
      let sum = 0;
      for (let i = 0; i < rates.length && from < age; i += 1) {
        const to = Math.min(age, ends[i] as number);
        sum += (rates[i] as number) * (to - from);
        from = to;
      }
      return sum;
    },
    ageAt(x) {
      let left = x;
      let from = 0;
      for (let i = 0; i < rates.length; i += 1) {
        const rate = rates[i] as number;
        const length = (ends[i] as number) - from;
        if (rate > 0 && left <= rate * length) return from + left / rate;
        if (rate > 0) left -= rate * length;
        from += length;
      }
      return Number.POSITIVE_INFINITY;
    },
  };
}

/**
 * A Kaplan-Meier curve: H rises in steps, so that lifetimes are drawn from the observed ages with the curve's own
 * weights; after the last age it rises evenly.
 */
function lifetimes({ ageSeconds, survival, tailPerHour }: Lifetimes): AgeHazard {
  const steps = survival.map((s) => (s > 0 ? -Math.log(s) : Number.POSITIVE_INFINITY));
  const lastAge = ageSeconds.at(-1) ?? 0;
  const lastStep = steps.at(-1) ?? 0;
  const tail = tailPerHour / 3600;
  return {
    integrated(age) {
      if (age > lastAge) return lastStep + tail * (age - lastAge);
      const i = firstIndex(ageSeconds, (value) => value > age);
      return i === 0 ? 0 : (steps[i - 1] as number);
    },
    ageAt(x) {
      if (x > lastStep) return tail > 0 ? lastAge + (x - lastStep) / tail : Number.POSITIVE_INFINITY;
      return ageSeconds[firstIndex(steps, (value) => value >= x)] as number;
    },
  };
}

/** The first index of a rising array whose value satisfies the (monotone) condition; the length if none does. */
function firstIndex(values: readonly number[], holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(values[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
