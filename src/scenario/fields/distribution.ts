import type { Node } from '../description.js';
import { type Basis, dataFile, group, list, oneOf, plainNumber, seconds } from '../description.js';
import { DURATIONS_FILE } from '../durationsFile.js';
import type { Distribution } from '../scenario.js';

interface Options {
  about: string;
  fallback?: Distribution;
  basis?: Basis;
  /** A time of 0 makes no sense here. */
  positive?: boolean;
}

/** A default written in seconds: half of the draws are below the median. */
export const lognormal = (median: number, sigma: number): Distribution => ({ lognormal: { median, sigma } });

/** Times that vary. Text and numbers inside are durations. */
export function secondsDistribution({ positive = false, ...told }: Options): Node<Distribution> {
  const time = (about: string) => (positive ? seconds({ about, above: 0 }) : seconds({ about }));
  return oneOf<Distribution>({
    ...told,
    what: 'a distribution',
    example: '{ lognormal: { median: 240s, sigma: 0.4 } }',
    suffix: 'Seconds',
    options: {
      constant: time('Always this long.'),
      uniform: list({
        about: 'Evenly spread between a low and a high end.',
        what: 'two durations, [low, high]',
        of: time('One end.'),
        check: (ends) => {
          const [low, high] = ends as readonly number[];
          if (ends.length === 2 && low! <= high!) return null;
          return { found: JSON.stringify(ends), expected: 'two durations, [low, high], the lower one first' };
        },
      }),
      lognormal: group('Skewed to the right, as start-up times are.', {
        median: seconds({ about: 'Half of the draws are below it.', above: 0 }),
        sigma: plainNumber({
          about: 'Standard deviation of the logarithm; 0.4 puts the 95th percentile at 1.9 medians.',
        }),
      }),
      exponential: group('Without memory.', { mean: seconds({ about: 'Mean.', above: 0 }) }),
      empirical: dataFile(
        'Drawn from measured values: a file with one value a line (or first column), in seconds.',
        DURATIONS_FILE,
      ),
    },
  });
}
