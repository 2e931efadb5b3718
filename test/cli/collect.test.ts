import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Collected } from '../../src/exec/collect/collect.js';
import { isAlive } from '../../src/exec/processAlive.js';
import { hasCommand } from '../task-image/hasCommand.js';
import { fepcast, MAIN, ROOT, scratchFolder } from './run.js';

const hasGromacs = hasCommand('gmx', 'collecting what real GROMACS has computed');
/** With it the windows are long enough for a free energy that means something. */
const isSoak = process.env.FEPCAST_SOAK === '1';

const folder = scratchFolder();
const at = (name: string): string => join(folder.path, name);
const stateDir = at('.fepcast');

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: run `npm run build` first');
});
afterEach(() => {
  // The emulator of a run outlives an executor that failed.
  for (const run of ['virtual', 'methane']) {
    const mark = join(stateDir, 'runs', run, 'emulator.process.json');
    if (!existsSync(mark)) continue;
    const process_ = JSON.parse(readFileSync(mark, 'utf8'));
    if (isAlive(process_)) process.kill(process_.pid, 'SIGKILL');
  }
});
afterAll(() => folder.remove());

const SCENARIO = (what: string): string => `
name: collected
${what}
machine: { type: n2-standard-2, accelerator: null, bootDisk: { type: pd-balanced, size: 30GB } }
startup: { create: { constant: 1s }, boot: { constant: 1s }, driver: { constant: 1s }, pull: { constant: 1s } }
batch: { scheduleDelay: { constant: 1s } }
regions:
  us-central1:
    quota: { spotGpus: 8, onDemandGpus: 0, cpus: 100, diskGb: 1000 }
    price: { spot: 0.02, onDemand: 0.09 }
    hazard: { constant: { hourlySurvival: 0.99 } }
decisions: { strategy: checkpoint, parallelism: { us-central1: 2 } }
`;

/** Plans and rehearses a scenario. */
async function rehearse(run: string, scenario: string, args: string[] = []): Promise<void> {
  writeFileSync(at(`${run}.yaml`), scenario);
  const planned = await fepcast([
    'plan',
    at(`${run}.yaml`),
    '--out',
    at(`${run}.json`),
    '--replications',
    '1',
  ]);
  expect(planned.code, planned.stderr).toBe(0);
  const state = ['--state-dir', stateDir, '--run-id', run];
  const ran = await fepcast(['exec', at(`${run}.json`), '--rehearse', ...args, ...state, '--json']);
  expect(ran.code, ran.stderr).toBe(0);
}

async function collect(run: string, args: string[] = []): Promise<Collected & { code: number | null }> {
  const { code, stdout, stderr } = await fepcast([
    'collect',
    run,
    '--state-dir',
    stateDir,
    ...args,
    '--json',
  ]);
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  return { ...JSON.parse(stdout), code };
}

describe('fepcast collect', () => {
  it('starts the emulator of a rehearsal again, says that virtual tasks gave no data, and ends it', async () => {
    await rehearse(
      'virtual',
      SCENARIO('campaign: { molecules: 2, windows: 3, taskDuration: { constant: 1h } }'),
      ['--speed', '100000'],
    );
    const collected = await collect('virtual');
    expect(collected).toMatchObject({
      code: 0,
      windows: { total: 6, collected: 6, fetched: 6 },
      molecules: { total: 2, ok: 2 },
      analysis: { done: 0, missing: 0 },
      complete: true,
    });
    expect(collected.rows.map(({ status }) => status)).toEqual(['no data', 'no data']);
    expect(readFileSync(collected.files.results, 'utf8')).toContain(',no data,virtual tasks compute nothing');
    const process_ = JSON.parse(readFileSync(join(stateDir, 'runs/virtual/emulator.process.json'), 'utf8'));
    expect(isAlive(process_)).toBe(false);

    const text = await fepcast(['collect', 'virtual', '--state-dir', stateDir, '--out', at('elsewhere')]);
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toContain('6 of 6 windows collected (6 fetched now)');
    expect(existsSync(at('elsewhere/windows.csv'))).toBe(true);
  });

  it('refuses bad usage in one sentence', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await fepcast(['collect', ...args, '--state-dir', stateDir]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      return { code, stderr };
    };
    expect(await refused('nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('"nothing"') });
    expect(await refused('virtual', '--download', 'all')).toMatchObject({
      code: 2,
      stderr: 'fepcast: --download: found "all", expected outputs\n',
    });
    expect(await refused('virtual', '--local', '--no-analysis')).toMatchObject({ code: 2 });
    writeFileSync(at('molecules.txt'), 'm7\n');
    expect(await refused('virtual', '--molecules', at('molecules.txt'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('found "m7", expected a molecule of the plan'),
    });
  });

  it.skipIf(!hasGromacs)(
    'gives the free energy of real windows, by a job and on this machine alike (skipped without gmx)',
    { timeout: 600_000 },
    async () => {
      const [steps, discard] = isSoak ? [6000, 2] : [1000, 0.4];
      for (let state = 0; state < 13; state += 1) {
        const script = join(ROOT, 'examples/methane/make-tpr.sh');
        execFileSync('bash', [script, String(state), String(steps), at(`in/methane/w${state}`)]);
      }
      const work = `work: { inputs: ${at('in')}, pattern: "{molecule}/w{window}/window.tpr" }`;
      const campaign = 'campaign: { taskDuration: { constant: 5s }, input: 50kB, output: 100kB }';
      const analysis = `analysis: { equilibration: ${discard}ps, combine: "dG_hydration = main" }`;
      const scenario = SCENARIO([campaign, work, 'task: { adapter: gromacs }', analysis].join('\n'));
      await rehearse('methane', scenario, ['--tasks', 'local', '--speed', '5']);
      const here = await collect('methane', ['--local', '--out', at('here')]);
      expect(here.analysis).toEqual({ done: 1, now: 1, missing: 0 });
      expect(readFileSync(at('here/tasks/methane/main/0/5/out/dhdl.xvg'), 'utf8')).toContain('state 5: ');
      // What was worked out here is not in the bucket: the job works it out again.
      const byJob = await collect('methane');
      expect(byJob.rows).toEqual(here.rows);
      expect(byJob).toMatchObject({
        code: 0,
        windows: { total: 13, collected: 13 },
        analysis: { done: 1, now: 1, missing: 0 },
        complete: true,
      });
      const [leg, combined] = byJob.rows;
      expect(leg).toMatchObject({ status: 'ok', method: 'BAR', temperature: 298.15, windowsOk: 13 });
      expect(leg?.engine).toMatch(/^gromacs 20\d\d/);
      expect(leg?.nsTotal).toBeCloseTo((13 * steps * 0.002) / 1000, 9);
      expect(leg?.error).toBeGreaterThan(0);
      expect(combined).toMatchObject({
        kind: 'combined',
        leg: 'dG_hydration',
        dG: leg?.dG,
        error: leg?.error,
      });
      if (isSoak) {
        const expected = JSON.parse(readFileSync(join(ROOT, 'examples/methane/expected.json'), 'utf8'));
        const [low, high] = expected.smokeAcceptKJPerMol;
        expect(leg?.dG).toBeGreaterThan(low);
        expect(leg?.dG).toBeLessThan(high);
      }
    },
  );
});
