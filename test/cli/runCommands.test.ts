import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecSummary } from '../../src/exec/summary.js';
import { fepcast, scratchFolder } from './run.js';

const TIMEOUT_MS = 60_000;

const SCENARIO = `
name: two-regions
campaign: { molecules: 2, windows: 3, taskDuration: { constant: 30min } }
regions:
  us-central1: { quota: { spotGpus: 20, onDemandGpus: 5 }, hazard: { constant: { hourlySurvival: 1 } } }
  us-east1: { quota: { spotGpus: 20, onDemandGpus: 5 }, hazard: { constant: { hourlySurvival: 1 } } }
decisions: { parallelism: { us-central1: 3, us-east1: 3 } }
objective: { budget: 500 }
`;

const scratch = scratchFolder();
const scenario = join(scratch.path, 'scenario.yaml');
const plan = join(scratch.path, 'plan.json');
const state = join(scratch.path, 'state');
const place = ['--state-dir', state];
const absent = join(scratch.path, 'absent');
const rehearse = (runId: string, ...more: string[]) =>
  fepcast(['exec', plan, '--rehearse', '--run-id', runId, '--speed', '40000', ...place, ...more]);

beforeAll(async () => {
  writeFileSync(scenario, SCENARIO);
  const made = await fepcast(['plan', scenario, '--out', plan, '--replications', '2', '--workers', '1']);
  expect(made.code).toBe(0);
  expect((await rehearse('done')).code).toBe(0);
}, TIMEOUT_MS);

afterAll(() => scratch.remove());

describe('bad usage of the commands on runs is refused in one sentence, with exit code 2', () => {
  it.each([
    ['found "Bad_ID"', ['exec', plan, '--rehearse', '--run-id', 'Bad_ID', ...place]],
    ['at most 45 characters', ['exec', plan, '--rehearse', '--run-id', 'a'.repeat(46), ...place]],
    ['--speed: found "fast"', ['exec', plan, '--rehearse', '--speed', 'fast']],
    ['--budget: found "-5"', ['exec', plan, '--rehearse', '--budget', '-5']],
    ['--on-budget: found "maybe"', ['exec', plan, '--rehearse', '--on-budget', 'maybe']],
    [`${absent}: found no such file`, ['exec', plan, '--rehearse', '--play', absent, ...place]],
    ['--tasks: found "real"', ['exec', plan, '--rehearse', '--tasks', 'real']],
    [`${absent}: found no such file`, ['exec', absent, '--rehearse']],
    ['found "nobody", expected one of done', ['resume', 'nobody', ...place]],
    ['--budget: found "0"', ['resume', 'done', '--budget', '0', ...place]],
    ['found "nobody", expected one of done', ['rerun', 'nobody', '--failed', ...place]],
    ['found none of them, expected one of the three', ['rerun', 'done', ...place]],
    ['found 2 of them', ['rerun', 'done', '--failed', '--flagged', ...place]],
    ['--windows: found "1"', ['rerun', 'done', '--failed', '--windows', '1', ...place]],
    [`${absent}: found no such file`, ['rerun', 'done', '--molecules', absent, ...place]],
    ['found "../done"', ['cancel', '../done', ...place]],
    [`${absent}: found no such file`, ['cancel', 'done', '--molecules', absent, ...place]],
    ['found "gs://bucket/x"', ['watch', 'gs://bucket/x', ...place]],
    ['found ""', ['status', '', ...place]],
    ['--molecule: found "m0"', ['status', 'done', '--molecule', 'm0', ...place]],
    ['found "nobody"', ['status', 'done', '--attempts', '--molecule', 'nobody', ...place]],
  ])('%s', async (sentence, args) => {
    const { code, stderr } = await fepcast(args);
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});

describe('a budget', () => {
  const outcome = async (runId: string, ...more: string[]) => {
    const { code, stdout } = await rehearse(runId, '--json', ...more);
    return { code, ...(JSON.parse(stdout) as ExecSummary & { stopped: { cause: string } | null }) };
  };

  it('is kept although the plan was made with a wish only', { timeout: TIMEOUT_MS }, async () => {
    expect(JSON.parse(readFileSync(plan, 'utf8')).guard).toMatchObject({ budgetUsd: 500, onBudget: 'warn' });
    const dear = await outcome('dear', '--budget', '0.5');
    expect(dear).toMatchObject({ code: 3, stopped: { cause: 'budget' } });
    expect(dear.costUsd).toBeLessThan(0.6);
    expect(dear.tasks.succeeded).toBeLessThan(6);
    const kept = JSON.parse(readFileSync(join(state, 'runs/done/plan.json'), 'utf8'));
    expect(kept.guard).toMatchObject({ budgetUsd: 500, onBudget: 'cancel' });
  });

  it('is only told of when that was typed', { timeout: TIMEOUT_MS }, async () => {
    expect(await outcome('free', '--budget', '0.5', '--on-budget', 'warn')).toMatchObject({
      code: 0,
      state: 'succeeded',
    });
  });
});

describe('rerun --flagged', () => {
  it('needs the table that collect writes, and runs the molecules again that it flags', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const flagged = ['rerun', 'done', '--flagged', ...place];
    const before = await fepcast(flagged);
    expect(before.stderr).toContain('--flagged: found no such file');
    expect(before.code).toBe(2);

    expect((await fepcast(['collect', 'done', ...place])).code).toBe(0);
    const table = join(state, 'runs/done/results/results.csv');
    const csv = readFileSync(table, 'utf8');
    // Virtual tasks compute nothing, which is nothing to run again for.
    const none = await fepcast(flagged);
    expect(none.stderr).toContain('nothing was run again');
    expect(none.code).toBe(0);

    const lines = csv.split('\n');
    const of = lines.findIndex((line) => line.startsWith('m1,'));
    lines[of] = (lines[of] ?? '').replace(',no data,', ',invalid,');
    writeFileSync(table, lines.join('\n'));
    const cost = async () =>
      (JSON.parse((await fepcast(['status', 'done', ...place, '--json'])).stdout) as ExecSummary).costUsd ??
      0;
    const first = await cost();
    const { code, stdout } = await fepcast([...flagged, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', tasks: { succeeded: 6 }, attempts: 9 });
    const ledger = readFileSync(join(state, 'runs/done/ledger.jsonl'), 'utf8');
    const jobs = ledger
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind, round }) => kind === 'job-intended' && round > 0);
    expect(jobs).toMatchObject([{ tasks: '3-5', round: 1 }]);
    // A window that had its result begins anew: it costs what it cost before.
    expect((await cost()) / first).toBeGreaterThan(1.4);
  });
});
