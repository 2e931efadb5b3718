import { describe, expect, it, test } from 'vitest';
import { csvText } from '../../src/exec/collect/csv.js';
import { judgeReport, judgeWindows } from '../../src/exec/collect/gates.js';
import { formulaOf, type JudgedLeg, moleculeRows, RESULT_COLUMNS } from '../../src/exec/collect/rows.js';
import { LEG_FORMULA, parseLegFormula } from '../../src/scenario/legFormula.js';
import { legOf, reportOn } from './collected.js';

const states = (count: number) => Array.from({ length: count }, (_, state) => ({ state }));
const fine = states(4);

describe('the gates before the analysis', () => {
  it('let a leg pass whose windows are all there and fit together', () => {
    expect(judgeWindows(legOf(fine))).toEqual({ status: 'ok', note: '' });
  });

  it('name the windows without a result, and why', () => {
    const leg = legOf([{ state: 0 }, { state: 1, missing: 'never started' }, { state: 2 }]);
    expect(judgeWindows(leg)).toEqual({ status: 'missing', note: 'w1: never started' });
  });

  it('see a window with fewer steps than the others, and one that was not finished', () => {
    expect(judgeWindows(legOf([...fine, { state: 4, steps: 750 }]))).toEqual({
      status: 'short',
      note: 'w4: 0.0015 of 0.003 ns',
    });
    expect(judgeWindows(legOf([...fine, { state: 4, done: 1400 }])).status).toBe('short');
  });

  it('see another temperature', () => {
    const verdict = judgeWindows(legOf([...fine, { state: 4, temperature: 310 }]));
    expect(verdict).toEqual({ status: 'invalid', note: 'different temperatures: 298.15, 310 K' });
  });

  it('see a lambda state twice, out of range, or under the name of another', () => {
    expect(judgeWindows(legOf([...fine, { state: 3 }])).note).toBe('w3 and w4 have the same lambda state 3');
    expect(judgeWindows(legOf([...fine, { state: 5 }])).note).toBe('w4: lambda state 5, expected 0 to 4');
    const swapped = legOf([{ state: 0 }, { state: 2 }, { state: 1 }]);
    expect(judgeWindows(swapped)).toEqual({ status: 'invalid', note: 'w1: lambda state 2, expected 1' });
    const fromOne = legOf(states(3).map((one) => ({ ...one, name: `w${one.state + 1}` })));
    expect(judgeWindows(fromOne).status).toBe('ok');
    const byWords = legOf([
      { state: 1, name: 'half' },
      { state: 0, name: 'none' },
    ]);
    expect(judgeWindows(byWords).status).toBe('ok');
  });

  it('say plainly that there is no data', () => {
    const leg = legOf(fine.map((one) => ({ ...one, dhdl: null })));
    expect(judgeWindows(leg)).toMatchObject({ status: 'no data', note: expect.stringContaining('dhdl.xvg') });
    for (const { facts } of leg.windows) if (facts) facts.engine = 'gromacs (virtual)';
    expect(judgeWindows(leg)).toEqual({ status: 'no data', note: 'virtual tasks compute nothing' });
  });
});

describe('the gates after the analysis', () => {
  const leg = legOf(fine);
  const changed = (window: number, change: object) => {
    const report = reportOn(4);
    Object.assign(report.windows[window] as object, change);
    return judgeReport(leg, report);
  };

  it('let a good report pass', () => {
    expect(judgeReport(leg, reportOn(4))).toEqual({ status: 'ok', note: '' });
  });

  it('name the window with a hole in its times', () => {
    const problem = 'time 1 ps follows 0.4 ps, expected steps of 0.2 ps';
    expect(changed(2, { problem })).toEqual({ status: 'invalid', note: `w2: ${problem}` });
  });

  it('see times that begin late, end early or go on too long, or are of another state', () => {
    expect(changed(1, { firstPs: 0.2 }).note).toBe('w1: its times begin at 0.2 ps, expected 0');
    expect(changed(1, { lastPs: 2.8 })).toEqual({
      status: 'short',
      note: 'w1: its times end at 2.8 ps, expected 3',
    });
    expect(changed(1, { lastPs: 3.2 }).status).toBe('invalid');
    expect(changed(1, { state: 2 }).note).toBe('w1: its energies are of state 2, expected 1');
    // The last row is the last multiple of the interval.
    expect(changed(1, { lastPs: 2.85, stepPs: 0.19 }).status).toBe('ok');
  });

  it('flag a pair with a large error, or with none, but keep the number', () => {
    const report = reportOn(4);
    Object.assign(report.points[1] as object, { error: 2.1 });
    expect(judgeReport(leg, report)).toEqual({
      status: 'extend',
      note: 'pair 1-2 has an error of 2.1 kJ/mol',
    });
    Object.assign(report.points[1] as object, { error: null });
    expect(judgeReport(leg, report).note).toBe('pair 1-2 has no error estimate');
  });

  it('tell what gmx bar said of too few samples, and that it failed', () => {
    expect(judgeReport(leg, reportOn(4, { undersampled: true })).note).toContain('second law');
    expect(judgeReport(leg, reportOn(4, { total: null, message: 'gmx bar failed' }))).toEqual({
      status: 'invalid',
      note: 'gmx bar failed',
    });
    expect(judgeReport(leg, reportOn(4, { points: [] })).status).toBe('invalid');
  });
});

function judged(
  names: object,
  dG: number,
  error: number,
  status: 'ok' | 'extend' | 'missing' = 'ok',
): JudgedLeg {
  const report = reportOn(4, { total: { from: 0, to: 3, dG, error } });
  return { leg: legOf(fine, names), report, verdict: { status, note: '' } };
}

