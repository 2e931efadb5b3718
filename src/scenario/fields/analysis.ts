import { documented, group, kelvin, optionalText, picoseconds } from '../description.js';
import { LEG_FORMULA } from '../legFormula.js';
import type { Analysis } from '../scenario.js';

const OWN_ANALYSIS = documented("fepcast's own analysis, docs/results.md");

export const analysis = group<Analysis>('How results are worked out (`collect`).', {
  equilibrationPs: picoseconds({
    about: 'Simulated time at the start of each window that does not count; none: a tenth of the window.',
    nothing: 'none',
    fallback: null,
    basis: OWN_ANALYSIS,
  }),
  combine: optionalText({
    about: 'The free energy that is wanted, from the legs: sums and differences, with factors.',
    what: 'sums and differences of legs',
    pattern: LEG_FORMULA,
    example: 'dG = complex - solvent',
    basis: OWN_ANALYSIS,
  }),
  temperatureKelvin: kelvin({
    about: 'Temperature of the windows; none: as their files say.',
    nothing: 'none',
    above: 0,
    fallback: null,
    basis: OWN_ANALYSIS,
  }),
});
