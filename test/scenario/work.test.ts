import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scenarioSha256 } from '../../src/scenario/canonical.js';
import { overrideScenario, type ParseOptions } from '../../src/scenario/parse.js';
import { checkResolvedScenario } from '../../src/scenario/resolve.js';
import type { WorkTable } from '../../src/scenario/scenario.js';
import { byName } from '../../src/scenario/workTasks.js';
import { complaint, parse } from './support.js';

const scenario = (work: string, campaign = '') => `
name: named
campaign: { ${campaign} taskDuration: { constant: 7h } }
regions: { us-central1: { quota: { spotGpus: 5 } } }
work: ${work}
`;
const TABLE = scenario('{ table: tasks.csv }');
const HEADING = 'molecule,leg,repeat,window,input\n';
const given = (text: string): ParseOptions => ({ readFile: () => text, folder: '/data' });
const read = (text: string): WorkTable => parse(TABLE, given(text)).work!.table!;

describe('a table of tasks', () => {
  it('gives the molecules as they first appear and their windows by number', () => {
    const rows = ['lig2,solvent,0,10,b', 'lig2,complex,0,2,c', 'lig2,complex,0,10,d', 'lig2,solvent,0,2,a'];
    const others = ['lig1,solvent,0,2,e', 'lig1,complex,0,2,f', 'lig1,complex,0,10,g', 'lig1,solvent,0,10,h'];
    expect(read(HEADING + [...rows, ...others].join('\n'))).toEqual({
      file: 'tasks.csv',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      folder: '/data',
      molecules: ['lig2', 'lig1'],
      windows: [
        { leg: 'complex', repeat: '0', window: '2' },
        { leg: 'complex', repeat: '0', window: '10' },
        { leg: 'solvent', repeat: '0', window: '2' },
        { leg: 'solvent', repeat: '0', window: '10' },
      ],
      inputs: ['c', 'd', 'a', 'b', 'f', 'g', 'e', 'h'],
    });
  });

  it('counts the campaign, and may leave out leg, repeat and window', () => {
    const { campaign, work } = parse(
      TABLE,
      given('input,molecule\ngs://b1-in/x.tpr,lig1~lig2\ny.tpr,lig3\n'),
    );
    expect(campaign).toMatchObject({ molecules: 2, windows: 1 });
    expect(work?.table?.windows).toEqual([{ leg: 'main', repeat: '0', window: '0' }]);
    expect(work?.table?.inputs).toEqual(['gs://b1-in/x.tpr', 'y.tpr']);
  });

  it('may be counted in the campaign as well, where both agree', () => {
    const text = `${HEADING}a,x,0,0,i\na,x,0,1,j\n`;
    const both = scenario('{ table: tasks.csv }', 'molecules: 1, windows: 2,');
    expect(parse(both, given(text)).campaign).toMatchObject({ molecules: 1, windows: 2 });
    const other = scenario('{ table: tasks.csv }', 'molecules: 1, windows: 13,');
    expect(complaint(() => parse(other, given(text)))).toBe(
      'x.yaml: campaign.windows: found 13, expected 2, as in tasks.csv (or nothing: it is counted there)',
    );
  });

  it('is embedded, and is the same world in another folder', () => {
    const text = `${HEADING}a,x,0,0,i\n`;
    const named = parse(TABLE, given(text));
    expect(parse(JSON.stringify(named))).toEqual(named);
    const elsewhere = parse(TABLE, { ...given(text), folder: '/elsewhere' });
    expect(elsewhere).not.toEqual(named);
    expect(scenarioSha256(elsewhere)).toBe(scenarioSha256(named));
    expect(scenarioSha256(parse(TABLE, given(`${HEADING}a,x,0,0,j\n`)))).not.toBe(scenarioSha256(named));
  });

  it.each([
    [
      'a molecule with fewer windows than the first',
      `${HEADING}lig1,a,0,0,i\nlig1,a,0,1,j\nlig2,a,0,0,k\n`,
      'tasks.csv: molecule "lig2": found 1 task, without leg "a", repeat "0", window "1", expected the same legs, repeats and windows as molecule "lig1", which has 2',
    ],
    [
      'a molecule with more windows than the first',
      `${HEADING}lig1,a,0,0,i\nlig2,a,0,0,k\nlig2,b,0,0,k\n`,
      'tasks.csv: molecule "lig2": found 2 tasks, with leg "b", repeat "0", window "0", expected the same legs, repeats and windows as molecule "lig1", which has 1',
    ],
    [
      'a task that stands twice',
      `${HEADING}lig1,a,0,0,i\nlig1,a,0,0,j\n`,
      'tasks.csv: line 3: found leg "a", repeat "0", window "0" of molecule "lig1" again (first: line 2), expected each task once',
    ],
    [
      'a task without an input',
      `${HEADING}lig1,a,0,0,\n`,
      'tasks.csv: line 2, column input: found nothing, expected a text that is not empty',
    ],
    [
      'no input at all',
      'molecule\nlig1\n',
      'tasks.csv: line 1: found the columns molecule, expected a column input',
    ],
    [
      'a control character in a name',
      `${HEADING}lig\u0007,a,0,0,i\n`,
      'tasks.csv: line 2, molecule: found "lig\\u0007", expected a name without line breaks, other control characters or broken Unicode',
    ],
    [
      'half a character in a name',
      `${HEADING}lig\ud800,a,0,0,i\n`,
      'tasks.csv: line 2, molecule: found "lig\\ud800", expected a name without line breaks, other control characters or broken Unicode',
    ],
    [
      'a name that is too long for an object',
      `${HEADING}${'é'.repeat(120)},a,0,0,i\n`,
      `tasks.csv: line 2: found a task whose key has 726 characters ("${'é'.repeat(57)}..."), expected at most 600, because the names of its objects are made from it`,
    ],
    [
      'an input that is no object',
      `${HEADING}lig1,a,0,0,gs://bucket\n`,
      'tasks.csv: line 2, input: found "gs://bucket", expected the path of a file, or gs://bucket/object',
    ],
    [
      'a quote that is not closed',
      `${HEADING}lig"1,a,0,0,i\n`,
      'tasks.csv: line 2: found a double quote that is not closed, expected a quote for each quote, and one in a name written twice',
    ],
    [
      'a line break in a name',
      `${HEADING}"lig\n1",a,0,0,i\n`,
      'tasks.csv: line 2: found a double quote that is not closed, expected a quote for each quote, and one in a name written twice',
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(complaint(() => read(text))).toBe(message);
  });

  it('is missed by name', () => {
    expect(complaint(() => parse(TABLE))).toBe(
      'x.yaml: work.table: found "tasks.csv", expected a file that can be read, with the columns molecule and input (and leg, repeat, window)',
    );
  });

  it('takes names that would be dangerous elsewhere as they are', () => {
    const names = [
      '$(reboot)',
      '-rf',
      '../..',
      'a/b',
      `it's`,
      'a b',
      '"q"',
      '%2F',
      '`id`',
      ';&|<>',
      'ß~λ',
      '.',
      '#x',
    ];
    const cell = (name: string) => `"${name.replaceAll('"', '""')}"`;
    const text = `${HEADING}${names.map((name) => `${cell(name)},a,0,0,i`).join('\n')}`;
    expect(read(text).molecules).toEqual(names);
  });
});

describe('inputs that a pattern finds', () => {
  const PATTERN = scenario('{ inputs: ./in/, pattern: "{molecule}/{leg}/w{window}/window.tpr" }');
  const files = [
    'lig10/solvent/w0/window.tpr',
    'lig9/solvent/w0/window.tpr',
    'lig9/solvent/w0/window.log',
    'readme',
  ];
  const listed = (names: readonly string[]): ParseOptions => ({ listFiles: () => names, folder: '/data' });

  it('are the tasks, molecules by name; other files are left out', () => {
    const { work, campaign } = parse(PATTERN, listed(files));
    expect(campaign).toMatchObject({ molecules: 2, windows: 1 });
    expect(work).toMatchObject({
      inputs: './in/',
      pattern: '{molecule}/{leg}/w{window}/window.tpr',
      table: {
        file: './in/{molecule}/{leg}/w{window}/window.tpr',
        folder: '/data',
        molecules: ['lig9', 'lig10'],
        windows: [{ leg: 'solvent', repeat: '0', window: '0' }],
        inputs: ['./in/lig9/solvent/w0/window.tpr', './in/lig10/solvent/w0/window.tpr'],
      },
    });
    const again = parse(PATTERN, listed(files));
    expect(parse(JSON.stringify(again))).toEqual(again);
  });

  it('are listed again where an override asks for others', () => {
    const resolved = parse(PATTERN, listed(files));
    const again = (override: string) =>
      overrideScenario(resolved, [override], listed(['lig1/w0.tpr', 'lig2/w0.tpr'])).work;
    expect(again('name=other')).toEqual(resolved.work);
    expect(again('work.pattern="{molecule}/w{window}.tpr"')?.table?.molecules).toEqual(['lig1', 'lig2']);
  });

  it('may lie in a bucket', () => {
    const asked: string[] = [];
    const text = scenario('{ inputs: "gs://bucket/series/", pattern: "{molecule}.tpr" }');
    const listFiles = (place: string): string[] => {
      asked.push(place);
      return ['a.tpr', 'b/c.tpr'];
    };
    expect(parse(text, { listFiles }).work?.table?.inputs).toEqual(['gs://bucket/series/a.tpr']);
    expect(asked).toEqual(['gs://bucket/series/']);
  });

  it('must have the same name where a part stands twice, and no other characters than they say', () => {
    const text = scenario('{ inputs: in, pattern: "{molecule}/{molecule}_w{window}.t+r" }');
    const names = ['a/a_w0.t+r', 'a/b_w0.t+r', 'a/a_w0.ttr', 'a/a_w0.t+r.bak', 'x/a/a_w0.t+r'];
    expect(parse(text, listed(names)).work?.table?.inputs).toEqual(['in/a/a_w0.t+r']);
  });

  it.each([
    [
      'no such files',
      '{ inputs: in, pattern: "{molecule}.tpr" }',
      listed(['a.gro']),
      'x.yaml: work.pattern: found 1 files, none of which fits in in, expected files like {molecule}.tpr',
    ],
    [
      'an empty folder',
      '{ inputs: in, pattern: "{molecule}.tpr" }',
      listed([]),
      'x.yaml: work.pattern: found no files in in, expected files like {molecule}.tpr',
    ],
    [
      'an unknown part',
      '{ inputs: in, pattern: "{molecule}/{lambda}.tpr" }',
      listed([]),
      'x.yaml: work.pattern: found "{lambda}", expected {molecule}, {leg}, {repeat} or {window}',
    ],
    [
      'no molecule',
      '{ inputs: in, pattern: "{window}.tpr" }',
      listed(['0.tpr']),
      'x.yaml: work.pattern: found "{window}.tpr", expected a path with {molecule} in it, such as {molecule}/{leg}/w{window}/window.tpr, or null',
    ],
    [
      'a table besides',
      '{ table: t.csv, inputs: in, pattern: "{molecule}" }',
      listed([]),
      'x.yaml: work: found a table and inputs, expected only one of them',
    ],
    [
      'a folder that cannot be listed',
      '{ inputs: in, pattern: "{molecule}" }',
      {
        listFiles: () => {
          throw new Error('no such folder');
        },
      },
      'x.yaml: work.inputs: found "in" (no such folder), expected a folder that can be listed',
    ],
    [
      'only one molecule that has a window',
      '{ inputs: in, pattern: "{molecule}/{window}.tpr" }',
      listed(['a/0.tpr', 'b/1.tpr']),
      'in/{molecule}/{window}.tpr: molecule "b": found 1 task, without leg "main", repeat "0", window "0", expected the same legs, repeats and windows as molecule "a", which has 1',
    ],
  ])('are refused with %s', (_, work, options, message) => {
    const counted = 'molecules: 1, windows: 1,';
    expect(complaint(() => parse(scenario(work as string, counted), options as ParseOptions))).toBe(message);
  });

  it('are missed where neither they nor a table are named', () => {
    const text = scenario('{}', 'molecules: 1, windows: 1,');
    expect(complaint(() => parse(text))).toBe(
      'x.yaml: work: found no tasks, expected a table, or inputs with a pattern',
    );
  });
});

describe('what a plan embeds of the work', () => {
  const good = parse(TABLE, given(`${HEADING}a,x,0,0,i\na,x,0,1,j\n`));
  it.each<[string, object]>([
    ['a missing input', { inputs: ['i'] }],
    ['an empty name', { molecules: [''] }],
    [
      'a window without a leg',
      {
        windows: [
          { repeat: '0', window: '0' },
          { leg: '', repeat: '0', window: '1' },
        ],
      },
    ],
    ['a folder that is no text', { folder: 7 }],
    ['a molecule twice', { molecules: ['a', 'a'], inputs: ['i', 'j', 'i', 'j'] }],
    ['a line break in a name', { molecules: ['a\nb'] }],
  ])('is refused with %s', (_, change) => {
    const spoiled = structuredClone(good);
    Object.assign(spoiled.work!.table!, change);
    expect(complaint(() => checkResolvedScenario(spoiled, { file: 'plan.json' }))).toContain(
      'plan.json: work.table: found a map, expected { file, sha256, folder, molecules, windows, inputs }',
    );
  });
});

describe('the order of names', () => {
  it('is by value for numbers, these before all others, and by the numbers in other names', () => {
    const names = ['w10', 'w2', '0.5', 'b', '-1', '10', '0.25', '2', 'W3', 'w2a'];
    expect(names.sort(byName)).toEqual(['-1', '0.25', '0.5', '2', '10', 'W3', 'b', 'w2', 'w2a', 'w10']);
  });

  it('is an order: the same however the names come', () => {
    const name = fc.oneof(fc.string({ maxLength: 6 }), fc.stringMatching(/^[a-c]?\d{0,2}\.?\d{0,2}[a-c]?$/));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), fc.nat(), (names, turn) => {
        const turned = names.map((_, i) => names[(i + turn) % names.length] as string);
        expect(turned.toSorted(byName)).toEqual(names.toSorted(byName));
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});