describe('the lines of a molecule', () => {
  it('give a leg with its error, in both units, and what it took', () => {
    const [row] = moleculeRows([judged({}, 9.99, 0.37)], null);
    expect(row).toMatchObject({ dG: 9.99, error: 0.37, maxPairError: 0.3, worstPair: '2-3', restarts: 4 });
    expect(row?.nsTotal).toBeCloseTo(0.012, 12);
    expect(row?.vmHours).toBeCloseTo(4, 12);
    expect(row?.wastedHours).toBeCloseTo((4 * 200) / 3600, 12);
    // A Spot VM-hour is one dollar in the plan of these tests.
    expect(row?.costUsd).toBeCloseTo(4, 12);
    const [heading = '', line = ''] = csvText(RESULT_COLUMNS, row ? [row] : []).split('\n');
    const cells = new Map(heading.split(',').map((name, i) => [name, line.split(',')[i]]));
    expect(cells.get('dG_kJ')).toBe('9.99');
    // 9.99 / 4.184
    expect(cells.get('dG_kcal')).toBe('2.3877');
    expect(cells.get('err_kcal')).toBe('0.0884');
  });

  it('give mean and sample SD of repeats', () => {
    const repeats = [8, 10, 12].map((dG, repeat) => judged({ repeat: String(repeat) }, dG, 0.3));
    const rows = moleculeRows(repeats, null);
    expect(rows.map(({ kind }) => kind)).toEqual(['leg', 'leg', 'leg', 'mean']);
    expect(rows.at(-1)).toMatchObject({ dG: 10, sd: 2, repeats: 3, repeat: 'mean', windows: 12 });
    expect(rows.at(-1)?.error).toBeCloseTo(0.3 / Math.sqrt(3), 12);
  });

  it('never average over a repeat that is missing', () => {
    const repeats = [judged({ repeat: '0' }, 8, 0.3), judged({ repeat: '1' }, 10, 0.3, 'missing')];
    const mean = moleculeRows(repeats, null).at(-1);
    expect(mean).toMatchObject({ kind: 'mean', dG: null, error: null, sd: null, status: 'incomplete' });
    expect(mean?.note).toBe('main/1: missing');
  });

  const legs = ['complex', 'solvent'];
  const formula = formulaOf('dG = complex - solvent', legs);

  it('combine legs by the formula and only by it', () => {
    const parts = [judged({ leg: 'complex' }, -20, 0.3), judged({ leg: 'solvent' }, -8, 0.4)];
    expect(moleculeRows(parts, null).map(({ kind }) => kind)).toEqual(['leg', 'leg']);
    const row = moleculeRows(parts, formula).at(-1);
    expect(row).toMatchObject({ kind: 'combined', leg: 'dG', repeat: '', dG: -12, status: 'ok', sd: null });
    expect(row?.error).toBeCloseTo(0.5, 12);
  });

  it('combine the means of repeats, with their deviations', () => {
    const parts = [7, 9].flatMap((dG, i) => [
      judged({ leg: 'complex', repeat: String(i) }, dG, 0.1),
      judged({ leg: 'solvent', repeat: String(i) }, dG / 2, 0.1),
    ]);
    const row = moleculeRows(parts, formula).at(-1);
    expect(row).toMatchObject({ kind: 'combined', dG: 4, repeats: 2 });
    expect(row?.sd).toBeCloseTo(Math.hypot(Math.SQRT2, Math.SQRT2 / 2), 12);
  });

  it('combine nothing with a leg that is not there, and pass a flag on', () => {
    const complex = judged({ leg: 'complex' }, -20, 0.3);
    const missing = moleculeRows([complex, judged({ leg: 'solvent' }, -8, 0.4, 'missing')], formula).at(-1);
    expect(missing).toMatchObject({ dG: null, status: 'incomplete', note: 'solvent/0: missing' });
    const flagged = moleculeRows([complex, judged({ leg: 'solvent' }, -8, 0.4, 'extend')], formula).at(-1);
    expect(flagged).toMatchObject({ dG: -12, status: 'extend', note: 'solvent/0: extend' });
  });

  it('refuse a formula with a leg that the campaign does not have', () => {
    expect(() => formulaOf('dG = complex - vacuum', legs)).toThrow(
      'analysis.combine: found the leg "vacuum", expected legs of the campaign: complex, solvent',
    );
  });
});

test.each([
  [
    'dG = complex - solvent',
    'dG',
    [
      ['complex', 1],
      ['solvent', -1],
    ],
  ],
  [
    'ddG=-0.5*a+2 * "leg-2"',
    'ddG',
    [
      ['a', -0.5],
      ['leg-2', 2],
    ],
  ],
  ['x = main', 'x', [['main', 1]]],
] as const)('the formula %s is read', (text, name, terms) => {
  expect(text).toMatch(LEG_FORMULA);
  expect(parseLegFormula(text)).toEqual({ name, terms: terms.map(([leg, factor]) => ({ leg, factor })) });
});

test.each(['complex - solvent', 'dG =', 'dG = a b', 'dG = a * b', 'dG = a -', 'dG = (a)', 'dG = a + $(x)'])(
  '"%s" is no formula',
  (text) => {
    expect(text).not.toMatch(LEG_FORMULA);
    expect(parseLegFormula(text)).toBeNull();
  },
);

test('a cell with a comma, a quote or a line break is quoted', () => {
  const text = csvText([['a', (row: string) => row]], ['plain', 'a,b', 'say "x"', 'two\nlines']);
  expect(text).toBe('a\nplain\n"a,b"\n"say ""x"""\n"two\nlines"\n');
});
