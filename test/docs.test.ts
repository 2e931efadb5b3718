import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { distributionParameters, parameters, withParameterTables } from '../src/scenario/parameterTable.js';

const model = readFileSync(new URL('../docs/model.md', import.meta.url), 'utf8');

describe('docs/model.md', () => {
  it('has the tables that the description of the scenario gives (npm run build writes them)', () => {
    expect(model).toBe(withParameterTables(model));
  });

  it('names no parameter that a scenario lacks', () => {
    const known = new Set(parameters().map(({ path }) => path));
    const parts = new Set([...known].map((path) => path.split('.')[0] ?? ''));
    const written = model.slice(0, model.indexOf('<!-- parameters:start -->'));
    const rest = model.slice(model.indexOf('<!-- parameters:end -->'));
    const named = [...`${written}${rest}`.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z*]+)+)`/g)]
      .map(([, path]) => path ?? '')
      .filter((path) => parts.has(path.split('.')[0] ?? ''));
    expect(named.length).toBeGreaterThan(20);
    const isKnown = (path: string): boolean =>
      [...known].some((full) => full === path || full.startsWith(`${path}.`) || full.startsWith(`${path}[`));
    expect(named.filter((path) => !isKnown(path))).toEqual([]);
  });
});

describe('the table of parameters', () => {
  const byPath = new Map(parameters().map((parameter) => [parameter.path, parameter]));

  it('writes defaults and ranges as one writes them in YAML', () => {
    expect(byPath.get('startup.boot')).toMatchObject({
      default: '`{ lognormal: { median: 25s, sigma: 0.36 } }`',
      range: '15s to 90s',
      basis: { provenance: 'guess' },
    });
    expect(byPath.get('checkpoint.size')).toMatchObject({ default: '`50MB`', range: '1MB to 500MB' });
    expect(byPath.get('regions.*.quota.cpus')).toMatchObject({ default: '`unlimited`', unit: 'count' });
  });

  it('tells what must be given from what is worked out and what is a decision', () => {
    expect(byPath.get('campaign.molecules')?.default).toBe('required without `work`');
    expect(byPath.get('campaign.taskDuration')?.default).toBe('required');
    expect(byPath.get('decisions.parallelism.*')?.default).toBe('worked out');
    expect(byPath.get('regions.*.price.spot')?.default).toBe('worked out');
    expect(byPath.get('decisions.maxRetries')).toMatchObject({ default: '`10`', basis: null });
  });

  it('goes into the kinds of a hazard, and tells the forms of a distribution once', () => {
    expect(byPath.has('regions.*.hazard.piecewise[].perHour')).toBe(true);
    expect(byPath.has('startup.boot.lognormal.median')).toBe(false);
    expect(distributionParameters().map(({ path }) => path)).toContain('lognormal.median');
  });

  it('gives a source for every default that is a figure of the world', () => {
    const world = /^(?:checkpoint|image|machine|startup|batch|bucket|spot|prices)\./;
    const without = [...byPath.values()].filter(({ path, basis }) => world.test(path) && basis === null);
    expect(without.map(({ path }) => path)).toEqual([]);
  });
});
