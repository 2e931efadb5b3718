import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/plan.js';
import { fepcast, ROOT, scratchFolder } from './run.js';

const scratch = scratchFolder();
const pilot = readFileSync(join(ROOT, 'scenarios/pilot.yaml'), 'utf8');
let plan = '';

function write(name: string, text: string): string {
  const file = join(scratch.path, name);
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  const file = join(scratch.path, 'good.json');
  const { code, stderr } = await fepcast([
    'plan',
    'scenarios/pilot.yaml',
    '--replications',
    '2',
    '--out',
    file,
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  plan = readFileSync(file, 'utf8');
});
afterAll(() => scratch.remove());

async function expectRefused(args: string[], parts: string[]): Promise<void> {
  const { code, stdout, stderr } = await fepcast(args);
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

describe('a scenario that is wrong is refused in one sentence, with exit code 2', () => {
  it('an unknown key', async () => {
    const file = write('key.yaml', `${pilot}\ncolour: blue\n`);
    await expectRefused(['simulate', file], [file, 'colour', 'found', 'expected']);
  });

  it('a wrong unit', async () => {
    const set = ['--set', 'campaign.taskDuration.constant=7 parsecs'];
    const path = 'campaign.taskDuration.constant';
    await expectRefused(
      ['simulate', 'scenarios/pilot.yaml', ...set],
      ['scenarios/pilot.yaml', path, 'found "7 parsecs"', 'expected a duration'],
    );
  });

  it('a negative quota', async () => {
    const path = 'regions.us-central1.quota.spotGpus';
    await expectRefused(
      ['compare', 'scenarios/pilot.yaml', '--set', `${path}=-5`],
      ['scenarios/pilot.yaml', path, 'found -5', 'expected a whole number of at least 0'],
    );
  });

  it('a directory, an empty file, and no file at all', async () => {
    await expectRefused(['simulate', 'scenarios'], ['scenarios: found a directory', 'expected a scenario']);
    const empty = write('empty.yaml', '\n');
    await expectRefused(['plan', empty], [`${empty}: found an empty file`, 'expected a scenario']);
    await expectRefused(['simulate', 'nowhere.yaml'], ['nowhere.yaml: found no such file', 'expected']);
  });
});

describe('a plan that is wrong is refused in one sentence, with exit code 2', () => {
  it('an embedded scenario that does not match its hash', async () => {
    const changed = JSON.parse(plan) as Plan;
    changed.scenario.resolved.campaign.molecules += 1;
    const file = write('changed.json', JSON.stringify(changed));
    for (const command of ['lint', 'simulate', 'exec']) {
      await expectRefused([command, file], [`${file}: scenario.sha256: found`, 'expected']);
    }
  });

  it('a truncated file', async () => {
    const file = write('truncated.json', plan.slice(0, plan.length / 2));
    for (const command of ['lint', 'simulate']) {
      await expectRefused([command, file], [file, 'line ', 'found the end of the file', 'truncated']);
    }
  });

  it('a directory, an empty file, a scenario', async () => {
    const folder = join(scratch.path, 'folder');
    mkdirSync(folder);
    await expectRefused(['lint', folder], [`${folder}: found a directory`, 'expected a plan']);
    const empty = write('empty.json', '');
    await expectRefused(['exec', empty, '--rehearse'], [`${empty}: found an empty file`, 'expected a plan']);
    await expectRefused(['lint', 'scenarios/pilot.yaml'], ['scenarios/pilot.yaml: found', 'expected a plan']);
  });

  it('an override of its scenario', async () => {
    const file = write('plan.json', plan);
    const set = ['--set', 'campaign.molecules=3'];
    await expectRefused(['simulate', file, ...set], [file, '--set', 'set it on the scenario']);
  });
});

describe('a plan that breaks a limit', () => {
  it('is a finding with its source and exit code 1 in lint, and refused by exec with exit code 3', async () => {
    const greedy = JSON.parse(plan) as Plan;
    greedy.shards[0]!.maxRetryCount = 11;
    const file = write('greedy.json', JSON.stringify(greedy));

    const linted = await fepcast(['lint', file, '--json']);
    const { ok, findings } = JSON.parse(linted.stdout) as { ok: boolean; findings: Plan['findings'] };
    expect(ok).toBe(false);
    expect(findings[0]).toMatchObject({
      severity: 'error',
      path: 'shards[0].maxRetryCount',
      found: 11,
      limit: 10,
    });
    expect(findings[0]?.source).not.toBe('');
    expect(linted.code).toBe(1);

    const refused = await fepcast(['exec', file, '--rehearse', '--state-dir', scratch.path]);
    expect(refused.stderr).toContain('shards[0].maxRetryCount: found 11, limit 10');
    expect(refused.code).toBe(3);
  });
});
