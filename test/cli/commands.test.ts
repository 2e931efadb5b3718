import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecSummary } from '../../src/exec/summary.js';
import { COST_PARTS, METRICS } from '../../src/plan/forecast.js';
import type { Plan } from '../../src/plan/plan.js';
import type { PlanForecast } from '../../src/sim/workers.js';
import { fepcast, MAIN, ROOT, scratchFolder } from './run.js';

const PILOT = 'scenarios/pilot.yaml';
const scratch = scratchFolder();
const plan = join(scratch.path, 'plan.json');
const state = join(scratch.path, 'state');

beforeAll(async () => {
  const { code } = await fepcast(['plan', PILOT, '--replications', '2', '--out', plan]);
  expect(code).toBe(0);
});
afterAll(() => scratch.remove());

/** The one document, and nothing but it. */
function document<T>(stdout: string): T {
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

type Simulated = Pick<PlanForecast, 'forecast' | 'costBreakdownUsd' | 'engine'> & {
  scenario: Plan['scenario'];
  seed: string;
  replications: number;
};

describe('--json prints exactly one document', () => {
  it('simulate: every metric, and a cost that is the sum of its parts', async () => {
    const args = ['simulate', PILOT, '--replications', '3', '--seed', 'a', '--json'];
    const { code, stdout } = await fepcast(args);
    const { scenario, seed, replications, forecast, costBreakdownUsd } = document<Simulated>(stdout);
    expect(code).toBe(0);
    expect(scenario).toMatchObject({ name: 'pilot', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect([seed, replications]).toEqual(['a', 3]);
    expect(Object.keys(forecast)).toEqual([...METRICS]);
    const total = COST_PARTS.reduce((sum, part) => sum + costBreakdownUsd[part], 0);
    expect(total).toBeCloseTo(forecast.costUsd.mean, 6);
  });

  it('simulate gives the same numbers on any number of workers', async () => {
    const args = ['simulate', plan, '--replications', '4', '--json', '--workers'];
    const [one, two] = await Promise.all(['1', '2'].map((workers) => fepcast([...args, workers])));
    const { engine: _one, ...alone } = document<Simulated>(one!.stdout);
    const { engine: _two, ...together } = document<Simulated>(two!.stdout);
    expect(together).toEqual(alone);
  });

  it('compare: the six strategies by name', async () => {
    const { code, stdout } = await fepcast(['compare', PILOT, '--replications', '2', '--json']);
    const { strategies } = document<{ strategies: { name: string }[] }>(stdout);
    const names = strategies.map(({ name }) => name);
    expect(names).toEqual(['retry', 'checkpoint', 'rolling', 'per-region', 'on-demand', 'spot-tail']);
    expect(code).toBe(0);
  });

  it('plan: the plan that it wrote', async () => {
    const out = join(scratch.path, 'made/here/plan.json');
    const { stdout } = await fepcast(['plan', PILOT, '--replications', '2', '--out', out, '--json']);
    expect(document<{ plan: Plan | null }>(stdout).plan).toEqual(JSON.parse(readFileSync(out, 'utf8')));
    expect(readdirSync(join(scratch.path, 'made/here'))).toEqual(['plan.json']);
  });

  it('plan: exit code 1 and no file when nothing meets the budget', async () => {
    const out = join(scratch.path, 'none.json');
    const args = ['plan', PILOT, '--replications', '2', '--budget', '1', '--out', out, '--json'];
    const { code, stdout, stderr } = await fepcast(args);
    expect(document<{ plan: Plan | null }>(stdout).plan).toBeNull();
    expect(stderr).toContain('no plan meets');
    expect(code).toBe(1);
    expect(readdirSync(scratch.path)).not.toContain('none.json');
  });
});

describe('exec', () => {
  it('--dry-run writes a job and an index for every shard', async () => {
    const out = join(scratch.path, 'jobs');
    const { code, stdout } = await fepcast([
      'exec',
      plan,
      '--dry-run',
      '--out',
      out,
      '--run-id',
      'dry',
      '--json',
    ]);
    const { jobs } = document<{ jobs: { jobId: string }[] }>(stdout);
    expect(code).toBe(0);
    expect(jobs.length).toBeGreaterThan(0);
    const files = jobs.flatMap(({ jobId }) => [`${jobId}.index`, `${jobId}.json`]);
    expect(readdirSync(out).sort()).toEqual(files.sort());
  });

  it('without credentials ends with exit code 4 within two seconds and says what to do', async () => {
    const home = join(scratch.path, 'home');
    mkdirSync(home);
    const { GOOGLE_APPLICATION_CREDENTIALS: _, CLOUDSDK_CONFIG: __, ...env } = process.env;
    const args = ['exec', plan, '--state-dir', state, '--yes'];
    const { code, stderr, seconds } = await fepcast(args, { env: { ...env, HOME: home, APPDATA: home } });
    expect(code).toBe(4);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain('gcloud auth application-default login');
    expect(seconds).toBeLessThan(2);
  });

  it('--rehearse runs the plan; the same run id again starts nothing; status and replay agree', async () => {
    const args = [
      'exec',
      plan,
      '--rehearse',
      '--run-id',
      'r1',
      '--state-dir',
      state,
      '--speed',
      '40000',
      '--json',
    ];
    const first = await fepcast(args);
    const done = document<ExecSummary>(first.stdout);
    expect(first.code).toBe(0);
    expect(done).toMatchObject({ runId: 'r1', state: 'succeeded', tasks: { total: 130, succeeded: 130 } });
    // biome keeps control characters out of literals.
    expect(first.stderr).not.toContain(String.fromCharCode(27));

    const again = await fepcast(args);
    expect(again.stderr).toContain('was over already');
    expect(document(again.stdout)).toEqual({ ...done, resumed: true });

    const status = await fepcast(['status', 'r1', '--state-dir', state, '--json']);
    expect(document(status.stdout)).toMatchObject({
      runId: 'r1',
      state: 'succeeded',
      attempts: done.attempts,
    });

    const journal = join(state, 'runs/r1/emulator.journal.jsonl');
    const replayed = await fepcast(['simulate', plan, '--replay', journal, '--json']);
    const outcome = JSON.parse(readFileSync(join(state, 'runs/r1/emulator.outcome.json'), 'utf8'));
    const { forecast } = document<Simulated>(replayed.stdout);
    for (const metric of METRICS) expect(forecast[metric].mean).toBe(outcome.metrics[metric]);
  });

  it('interrupted: exit code 130, and the same command finishes the run', async () => {
    const args = ['exec', plan, '--rehearse', '--run-id', 'r2', '--state-dir', state, '--speed', '15000'];
    const left = await fepcast(args, { interruptAt: /submitted/ });
    expect(left.code).toBe(130);
    expect(left.stderr).toContain('fepcast exec');
    const { code, stdout } = await fepcast([...args, '--json']);
    expect(code).toBe(0);
    expect(document(stdout)).toMatchObject({ state: 'succeeded', resumed: true, tasks: { succeeded: 130 } });
  }, 30_000);
});

describe('status', () => {
  it('names the runs that are there when it is asked for another', async () => {
    const { code, stderr } = await fepcast([
      'status',
      'nobody',
      '--state-dir',
      join(scratch.path, 'nothing'),
    ]);
    expect(stderr).toContain('found "nobody"');
    expect(code).toBe(2);
  });
});

describe('emulator', () => {
  it('prints its ports when it is ready, and ends with exit code 0 on SIGTERM', async () => {
    const { code, stdout } = await fepcast(['emulator', '--scenario', PILOT, '--json'], {
      interruptAt: /\}\n/,
      signal: 'SIGTERM',
    });
    const { httpPort, grpcPort, pid } = document<Record<'httpPort' | 'grpcPort' | 'pid', number>>(stdout);
    expect(httpPort).toBeGreaterThan(0);
    expect(grpcPort).toBeGreaterThan(0);
    expect(pid).toBeGreaterThan(0);
    expect(code).toBe(0);
  });
});

it('a reader that goes away is no error', async () => {
  const { code, stderr } = await fepcast(['simulate', PILOT, '--replications', '1'], { closeStdout: true });
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

it('the command that the package installs is executable as it is', () => {
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).bin.fepcast).toBe('dist/cli/main.js');
});
