import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  comparePlans,
  compareStrategies,
  formatPlan,
  InputError,
  lintPlan,
  loadPlan,
  loadScenario,
  makePlan,
  NeverFinishesError,
  NoPlanError,
  parseScenario,
  type SamplingOptions,
  STRATEGIES,
  searchPlan,
  simulate,
} from '../src/index.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PILOT = join(ROOT, 'scenarios/pilot.yaml');
/** In this thread: worker threads need the built code. */
const FEW: SamplingOptions = { replications: 3, workers: 1 };

describe('the library', () => {
  it('forecasts a scenario, and the plan that its decisions make, alike', async () => {
    const scenario = loadScenario(PILOT, ['campaign.molecules=3']);
    const one = await simulate(scenario, { ...FEW, seed: 'a' });
    const two = await simulate(makePlan(scenario), { ...FEW, seed: 'a' });
    expect(one.plan.campaign.tasks).toBe(39);
    expect(two.forecast).toEqual(one.forecast);
    expect([one.seed, one.replications, one.outcomes.length]).toEqual(['a', 3, 3]);
    expect(one.uncertainty?.guesses).toHaveLength(1);
    const known = await simulate(scenario, { ...FEW, seed: 'a', uncertainty: false });
    expect(known.uncertainty).toBeNull();
  });

  it('reads a plan that it wrote', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fepcast-library-'));
    const file = join(folder, 'plan.json');
    const plan = makePlan(loadScenario(PILOT));
    writeFileSync(file, formatPlan(plan));
    expect(loadPlan(file)).toEqual(plan);
    rmSync(folder, { recursive: true });
  });

  it('compares plans by name with the same luck, and the strategies', async () => {
    const scenario = loadScenario(PILOT, ['campaign.molecules=2']);
    const plan = makePlan(scenario);
    const [a, b] = await comparePlans({ a: plan, b: plan }, FEW);
    expect([a?.name, b?.name]).toEqual(['a', 'b']);
    expect(b?.forecast).toEqual(a?.forecast);
    expect(a?.forecast).toEqual((await simulate(plan, FEW)).forecast);
    const strategies = await compareStrategies(scenario, FEW);
    expect(strategies.map(({ name }) => name)).toEqual([...STRATEGIES]);
  });

  it("searches a plan, by the scenario's own objective or another", async () => {
    const scenario = loadScenario(PILOT, ['campaign.molecules=2']);
    const plan = await searchPlan(scenario, FEW);
    expect(plan.guard.budgetUsd).toBe(600);
    expect(lintPlan(plan).filter(({ severity }) => severity === 'error')).toEqual([]);
    await expect(searchPlan(scenario, { ...FEW, budgetUsd: 0.01 })).rejects.toThrow(NoPlanError);
    const free = await searchPlan(scenario, { ...FEW, budgetUsd: null, deadlineSeconds: null });
    expect(free.guard).toMatchObject({ budgetUsd: null, deadlineHours: null });
  });

  it('refuses bad input with the sentence of the command line', async () => {
    expect(() => parseScenario('name: x', { file: 'x.yaml' })).toThrow(InputError);
    expect(() => loadScenario('nowhere.yaml')).toThrow(
      'nowhere.yaml: found no such file, expected a scenario',
    );
    const scenario = loadScenario(PILOT);
    await expect(simulate(scenario, { replications: 0 })).rejects.toThrow(
      'replications: found 0, expected a whole number of at least 1',
    );
    await expect(simulate(scenario, { workers: 1.5 })).rejects.toThrow(InputError);
    const dead = ['us-central1', 'us-east4'].map((region) => `regions.${region}.quota.spotGpus=0`);
    await expect(simulate(loadScenario(PILOT, dead))).rejects.toThrow(NeverFinishesError);
  });

  it('tells of progress and stops when it is told to', async () => {
    const scenario = loadScenario(PILOT, ['campaign.molecules=1']);
    const told: string[] = [];
    const onProgress = (done: number, total: number) => told.push(`${done}/${total}`);
    await simulate(scenario, { ...FEW, onProgress });
    expect(told).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
    const stopped = AbortSignal.abort();
    await expect(simulate(scenario, { ...FEW, signal: stopped })).rejects.toThrow('aborted');
  });
});

describe('the package as it is published', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-packed-'));
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  /** What is packed, beside the dependencies that it declares and nothing else. */
  beforeAll(() => {
    const modules = join(folder, 'node_modules');
    const home = join(modules, 'fepcast');
    for (const file of ['package.json', ...manifest.files]) {
      cpSync(join(ROOT, file), join(home, file), { recursive: true });
    }
    // What Node's own types are, an installed TypeScript project has.
    for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function typeErrors(file: string, program: string): Promise<string[]> {
    writeFileSync(join(folder, file), program);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const checked = run(process.execPath, [tsc, ...options, '--pretty', 'false', file], { cwd: folder });
    // It ends with an exit code of its own where there are errors.
    const { stdout } = await checked.catch((error: { stdout: string }) => error);
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  }

  it('runs the example', async () => {
    const home = join(folder, 'node_modules/fepcast');
    cpSync(join(home, 'examples/library.js'), join(folder, 'library.js'));
    const scenario = join(home, 'scenarios/pilot.yaml');
    const { stdout, stderr } = await run(process.execPath, ['library.js', scenario], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^130 tasks: \d+\.\d h, \d+ USD$/m);
    expect(stdout.match(/^every \d+ min: \d+\.\d h lost, \d+ checkpoints$/gm)).toHaveLength(4);
  });

  it('has types for it', async () => {
    const right = `
      import { type Forecast, loadScenario, simulate } from 'fepcast';
      const { forecast, uncertainty } = await simulate(loadScenario('x.yaml', ['campaign.molecules=1']), { seed: 'a' });
      const all: Forecast = forecast;
      export const p90: number = all.costUsd.p90;
      export const luck: number | undefined = uncertainty?.luck.makespanHours;
    `;
    expect(await typeErrors('right.ts', right)).toEqual([]);
    const wrong = `
      import { loadScenario, simulate } from 'fepcast';
      const { forecast } = await simulate(loadScenario('x.yaml'), { seed: 1 });
      export const p90 = forecast.costEuro.p90;
    `;
    const errors = await typeErrors('wrong.ts', wrong);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain("Type 'number' is not assignable to type 'string'");
    expect(errors[1]).toContain("Property 'costEuro' does not exist");
  });

  it('opens nothing but its entry, its schemas and its manifest', async () => {
    const probe = `
      const open = async (name) => import(name, { with: name.endsWith('.json') ? { type: 'json' } : {} })
        .then(() => 'open', (error) => error.code);
      const names = ['fepcast', 'fepcast/package.json', 'fepcast/schema/scenario.schema.json',
        'fepcast/schema/plan.schema.json', 'fepcast/dist/sim/world/world.js'];
      console.log((await Promise.all(names.map(open))).join());
    `;
    writeFileSync(join(folder, 'probe.js'), probe);
    const { stdout } = await run(process.execPath, ['probe.js'], { cwd: folder });
    expect(stdout.trim()).toBe('open,open,open,open,ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
