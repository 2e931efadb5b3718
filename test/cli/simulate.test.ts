import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrace } from '../../src/cli/trace.js';
import type { Forecast, Metric } from '../../src/plan/forecast.js';
import type { TraceEvent } from '../../src/sim/trace.js';
import type { Uncertainty } from '../../src/sim/uncertainty.js';
import { fepcast, scratchFolder } from './run.js';

const PILOT = 'scenarios/pilot.yaml';
const scratch = scratchFolder();
afterAll(() => scratch.remove());

const quota = (region: string, gpus: number): string[] => [
  '--set',
  `regions.${region}.quota.spotGpus=${gpus}`,
];

interface Document {
  forecast: Forecast;
  uncertainty: Uncertainty | null;
}

describe('a campaign that can never finish', () => {
  it('is told in one sentence, with exit code 1, instead of being simulated', async () => {
    const none = [...quota('us-central1', 0), ...quota('us-east4', 0)];
    for (const json of [[], ['--json'], ['--trace', join(scratch.path, 'never.jsonl')]]) {
      const { code, stdout, stderr } = await fepcast(['simulate', PILOT, ...none, ...json]);
      expect(stderr).toBe(
        'fepcast: can never finish: no Spot VM fits into quota.spotGpus (found 0, one takes 1) in us-central1, ' +
          'us-east4: all 130 tasks can never run\n',
      );
      expect(stdout).toBe('');
      expect(code).toBe(1);
    }
  });

  it.each([
    ['compare', 'strategy'],
    ['plan', 'plan'],
  ])('%s says so of every %s, with exit code 1', async (command, what) => {
    const none = ['us-central1', 'us-east4'].flatMap((region) => [
      ...quota(region, 0),
      '--set',
      `regions.${region}.quota.onDemandGpus=0`,
    ]);
    const { code, stderr } = await fepcast([command, PILOT, ...none]);
    expect(stderr).toMatch(
      new RegExp(`^fepcast: can never finish, with any ${what}: no Spot VM fits .* tasks can never run\n$`),
    );
    expect(code).toBe(1);
  });

  it('compare says so of the strategies that the quotas do not carry, and compares the others', async () => {
    const none = ['us-central1', 'us-east4'].flatMap((region) => quota(region, 0));
    const { code, stdout } = await fepcast(['compare', PILOT, ...none, '--replications', '2']);
    const never = stdout.split('\n').filter((line) => line.includes(' can never finish: '));
    expect(never.map((line) => line.split(' ')[0])).toEqual([
      'retry',
      'checkpoint',
      'rolling',
      'per-region',
      'spot-tail',
    ]);
    expect(never[3]).toBe(
      'per-region can never finish: no region has quota for a VM: all 130 tasks can never run.',
    );
    expect(code).toBe(0);
  });

  it('so is one by a strategy that the quotas do not carry', async () => {
    const args = ['--strategy', 'on-demand', '--set', 'regions.us-central1.quota.onDemandGpus=0'];
    const other = ['--set', 'regions.us-east4.quota.onDemandGpus=0'];
    const { code, stderr } = await fepcast(['simulate', PILOT, ...args, ...other]);
    expect(stderr).toContain('can never finish: no on-demand VM fits into quota.onDemandGpus');
    expect(code).toBe(1);
  });
});

describe('tasks that are expected to be lost', () => {
  const harsh = ['--set', 'decisions.checkpoint.policy=none', '--set', 'decisions.remainder.policy=leave'];
  const survival = ['--set', 'regions.us-central1.hazard.constant.hourlySurvival=0.5'];
  const sampling = ['--replications', '4', '--uncertainty', 'off'];

  it('are told in one line, as many as the forecast says', async () => {
    const args = ['simulate', PILOT, ...harsh, ...survival, ...sampling];
    const [text, json] = await Promise.all([fepcast(args), fepcast([...args, '--json'])]);
    const { forecast } = JSON.parse(json.stdout) as Document;
    // Half of the 65 tasks of this region need an hour more than ten retries in a hundred give.
    expect(forecast.tasksFailed.mean).toBeGreaterThan(30);
    const [line, ...others] = text.stdout
      .split('\n')
      .filter((told) => told.startsWith('Expected to be lost'));
    expect(others).toEqual([]);
    expect(line).toContain(`lost: ${Math.round(forecast.tasksFailed.mean)} of 130 tasks (p10–p90: `);
    expect(line).toContain('with 10 retries in a job and no second job for what it leaves.');
    expect(text.code).toBe(0);
  });

  it('are not mentioned when there are none', async () => {
    const { stdout } = await fepcast(['simulate', PILOT, '--replications', '2']);
    expect(stdout).not.toContain('Expected to be lost');
  });
});

