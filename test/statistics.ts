import { mean, sampleStandardDeviation } from 'simple-statistics';

/** A reference value with the standard error that it was measured with itself (0 for a formula). */
export interface Reference {
  value: number;
  standardError: number;
}

/**
 * How many standard errors of the difference lie between the sample's mean and the reference, the reference's
 * own error included.
 */
export function standardErrors(sample: readonly number[], reference: Reference): number {
  const own = sampleStandardDeviation([...sample]) / Math.sqrt(sample.length);
  const error = Math.hypot(own, reference.standardError);
  const difference = mean([...sample]) - reference.value;
  return difference === 0 ? 0 : difference / error;
}

/** A table's 95 % half-width as a standard error. */
export function halfWidth95(value: number, halfWidth: number): Reference {
  return { value, standardError: halfWidth / 1.96 };
}
