import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resultSchema, type TaskResult } from '../../src/plan/taskRecords.js';
import { blocksOf, commandLines } from '../docs/markdown.js';
import { type Sandbox, sandbox } from '../docs/sandbox.js';
import { storedObjects } from '../docs/storedObjects.js';
import { hasCommand } from '../task-image/hasCommand.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const run = promisify(execFile);
const canRun = process.platform === 'linux' && hasCommand('curl', 'the examples, which run local tasks,');
const hasGromacs = canRun && hasCommand('gmx', 'the example methane-campaign');

let box: Sandbox;
beforeEach(() => {
  // The tasks speak to the emulator with curl.
  box = sandbox(['curl']);
});
afterEach(() => box.remove());

/** The commands of an example's README, in a copy of its folder. */
async function follow(name: string, change: (line: string) => string = (line) => line): Promise<Followed> {
  const folder = join(box.folder, name);
  cpSync(join(EXAMPLES, name), folder, { recursive: true });
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const blocks = blocksOf(readme).filter(({ language }) => language === 'sh');
  let output = '';
  for (const line of blocks.flatMap(({ code }) => commandLines(code)).map(change)) {
    const ran = await box.run(line, folder);
    output += ran.output;
    expect(ran.code, `${line}\n${ran.output}`).toBe(0);
  }
  return { folder, output };
}

interface Followed {
  folder: string;
  output: string;
}

function resultsOf(folder: string, runId: string): TaskResult[] {
  const texts = storedObjects(join(folder, '.fepcast'), runId, (name) => name.endsWith('/result.json'));
  return [...texts.values()].map((text) => resultSchema.parse(JSON.parse(text)));
}

/** The texts of one output of each task, by the first two and the last parts of its key. */
function outputsOf(folder: string, runId: string, file: string): Map<string, string> {
  const texts = storedObjects(join(folder, '.fepcast'), runId, (name) => name.endsWith(`/out/${file}`));
  return new Map(
    [...texts].map(([name, text]) => [decodeURIComponent(name.split('/').slice(1, 5).join('/')), text]),
  );
}