describe('luck and ignorance', () => {
  it('are told apart, in JSON and in one line; with --uncertainty off there is luck alone', async () => {
    const args = ['simulate', PILOT, '--replications', '8'];
    const [text, json, off] = await Promise.all([
      fepcast(args),
      fepcast([...args, '--json']),
      fepcast([...args, '--json', '--uncertainty', 'off']),
    ]);
    const { uncertainty } = JSON.parse(json.stdout) as Document;
    expect(Object.keys(uncertainty ?? {})).toEqual(['luck', 'ignorance', 'guesses']);
    expect(uncertainty?.luck.makespanHours).toBeGreaterThan(0);
    expect(uncertainty?.guesses.map(({ path }) => path)).toEqual([
      'regions.*.hazard.constant.hourlySurvival',
    ]);
    expect(text.stdout).toMatch(/^Of the spread \(sd: .+\), luck makes .+, not knowing the guesses .+\.$/m);
    expect((JSON.parse(off.stdout) as Document).uncertainty).toBeNull();
  });

  it('are the same on any number of workers', async () => {
    const args = ['simulate', PILOT, '--replications', '4', '--json', '--workers'];
    const [one, two] = await Promise.all(['1', '2'].map((workers) => fepcast([...args, workers])));
    const split = (stdout = '') => (JSON.parse(stdout) as Document).uncertainty;
    expect(split(two?.stdout)).toEqual(split(one?.stdout));
  });
});

describe('--trace', () => {
  it('writes the events of the first replication, one JSON object a line', async () => {
    const file = join(scratch.path, 'trace.jsonl');
    const args = ['simulate', PILOT, '--replications', '1', '--json', '--trace', file];
    const { code, stdout } = await fepcast(args);
    expect(code).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text.endsWith('}\n')).toBe(true);
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TraceEvent);
    expect(events[0]?.type).toBe('replication');
    const last = events.at(-1);
    const { forecast } = JSON.parse(stdout) as Document;
    // Of one replication, the mean is the outcome.
    const means = Object.fromEntries(Object.entries(forecast).map(([metric, { mean }]) => [metric, mean]));
    expect(last?.type === 'outcome' ? last.metrics : null).toEqual(means as Record<Metric, number>);
  });

  it('holds little of it in memory: all but the last chunk lies in the file', () => {
    const file = join(scratch.path, 'growing.jsonl');
    const trace = openTrace(file, PILOT);
    let written = 0;
    for (let line = 0; line < 5_000; line += 1) {
      const event = { line, text: 'x'.repeat(100) };
      trace.write(event);
      written += JSON.stringify(event).length + 1;
      expect(statSync(file).size).toBeGreaterThan(written - 2 ** 16 - 200);
    }
    trace.close();
    expect(statSync(file).size).toBe(written);
  });

  it.each([
    ['a place that is none', () => join(scratch.path, 'nowhere/t.jsonl'), 'cannot be written (ENOENT)'],
    ['a directory', () => scratch.path, 'cannot be written (EISDIR)'],
  ])('refuses %s in one sentence, with exit code 2', async (_, place, found) => {
    const file = place();
    const { code, stdout, stderr } = await fepcast(['simulate', PILOT, '--trace', file]);
    expect(stderr).toContain(`${file}: --trace: found a place that ${found}, expected a file name`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('does not overwrite its own input', async () => {
    const scenario = join(scratch.path, 'own.yaml');
    const text = readFileSync(PILOT, 'utf8');
    writeFileSync(scenario, text);
    const { code, stderr } = await fepcast(['simulate', scenario, '--trace', scenario]);
    expect(stderr).toContain('--trace: found the input itself');
    expect(code).toBe(2);
    expect(readFileSync(scenario, 'utf8')).toBe(text);
  });

  it.each([
    ['--watch', ['--watch']],
    ['--replay', ['--replay', 'journal.jsonl']],
  ])('is one thing, and %s another', async (flag, args) => {
    const file = join(scratch.path, 'both.jsonl');
    const { code, stderr } = await fepcast(['simulate', PILOT, '--trace', file, ...args]);
    expect(stderr).toBe(`fepcast: --trace: found ${flag} too, expected only one of the two\n`);
    expect(code).toBe(2);
  });
});
