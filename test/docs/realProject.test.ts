import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lintPlan } from '../../src/plan/lint.js';
import { parsePlan } from '../../src/plan/planFile.js';
import { blocksOf, commandLines } from './markdown.js';
import { type Sandbox, sandbox } from './sandbox.js';
import { storedObjects } from './storedObjects.js';

const guide = readFileSync(new URL('../../docs/real-project.md', import.meta.url), 'utf8');
const shellBlocks = blocksOf(guide).filter(({ language }) => language === 'sh');
const googleOnly = shellBlocks.filter(({ above }) => above.startsWith('**Google only** · '));
const anywhere = shellBlocks.filter(({ above }) => above.startsWith('**Anywhere** · '));
const needsJq = (code: string): boolean => /^jq /m.test(code);
const hasJq = spawnSync('jq', ['--version']).status === 0;

describe('docs/real-project.md', () => {
  it('says above each block of commands where it runs and what it costs', () => {
    const unmarked = shellBlocks.filter(
      ({ above }) => !/^\*\*(?:Google only|Anywhere)\*\* · .*(?:free|USD|see the plan)/.test(above),
    );
    expect(unmarked.map(({ line, above }) => `${line}: ${above}`)).toEqual([]);
    expect(anywhere.length + googleOnly.length).toBe(shellBlocks.length);
  });

  it('has nothing but these commands that only Google can answer', () => {
    expect(
      [...new Set(googleOnly.flatMap(({ code }) => commandLines(code).flatMap(namesIn)))].sort(),
    ).toEqual([
      'apt-get install',
      'apt-get update',
      'curl',
      'docker build',
      'docker buildx',
      'docker push',
      'fepcast cancel',
      'fepcast exec',
      'fepcast lint',
      'fepcast plan',
      'fepcast rerun',
      'fepcast resume',
      'fepcast status',
      'fepcast watch',
      'gcloud artifacts docker images describe',
      'gcloud artifacts repositories create',
      'gcloud auth application-default login',
      'gcloud auth configure-docker',
      'gcloud beta quotas preferences list',
      'gcloud beta quotas preferences update',
      'gcloud billing budgets create',
      'gcloud billing projects link',
      'gcloud compute firewall-rules create',
      'gcloud compute instances create',
      'gcloud compute instances delete',
      'gcloud compute networks create',
      'gcloud compute networks subnets create',
      'gcloud compute regions describe',
      'gcloud compute scp',
      'gcloud compute ssh',
      'gcloud config get',
      'gcloud config set project',
      'gcloud iam service-accounts add-iam-policy-binding',
      'gcloud iam service-accounts create',
      'gcloud projects add-iam-policy-binding',
      'gcloud projects create',
      'gcloud projects delete',
      'gcloud services enable',
      'gcloud storage buckets add-iam-policy-binding',
      'gcloud storage buckets create',
      'gcloud storage buckets update',
      'gcloud storage cat',
      'gcloud storage rm',
      'npm install',
      'npm pack',
      'npm root',
      'tmux new',
    ]);
  });

  it('marks as Google only no block that would run anywhere: each has a command of Google or needs its login', () => {
    const outside =
      /\b(?:gcloud|docker|sudo)\b|--live|gs:\/\/|fepcast (?:exec (?!.*--rehearse|.*--dry-run)|cancel|rerun)/;
    const needless = googleOnly.filter(({ code }) => !commandLines(code).some((line) => outside.test(line)));
    expect(needless.map(({ line }) => line)).toEqual([]);
  });

  it('is valid shell throughout', () => {
    for (const { code, line } of shellBlocks) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
      expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' });
    }
  });

  it('links to sections and files that are there', () => {
    for (const [, place = ''] of guide.matchAll(/\]\(([^)]+)\)/g)) {
      const [file = ''] = place.split('#');
      expect(() => readFileSync(new URL(`../../docs/${file}`, import.meta.url)), place).not.toThrow();
    }
  });
});

const PROGRAMS = ['gcloud', 'fepcast', 'docker', 'npm', 'tmux', 'curl', 'apt-get'];

