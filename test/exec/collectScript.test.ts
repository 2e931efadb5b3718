import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { type BarReport, parseBarReport } from '../../src/exec/collect/barReport.js';
import { barIndex, barRequest } from '../../src/exec/collect/barWork.js';
import { Cloud } from '../task-image/cloud.js';
import { hasCommand } from '../task-image/hasCommand.js';
import { BAR_TOTAL, energies, legOf, WINDOWS, workplace } from './collected.js';

const SCRIPT = fileURLToPath(new URL('../../task-image/analysis/local.sh', import.meta.url));
const hasGromacs = hasCommand('gmx', 'the analysis with real GROMACS');

let place: ReturnType<typeof workplace>;
beforeEach(() => {
  place = workplace();
});
afterEach(() => place.remove());

/** The request for a leg of these energies. */
function workOf(texts: readonly string[]) {
  const leg = legOf(texts.map((_, state) => ({ state })));
  const files = texts.map((text, w) => ({
    place: { bucket: 'results', name: `out/${w}/dhdl.xvg` },
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const report = { bucket: 'results', name: `analysis/${leg.key}/${'b'.repeat(64)}/bar.json` };
  return { leg, digest: 'b'.repeat(64), report, files, beginPs: 0.4, temperature: null };
}

/** Analyses these energies by the script, with a gmx that knows one answer or with the one of this machine. */
async function analyse(texts: readonly string[], gmx: 'stand-in' | 'real' = 'stand-in'): Promise<BarReport> {
  const folder = join(place.folder, 'leg');
  mkdirSync(folder);
  for (const [index, text] of texts.entries()) writeFileSync(join(folder, `${index}.xvg`), text);
  writeFileSync(join(folder, 'request'), barRequest(workOf(texts)));
  const PATH = gmx === 'real' ? process.env.PATH : `${place.bin}:${process.env.PATH}`;
  await promisify(execFile)('bash', [SCRIPT, folder], { env: { ...process.env, PATH } });
  const report = parseBarReport(readFileSync(join(folder, 'bar.json'), 'utf8'));
  if (report === null) throw new Error('no report');
  return report;
}

const good = (): string[] => Array.from({ length: WINDOWS }, (_, state) => energies(state));

/** The energies of state 5 with their data lines changed. */
function changed(change: (rows: string[]) => string[]): string[] {
  const lines = energies(5).trimEnd().split('\n');
  const isData = (line: string) => /^\d/.test(line);
  const heading = lines.filter((line) => !isData(line));
  return good().with(5, `${[...heading, ...change(lines.filter(isData))].join('\n')}\n`);
}

describe('the analysis of a leg', () => {
  it('reads total and points of gmx bar, and of each file its times, temperature and lambda', async () => {
    const report = await analyse(good());
    expect(report).toMatchObject({ message: null, undersampled: true, temperature: 298.15, method: 'BAR' });
    expect(report.engine).toBe('gromacs stand-in');
    expect(report.total).toEqual({ from: 0, to: 12, ...BAR_TOTAL });
    expect(report.points).toHaveLength(12);
    expect(report.points[6]).toEqual({ from: 6, to: 7, dG: -0.064, error: 0.6869 });
    expect(report.windows[11]).toEqual({
      rows: 16,
      firstPs: 0,
      lastPs: 3,
      stepPs: 0.2,
      problem: null,
      temperature: 298.15,
      state: 11,
      lambda: [0.5, 1],
    });
    expect(new Set(report.windows.map(({ lambda }) => lambda.join())).size).toBe(WINDOWS);
    const asked = readFileSync(join(place.folder, 'asked'), 'utf8');
    expect(asked).toContain('-f 0.xvg 1.xvg 2.xvg');
    expect(asked).toContain('-b 0.4 -temp 298.15');
  });

  it.each([
    [
      'a time twice',
      (rows: string[]) => rows.toSpliced(4, 0, rows[4] ?? ''),
      'time 0.8000 ps follows 0.8000 ps',
    ],
    [
      'a gap',
      (rows: string[]) => rows.toSpliced(4, 2),
      'time 1.2000 ps follows 0.6000 ps, expected steps of 0.2 ps',
    ],
    ['a silent restart', (rows: string[]) => [...rows, ...rows], 'time 0.0000 ps follows 3.0000 ps'],
    ['a torn line', (rows: string[]) => [...rows.slice(0, -1), '3.0000 -0.1'], 'columns, expected 16'],
    ['no times', () => [], 'fewer than two rows'],
    ['no numbers', (rows: string[]) => rows.with(3, 'nan 1 2'), 'has no time'],
  ])('sees %s, and then asks gmx for nothing', async (_, change, problem) => {
    const texts = changed(change);
    const report = await analyse(texts);
    expect(report.windows[5]?.problem).toContain(problem);
    expect(report.windows.filter((window) => window.problem !== null)).toHaveLength(1);
    expect(report).toMatchObject({ total: null, points: [], message: expect.stringContaining('file 5: ') });
    expect(() => readFileSync(join(place.folder, 'asked'))).toThrow('ENOENT');
  });

  it('sees the same lambda twice, and another temperature', async () => {
    const twice = await analyse(good().with(7, energies(6)));
    expect(twice.windows[7]?.problem).toBe('the same lambda as file 6: (0.0000,0.6000)');
    expect(twice.total).toBeNull();
    place.remove();
    place = workplace();
    const warm = await analyse(good().with(7, energies(7).replace('T = 298.15', 'T = 310')));
    expect(warm).toMatchObject({ total: null, message: 'file 7: temperature 310 K, expected 298.15 K' });
  });

  it.skipIf(!hasGromacs)('gives what GROMACS says, to its digits (skipped without gmx)', async () => {
    const report = await analyse(good(), 'real');
    expect(report.message).toBeNull();
    expect(report.engine).toMatch(/^gromacs 20\d\d/);
    expect(report.total?.dG).toBeCloseTo(BAR_TOTAL.dG, 2);
    expect(report.total?.error).toBeGreaterThan(0);
    expect(report.points).toHaveLength(12);
    const sum = report.points.reduce((all, { dG }) => all + (dG ?? Number.NaN), 0);
    expect(sum).toBeCloseTo(report.total?.dG ?? Number.NaN, 2);
  });
});

test('a task of the analysis job finds its leg, reports once, and leaves a report that is there alone', async () => {
  const cloud = await Cloud.start();
  try {
    const works = [workOf(good()), workOf(good().slice(0, 4))];
    const [other, work] = works.toReversed();
    if (work === undefined || other === undefined) throw new Error('no work');
    for (const [state, { place: at }] of work.files.entries())
      await cloud.put(at.bucket, at.name, energies(state));
    const { text, blockBytes } = barIndex([other, work]);
    await cloud.put('results', 'runs/run/jobs/bar/index', text);
    const run = () =>
      cloud.run({
        command: () => [
          fileURLToPath(new URL('../../task-image/entrypoint.sh', import.meta.url)),
          'analysis',
        ],
        environment: {
          PATH: `${place.bin}:${process.env.PATH}`,
          FEPCAST_INDEX: 'gs://results/runs/run/jobs/bar/index',
          FEPCAST_INDEX_ROW_BYTES: String(blockBytes),
        },
      });
    cloud.disturb(0.25);
    const first = await run();
    cloud.faults.clear();
    expect(first.code, first.log).toBe(0);
    const written = await cloud.get('results', work.report.name);
    const report = parseBarReport(written?.toString() ?? '');
    expect(report).toMatchObject({ key: 'm/main/0', digest: work.digest, total: BAR_TOTAL });
    const again = await run();
    expect(again.log).toContain('the analysis is there already');
    expect(again.code).toBe(0);

    await cloud.put('results', work.files[3]?.place.name ?? '', 'something else');
    const renamed = barIndex([other, { ...work, digest: 'c'.repeat(64) }]);
    await cloud.put('results', 'runs/run/jobs/bar/index', renamed.text);
    const damaged = await run();
    expect(damaged.code, damaged.log).toBe(72);
    expect(damaged.log).toContain('is not what its result says');
  } finally {
    await cloud.stop();
  }
});
