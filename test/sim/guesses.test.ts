import { expect, test } from 'vitest';
import { drawGuesses } from '../../src/sim/guesses.js';
import { referenceScenario } from './exampleScenario.js';

test('a guess inside a list is drawn: a rate of a piecewise hazard, an end of a uniform distribution', () => {
  const scenario = referenceScenario();
  scenario.regions['us-central1']!.hazard = {
    piecewise: [
      { untilSeconds: 900, perHour: 0.3 },
      { untilSeconds: null, perHour: 0.01 },
    ],
  };
  scenario.campaign.taskDurationSeconds = { uniform: [20_000, 30_000] };
  scenario.guesses = {
    'regions.us-central1.hazard.piecewise[1].perHour': { low: 0.005, high: 0.05 },
    'campaign.taskDurationSeconds.uniform[1]': { low: 25_000, high: 40_000 },
  };
  const before = structuredClone(scenario);
  const drawn = drawGuesses(scenario, 'lists');
  expect(scenario).toEqual(before);
  const { hazard } = drawn.regions['us-central1']!;
  const rates = 'piecewise' in hazard ? hazard.piecewise.map(({ perHour }) => perHour) : [];
  expect(rates[0]).toBe(0.3);
  expect(rates[1]).toBeGreaterThan(0.005);
  expect(rates[1]).toBeLessThan(0.05);
  expect(rates[1]).not.toBe(0.01);
  const duration = drawn.campaign.taskDurationSeconds;
  const ends = 'uniform' in duration ? duration.uniform : [0, 0];
  expect(ends[0]).toBe(20_000);
  expect(ends[1]).toBeGreaterThan(25_000);
  expect(ends[1]).toBeLessThan(40_000);
});