/** `gcloud compute scp`, `fepcast plan`: each program that a line calls, with the words that choose what it does. */
function namesIn(line: string): string[] {
  const calls = line.split(/&&|\|\||[;|(]|\bdo\b|\bsudo\b/).map((part) => part.trim().split(/\s+/));
  return calls.flatMap((words) => {
    // `tmux new -s NAME COMMAND` and assignments have a program behind their own words.
    const at = words.findIndex((word) => PROGRAMS.includes(word));
    const [program = '', ...rest] = at < 0 ? [] : words.slice(at);
    if (program === '') return [];
    const isWord = (word: string): boolean => /^[a-z][a-z-]*$/.test(word) && !word.startsWith('fep');
    const end = rest.findIndex((word) => !isWord(word));
    const chosen = end < 0 ? rest : rest.slice(0, end);
    const most = program === 'gcloud' ? chosen.length : 1;
    return [[program, ...chosen.slice(0, most)].join(' ')];
  });
}

describe('the commands of docs/real-project.md that run anywhere', () => {
  let box: Sandbox;
  let outputs: Map<number, string>;
  beforeAll(async () => {
    box = sandbox();
    outputs = new Map();
    let exports = '';
    for (const { code, line } of anywhere) {
      if (needsJq(code)) {
        if (!hasJq) {
          console.log('docs/real-project.md: reading the records needs jq, and is skipped');
          continue;
        }
        await fetchRecords(box);
      }
      const { code: status, output } = await box.run(`${exports}${code}`);
      // A reader's shell keeps what was exported.
      if (/^export /m.test(code)) exports += code;
      expect(status, `line ${line}: ${output}`).toBe(0);
      outputs.set(line, output);
    }
  });
  afterAll(() => box.remove());

  const outputOf = (text: string): string => {
    const block = anywhere.find(({ code }) => code.includes(text));
    if (block === undefined) throw new Error(`no block with ${text}`);
    return outputs.get(block.line) ?? '';
  };

  it('plan the pilot that the guide promises, without a finding', () => {
    expect(outputOf('fepcast compare')).toContain('pilot.plan.json: no findings');
    const text = readFileSync(join(box.folder, 'pilot.plan.json'), 'utf8');
    const plan = parsePlan(text, 'pilot.plan.json');
    expect(lintPlan(plan)).toEqual([]);
    expect(plan.campaign.tasks).toBe(130);
    const promised = Number(/about (\d+); `fepcast plan` says it/.exec(guide)?.[1]);
    expect(promised).toBeGreaterThan((plan.forecast?.costUsd.p10 ?? 0) * 0.95);
    expect(promised).toBeLessThan((plan.forecast?.costUsd.p90 ?? 0) * 1.05);
  });

  it('rehearse it with its canaries to the end', () => {
    const output = outputOf('--rehearse --canary');
    expect(output).toContain('the canary of us-central1 passed');
    expect(output).toContain('the canary of us-east4 passed');
    expect(output).toContain('130 of 130 tasks done, 10 of 10 molecules');
  });

  it('show what the preflight says of a project on its first day', () => {
    const output = outputOf('first-day');
    expect(output).toContain('exit code 3');
    for (const word of [
      'The batch.googleapis.com API is switched off',
      'PREEMPTIBLE_NVIDIA_L4_GPUS is 1',
      'GPUS_ALL_REGIONS is 0',
      'has no Private Google Access',
    ]) {
      expect(output).toContain(word);
    }
  });

  it('plan one molecule for a quota of one', () => {
    const plan = parsePlan(readFileSync(join(box.folder, 'first.plan.json'), 'utf8'), 'first.plan.json');
    expect(plan.campaign).toMatchObject({ molecules: 1, windows: 13 });
    expect(plan.shards.map(({ region, parallelism }) => ({ region, parallelism }))).toEqual([
      { region: 'us-central1', parallelism: 1 },
    ]);
    expect(plan.forecast?.costUsd.p90).toBeLessThan(40);
  });

  it.skipIf(!hasJq)('read the records of a run', () => {
    const output = outputOf('usefulSeconds');
    expect(output).toMatch(/^50000000$/m);
    expect(output).toMatch(/"seen": \d+/);
    expect(output).toMatch(/"preemptions": \d+/);
    const durations = readFileSync(join(box.folder, 'durations.csv'), 'utf8').trim().split('\n');
    expect(durations).toHaveLength(130);
    expect(durations.every((seconds) => Number(seconds) > 0)).toBe(true);
  });

  it('have options that the commands know', async () => {
    const used = new Map<string, Set<string>>();
    for (const line of shellBlocks.flatMap(({ code }) => commandLines(code))) {
      const [, command, rest = ''] = /\bfepcast ([a-z]+)((?: [^|;&]*)?)/.exec(line) ?? [];
      if (command === undefined) continue;
      const flags = [...rest.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag ?? '');
      used.set(command, new Set([...(used.get(command) ?? []), ...flags]));
    }
    expect([...used.keys()].sort()).toEqual(
      ['cancel', 'compare', 'exec', 'lint', 'plan', 'rerun', 'resume', 'status', 'watch'].sort(),
    );
    for (const [command, flags] of used) {
      const { output } = await box.run(`fepcast ${command} --help`);
      for (const flag of flags) expect(output, `fepcast ${command}`).toContain(flag);
    }
  });
});

/** What the block before has fetched from Google, here from the rehearsal. */
async function fetchRecords({ folder, run }: Sandbox): Promise<void> {
  const results = storedObjects(join(folder, '.fepcast'), 'rehearsal', (name) =>
    name.endsWith('/result.json'),
  );
  writeFileSync(join(folder, 'results.json'), [...results.values()].join(''));
  const { code, output } = await run('fepcast status rehearsal --json > status.json');
  expect(code, output).toBe(0);
}
