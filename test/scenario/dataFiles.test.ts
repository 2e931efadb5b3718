import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAPACITY_SERIES_FILE } from '../../src/scenario/capacitySeriesFile.js';
import { LIFETIMES_FILE } from '../../src/scenario/lifetimesFile.js';
import { checkResolvedScenario } from '../../src/scenario/resolve.js';
import type { Lifetimes } from '../../src/scenario/scenario.js';
import { complaint, LEAST, parse } from './support.js';

const LIVES = 'lifetime_hours,censored\n1,0\n2,1\n3,0\n';
const inRegion = (keys: string) => LEAST.replace('quota:', `${keys}, quota:`);
const WITH_LIFETIMES = inRegion('hazard: { lifetimes: lives.csv }');
const WITH_SERIES = inRegion('capacity: { series: nodes.csv }');
const only = (text: string) => ({ readFile: () => text });

describe('a file of lifetimes', () => {
  it('becomes its Kaplan-Meier curve, which needs the file no more', () => {
    const asked: string[] = [];
    const readFile = (path: string): string => {
      asked.push(path);
      return LIVES;
    };
    const scenario = parse(WITH_LIFETIMES, { readFile });
    expect(asked).toEqual(['lives.csv']);
    const { lifetimes } = scenario.regions['us-central1']!.hazard as { lifetimes: Lifetimes };
    expect(lifetimes).toMatchObject({
      file: 'lives.csv',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      ageSeconds: [3_600, 10_800],
      // The last VM was preempted: survival ends at 0, and H before it is that of the first step.
      survival: [2 / 3, 0],
      tailPerHour: 0,
    });
    expect(parse(JSON.stringify(scenario))).toEqual(scenario);
  });

  it.each([
    ['seconds', 'lifetime_seconds,censored\n3600,0\n7200,1\n10800,0\n'],
    ['other columns', 'id,censored,note,lifetime_hours\na,0,x,1\nb,1,,2\nc,0,z,3\n'],
    ['quotes', '"id","lifetime_hours","censored"\n"a, ""b""",1,0\n"c","2","1"\nd,3,0\n'],
    ['semicolons', 'lifetime_hours;censored\r\n1;0\r\n2;1\r\n3;0\r\n'],
    ['tabs, comments, empty lines, a byte order mark', `\uFEFF# of 2019\n\n${LIVES.replaceAll(',', '\t')}\n`],
  ])('is understood with %s', (_, text) => {
    expect(LIFETIMES_FILE.parse('x.csv', text)).toMatchObject({
      ageSeconds: [3_600, 10_800],
      survival: [2 / 3, 0],
    });
  });

  it.each([
    [
      'a missing lifetime',
      'hours,censored\n1,0\n',
      'line 1: found the columns hours, censored, expected a column lifetime_hours or lifetime_seconds',
    ],
    [
      'missing censoring',
      '# 2019\nlifetime_hours\n1\n',
      'line 2: found the columns lifetime_hours, expected a column censored',
    ],
    [
      'many columns, none of them needed',
      `${Array.from({ length: 40 }, (_, i) => `column${i}`).join()}\n1\n`,
      'line 1: found the columns column0, column1, column2, column3, column4, column5, column6, co..., ' +
        'expected a column lifetime_hours or lifetime_seconds',
    ],
    [
      'two lifetimes',
      'lifetime_hours,lifetime_seconds,censored\n1,3600,0\n',
      'line 1: found the columns lifetime_hours and lifetime_seconds, expected only one of them',
    ],
    [
      'no text',
      '\n',
      'found an empty file, expected a heading with the columns lifetime_hours (or lifetime_seconds) and censored, ' +
        'and a row for each VM',
    ],
    [
      'no rows',
      'lifetime_hours,censored\n',
      'line 1: found no rows below it, expected a heading with the columns lifetime_hours (or lifetime_seconds) ' +
        'and censored, and a row for each VM',
    ],
    [
      'no preempted row',
      'lifetime_hours,censored\n1,1\n2,1\n',
      'found no preempted VM that had an age, expected at least one row with censored 0 and a lifetime above 0',
    ],
    [
      'a negative lifetime',
      'lifetime_hours,censored\n1,0\n-2,0\n',
      'line 3, column lifetime_hours: found "-2", expected a number of at least 0',
    ],
    [
      'a lifetime that is no number',
      'lifetime_hours,censored\n7h,0\n',
      'line 2, column lifetime_hours: found "7h", expected a number of at least 0',
    ],
    [
      'an endless lifetime',
      'lifetime_hours,censored\n1e999,0\n',
      'line 2, column lifetime_hours: found "1e999", expected a number of at least 0',
    ],
    [
      'a short row',
      'censored,lifetime_hours\n0\n',
      'line 2, column lifetime_hours: found nothing, expected a number of at least 0',
    ],
    [
      'another word for censored',
      'lifetime_hours,censored\n1,no\n',
      'line 2, column censored: found "no", expected 0 (the VM was preempted) or 1 (it was not)',
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(complaint(() => parse(WITH_LIFETIMES, only(text)))).toBe(`lives.csv: ${message}`);
  });

  it('is missed by name', () => {
    expect(complaint(() => parse(WITH_LIFETIMES))).toBe(
      'x.yaml: regions.us-central1.hazard.lifetimes: found "lives.csv", expected a file that can be read, with the ' +
        'columns lifetime_hours (or lifetime_seconds) and censored',
    );
    expect(complaint(() => parse(inRegion('hazard: { lifetimes: 7 }')))).toBe(
      'x.yaml: regions.us-central1.hazard.lifetimes: found 7, expected the name of a file with the columns ' +
        'lifetime_hours (or lifetime_seconds) and censored',
    );
  });

  it.each<[string, Partial<Record<keyof Lifetimes, unknown>>]>([
    ['ages that do not rise', { ageSeconds: [10, 10] }],
    ['survival that does not fall', { survival: [0.5, 0.5] }],
    ['survival of more than all', { survival: [1.5, 0.5] }],
    ['a first step that is none', { survival: [1, 0.5] }],
    ['fewer shares than ages', { survival: [0.5] }],
    ['no steps', { ageSeconds: [], survival: [] }],
    ['a negative tail', { tailPerHour: -1 }],
    ['an unknown member', { tail: 1 } as object],
    ['a digest that is none', { sha256: 'abc' }],
  ])('may not be embedded with %s', (_, change) => {
    const scenario = structuredClone(parse(WITH_LIFETIMES, only(LIVES)));
    Object.assign((scenario.regions['us-central1']!.hazard as { lifetimes: Lifetimes }).lifetimes, change);
    expect(complaint(() => checkResolvedScenario(scenario, { file: 'plan.json' }))).toBe(
      'plan.json: regions.us-central1.hazard.lifetimes: found a map, expected { file, sha256, ageSeconds, survival, ' +
        'tailPerHour }, ages rising and survival falling',
    );
  });

  it("gives the survival of Google's preemptible CPU VMs of 2019", () => {
    const text = readFileSync(new URL('../data/lifetimes_gcp_cpu_2019.csv', import.meta.url), 'utf8');
    const { ageSeconds, survival, tailPerHour } = LIFETIMES_FILE.parse('lifetimes.csv', text);
    // 264 were preempted, two of them at one age.
    expect(ageSeconds).toHaveLength(263);
    const survivalAt = (hours: number): number =>
      survival[ageSeconds.filter((age) => age <= hours * 3_600).length - 1] ?? 1;
    // Made from the same rows by another program.
    for (const [hours, share] of [
      [1, 0.828],
      [3, 0.735],
      [7, 0.679],
      [12, 0.628],
      [23.5, 0.558],
    ] as const) {
      expect(survivalAt(hours), `${hours} h`).toBeCloseTo(share, 3);
    }
    expect(tailPerHour).toBeGreaterThan(0.005);
    expect(tailPerHour).toBeLessThan(0.02);
  });
});

describe('a series of capacity', () => {
  it.each(['nodes', 'vms'])('is embedded from a file with %s', (column) => {
    const text = `note,t_seconds,${column}\nx,0,80\ny,60.5,70\nz,120,0\n`;
    const scenario = parse(WITH_SERIES, only(text));
    expect(scenario.regions['us-central1']!.capacity.series).toEqual({
      file: 'nodes.csv',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      fromSeconds: [0, 60.5, 120],
      vms: [80, 70, 0],
    });
    expect(parse(JSON.stringify(scenario))).toEqual(scenario);
  });

  it.each([
    ['no times', 'nodes\n80\n', 'line 1: found the columns nodes, expected a column t_seconds'],
    [
      'no numbers of VMs',
      't_seconds,count\n0,80\n',
      'line 1: found the columns t_seconds, count, expected a column nodes or vms',
    ],
    [
      'a late start',
      't_seconds,nodes\n5,80\n',
      'line 2, column t_seconds: found "5", expected 0 in the first row',
    ],
    [
      'the same time twice',
      't_seconds,nodes\n0,80\n60,70\n60,60\n',
      'line 4, column t_seconds: found "60", expected a later time than 60, that of the row before',
    ],
    [
      'half a VM',
      't_seconds,nodes\n0,7.5\n',
      'line 2, column nodes: found "7.5", expected a whole number of VMs',
    ],
    [
      'fewer than none',
      't_seconds,nodes\n0,-1\n',
      'line 2, column nodes: found "-1", expected a number of at least 0',
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(complaint(() => parse(WITH_SERIES, only(text)))).toBe(`nodes.csv: ${message}`);
  });

  it.each<[string, object]>([
    ['a late start', { fromSeconds: [1, 2] }],
    ['times that fall', { fromSeconds: [0, 0] }],
    ['half a VM', { vms: [1, 0.5] }],
    ['fewer numbers than times', { vms: [1] }],
  ])('may not be embedded with %s', (_, change) => {
    const series = { ...CAPACITY_SERIES_FILE.parse('n.csv', 't_seconds,vms\n0,2\n9,1\n'), ...change };
    const text = inRegion(`capacity: { series: ${JSON.stringify(series)} }`);
    expect(complaint(() => parse(text))).toBe(
      'x.yaml: regions.us-central1.capacity.series: found a map, expected the name of a file with the columns ' +
        't_seconds and nodes (or vms), or null',
    );
  });
});