describe('examples/toy-command (skipped without Linux and curl)', () => {
  it.skipIf(!canRun)('is preempted, goes on, and gives what an uninterrupted program gives', async () => {
    const { folder, output } = await follow('toy-command');
    expect(output).toContain('4 of 4 tasks done, 2 of 2 molecules');
    expect(output).toContain('periodic checkpoints every 2s');
    const results = resultsOf(folder, 'toy');
    expect(results.map(({ stepsDone, stepsPlanned }) => [stepsDone, stepsPlanned])).toEqual(
      Array.from({ length: 4 }, () => [100, 100]),
    );
    // By the seed the first VM dies after four seconds, and a task takes at least five.
    const attempts = results.flatMap((result) => result.attempts);
    expect(attempts.some((line) => line.kind === 'start' && line.retry > 0)).toBe(true);
    for (const line of attempts) if (line.kind === 'end') expect([0, 76]).toContain(line.exit);
    const outputs = outputsOf(folder, 'toy', 'pi.txt');
    expect(outputs.size).toBe(4);
    const program = join(folder, 'estimate-pi');
    for (const [key, text] of outputs) {
      const [molecule = '', , , window = ''] = key.split('/');
      expect(text).toBe(await uninterrupted(program, join(folder, 'inputs', `${molecule}-${window}.txt`)));
    }
  });

  it('has a Dockerfile of five lines, which adds two files to any image', () => {
    const lines = readFileSync(join(EXAMPLES, 'toy-command/Dockerfile'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe('FROM $' + '{BASE_IMAGE}');
    const copied = /^COPY --chmod=755 (.*) \/usr\/local\/bin\/$/.exec(lines[2] ?? '')?.[1]?.split(' ');
    expect(copied).toEqual(['fepcast-task', 'estimate-pi']);
    expect(lines[4]).toBe('ENTRYPOINT ["/usr/local/bin/fepcast-task"]');
  });
});

async function uninterrupted(program: string, input: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-toy-'));
  try {
    cpSync(input, join(folder, 'input'));
    await run(program, { cwd: folder });
    return readFileSync(join(folder, 'pi.txt'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('examples/one-task-per-leg (skipped without Linux and curl)', () => {
  it.skipIf(!canRun)('runs legs x repeats as the tasks of an edge, each to its own result', async () => {
    const { folder, output } = await follow('one-task-per-leg');
    expect(output).toContain('12 tasks (2 molecules × 6 windows)');
    expect(output).toContain('12 of 12 tasks done, 2 of 2 molecules');
    const outputs = outputsOf(folder, 'legs', 'result.json');
    const keys = ['lig1~lig2', 'lig1~lig3'].flatMap((edge) =>
      ['complex', 'solvent'].flatMap((leg) => ['0', '1', '2'].map((repeat) => `${edge}/${leg}/${repeat}/0`)),
    );
    expect([...outputs.keys()].sort()).toEqual(keys);
    for (const [key, text] of outputs) {
      const [edge, leg, repeat] = key.split('/');
      const [estimate] = readFileSync(join(folder, `inputs/${edge}-${leg}-${repeat}.txt`), 'utf8').split(' ');
      expect(JSON.parse(text).estimate.magnitude).toBe(Number(estimate));
    }
  });

  it('says plainly that its command is a stand-in', () => {
    for (const file of ['README.md', 'scenario.yaml', 'openfe-stand-in']) {
      expect(readFileSync(join(EXAMPLES, 'one-task-per-leg', file), 'utf8')).toMatch(/stands? in|stand-in/i);
    }
  });

  it.skipIf(!canRun)(
    'is refused by lint with checkpoints, because it names no files that make one',
    async () => {
      const folder = join(box.folder, 'legs');
      cpSync(join(EXAMPLES, 'one-task-per-leg'), folder, { recursive: true });
      const { output: planned } = await box.run('fepcast plan scenario.yaml --out plan.json', folder);
      expect(planned).toContain('no checkpoints');
      const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
      plan.checkpoint.policy = 'periodic';
      writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
      const { code, output } = await box.run('fepcast lint plan.json', folder);
      expect(code).toBe(1);
      expect(output).toContain('command-checkpoints');
    },
  );
});

describe('examples/methane-campaign', () => {
  it.skipIf(!hasGromacs)(
    'computes 13 windows with real GROMACS, as its README says (skipped without gmx)',
    async () => {
      cpSync(join(EXAMPLES, 'methane'), join(box.folder, 'methane'), { recursive: true });
      // A tenth of the steps: the same commands, in a time that a test may take.
      const { folder, output } = await follow('methane-campaign', (line) =>
        line === './make-inputs.sh' ? './make-inputs.sh 600' : line,
      );
      expect(output).toContain('13 of 13 tasks done, 1 of 1 molecules');
      const results = resultsOf(folder, 'methane');
      expect(results.map(({ key }) => key).sort()).toEqual(
        Array.from({ length: 13 }, (_, window) => `methane/main/0/${window}`).sort(),
      );
      for (const { stepsDone, stepsPlanned, science } of results) {
        expect([stepsDone, stepsPlanned]).toEqual([600, 600]);
        expect(science.engine).toBe('gromacs');
      }
      const curves = outputsOf(folder, 'methane', 'dhdl.xvg');
      expect(curves.size).toBe(13);
      for (const text of curves.values()) {
        const rows = text.split('\n').filter((row) => /^\d/.test(row));
        expect(Number(rows.at(-1)?.split(/\s+/)[0])).toBeCloseTo(1.2, 6);
      }
    },
  );

  it('ships what its scenario needs', () => {
    for (const file of ['scenario.yaml', 'make-inputs.sh', 'README.md', '../methane/make-tpr.sh']) {
      expect(existsSync(join(EXAMPLES, 'methane-campaign', file)), file).toBe(true);
    }
  });
});
