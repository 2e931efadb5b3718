import type { Distribution } from './scenario.js';

/** The mean, in the unit of the distribution's own figures. */
export function meanOf(distribution: Distribution): number {
  if ('constant' in distribution) return distribution.constant;
  if ('uniform' in distribution) return (distribution.uniform[0] + distribution.uniform[1]) / 2;
  if ('lognormal' in distribution) {
    const { median, sigma } = distribution.lognormal;
    return median * Math.exp((sigma * sigma) / 2);
  }
  if ('exponential' in distribution) return distribution.exponential.mean;
  const { values } = distribution.empirical;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard normal quantile of 0.999. */
const Z_999 = 3.0902323;

/** The value that 99.9 % stay below (for an empirical distribution: its largest value). */
export function nearMaximum(distribution: Distribution): number {
  if ('constant' in distribution) return distribution.constant;
  if ('uniform' in distribution) return distribution.uniform[1];
  if ('lognormal' in distribution) {
    const { median, sigma } = distribution.lognormal;
    return median * Math.exp(sigma * Z_999);
  }
  if ('exponential' in distribution) return -Math.log(0.001) * distribution.exponential.mean;
  return Math.max(...distribution.empirical.values);
}
