import { expect, it } from 'vitest';
import { parseScenario } from '../../src/scenario/parse.js';

const scenario = (analysis: string): string => `
name: analysed
campaign: { molecules: 1, windows: 13, taskDuration: { constant: 7h } }
regions: { us-central1: { quota: { spotGpus: 5 } } }
${analysis}
`;

const analysisOf = (text: string) => parseScenario(scenario(text), { file: 's.yaml' }).analysis;

it('a scenario need not say how results are worked out', () => {
  expect(analysisOf('')).toEqual({ equilibrationPs: null, combine: null, temperatureKelvin: null });
});

it('times are simulated ones, with their unit', () => {
  const text = 'analysis: { equilibration: 1.5ns, combine: "dG = complex - solvent", temperature: 298.15 K }';
  expect(analysisOf(text)).toEqual({
    equilibrationPs: 1500,
    combine: 'dG = complex - solvent',
    temperatureKelvin: 298.15,
  });
  expect(() => analysisOf('analysis: { equilibration: 200 }')).toThrow(
    /analysis\.equilibration: found 200, expected a simulated time/,
  );
});

it('a formula that cannot be read is refused where it stands', () => {
  expect(() => analysisOf('analysis: { combine: complex - solvent }')).toThrow(
    's.yaml: analysis.combine: found "complex - solvent", expected sums and differences of legs, such as dG = complex - solvent, or null',
  );
});
