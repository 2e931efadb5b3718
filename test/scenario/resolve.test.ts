import { describe, expect, it } from 'vitest';
import { valueAt } from '../../src/scenario/paths.js';
import { checkResolvedScenario } from '../../src/scenario/resolve.js';
import { BESIDE_SHIPPED, complaint, parse, SHIPPED, shippedText } from './support.js';

const WHERE = { file: 'plan.json', path: 'scenario.resolved' };

function spoilt(path: string[], change: (parent: Record<string, unknown>, key: string) => void): string {
  const scenario = structuredClone(parse(shippedText('thirteen-thousand')));
  change(valueAt(scenario, path.slice(0, -1)) as Record<string, unknown>, path.at(-1)!);
  return complaint(() => checkResolvedScenario(scenario, WHERE));
}

describe('checkResolvedScenario', () => {
  it.each(SHIPPED)('accepts %s as it was resolved', (name) => {
    const scenario = parse(shippedText(name), BESIDE_SHIPPED);
    expect(checkResolvedScenario(JSON.parse(JSON.stringify(scenario)), WHERE)).toEqual(scenario);
  });

  it('fills in nothing: every missing key is an error', () => {
    const scenario = parse(shippedText('thirteen-thousand')) as unknown as Record<string, unknown>;
    const visit = (value: unknown, path: string[]): number => {
      if (typeof value !== 'object' || value === null) return 0;
      let checked = 0;
      for (const [key, member] of Object.entries(value)) {
        checked += visit(member, [...path, key]);
        // Entries of tables and the alternatives of a distribution may go; keys of groups may not.
        const free = ['regions', 'guesses', 'decisions.parallelism'].includes(path.join('.'));
        if (free) continue;
        const message = spoilt([...path, key], (parent, name) => delete parent[name]);
        expect(message, [...path, key].join('.')).toMatch(/^plan\.json: scenario\.resolved\.\S+: found \S+/);
        checked += 1;
      }
      return checked;
    };
    expect(visit(scenario, [])).toBeGreaterThan(90);
  });

  it.each<[string[], unknown, string]>([
    [
      ['checkpoint', 'pauseSeconds'],
      '1s',
      'checkpoint.pauseSeconds: found "1s", expected a number of seconds of at least 0',
    ],
    [
      ['checkpoint', 'pause'],
      1,
      'checkpoint.pause: found an unknown key, expected one of sizeBytes, growthBytesPerHour, pauseSeconds, engineIntervalSeconds',
    ],
    [
      ['batch', 'vmsPerMinute'],
      'unlimited',
      'batch.vmsPerMinute: found "unlimited", expected a number above 0 or null',
    ],
    [
      ['decisions', 'waves', 'size'],
      'some',
      'decisions.waves.size: found "some", expected a number of at least 1 or all',
    ],
    [
      ['regions', 'us-east1', 'quota', 'spotGpus'],
      -5,
      'regions.us-east1.quota.spotGpus: found -5, expected a number of at least 0',
    ],
    [
      ['decisions', 'parallelism', 'mars'],
      5,
      'decisions.parallelism.mars: found a region that the scenario lacks, expected one of us-central1, us-east1, us-west1, europe-west4',
    ],
    [
      ['cloud'],
      { regions: {} },
      'cloud.project: found nothing, expected a project id, such as my-project, or null',
    ],
  ])('refuses %j = %j', (path, value, message) => {
    const found = spoilt(path, (parent, key) => {
      parent[key] = value;
    });
    expect(found).toBe(`plan.json: scenario.resolved.${message}`);
  });

  it('refuses what is no map', () => {
    expect(complaint(() => checkResolvedScenario([], WHERE))).toMatch(
      /^plan\.json: scenario\.resolved: found an empty list, expected a map with the keys name, /,
    );
  });
});
