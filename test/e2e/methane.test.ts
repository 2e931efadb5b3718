import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../src/cli/load.js';
import { outputPath } from '../../src/exec/collect/download.js';
import { isAlive } from '../../src/exec/processAlive.js';
import { rehearse } from '../../src/exec/run.js';
import { runPaths } from '../../src/exec/runFolder.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { type AttemptEnd, resultSchema, type TaskResult } from '../../src/plan/taskRecords.js';
import { fepcast, ROOT } from '../cli/run.js';
import { hasCommand } from '../task-image/hasCommand.js';

const RUN = 'methane';
/** With it VMs die early: six preemptions in the forecast of an idle machine, more on one that is slower. */
const SEED = '9';
const STEPS = 6000;
const WINDOWS = Array.from({ length: 13 }, (_, window) => window);
/**
 * A task asks for a new token when less than five minutes of its own are left: after five seconds of these, so each
 * window does so several times.
 */
const TOKEN_SECONDS = 305;
const canRun =
  process.platform === 'linux' &&
  hasCommand('gmx', 'a campaign of real GROMACS') &&
  hasCommand('curl', 'tasks');

const run = promisify(execFile);
let folder: string;
let summary: ExecSummary;
let results: TaskResult[];
const inputs = (window: number) => join(folder, `examples/methane-campaign/inputs/methane/w${window}`);

/** The scenario's own world, beside the inputs that it names. */
async function execute(): Promise<void> {
  cpSync(join(ROOT, 'scenarios/methane.yaml'), join(folder, 'scenarios/methane.yaml'));
  cpSync(join(ROOT, 'scenarios/methane.csv'), join(folder, 'scenarios/methane.csv'));
  const made = join(folder, 'examples/methane-campaign/inputs');
  await run('bash', [join(ROOT, 'examples/methane-campaign/make-inputs.sh'), String(STEPS), made]);
  const file = join(folder, 'plan.json');
  const planned = ['plan', join(folder, 'scenarios/methane.yaml'), '--objective', 'time', '--out', file];
  const { code, stderr } = await fepcast([...planned, '--replications', '20', '--json']);
  expect(code, stderr).toBe(0);
  summary = await rehearse({
    plan: loadPlan(file),
    runId: RUN,
    stateDir: join(folder, 'state'),
    seed: SEED,
    tasks: 'local',
    tokenSeconds: TOKEN_SECONDS,
    emulatorEntry: join(ROOT, 'dist/emulator/process.js'),
  });
}

describe.skipIf(!canRun)('methane.yaml with real GROMACS (skipped without gmx and curl)', () => {
  beforeAll(async () => {
    if (!existsSync(join(ROOT, 'dist/cli/main.js'))) throw new Error('dist/ is missing: run `npm run build`');
    folder = mkdtempSync(join(tmpdir(), 'fepcast-methane-'));
    mkdirSync(join(folder, 'scenarios'));
    await execute();
    const collect = ['collect', RUN, '--local', '--download', 'outputs', '--yes', '--json'];
    const out = join(folder, 'results');
    const { code, stderr } = await fepcast([...collect, '--state-dir', join(folder, 'state'), '--out', out]);
    expect(code, stderr).toBe(0);
    results = WINDOWS.map((window) =>
      resultSchema.parse(JSON.parse(readFileSync(join(out, 'tasks', keyOf(window), 'result.json'), 'utf8'))),
    );
  }, 900_000);

  afterAll(() => {
    // The emulator outlives an executor that failed.
    const { emulatorProcess } = runPaths(join(folder, 'state'), RUN);
    if (existsSync(emulatorProcess)) {
      const mark = JSON.parse(readFileSync(emulatorProcess, 'utf8'));
      if (isAlive(mark)) process.kill(mark.pid, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const told = () => `seed ${SEED}: ${JSON.stringify(summary)}`;
  const ends = () =>
    results.flatMap(({ attempts }) => attempts.filter((line): line is AttemptEnd => line.kind === 'end'));

  it('13 windows of 12 ps complete, however often their VMs are taken away', () => {
    expect(summary, told()).toMatchObject({ state: 'succeeded', tasks: { total: 13, succeeded: 13 } });
    expect(summary.preemptions, told()).toBeGreaterThanOrEqual(3);
    expect(results.map(({ stepsDone }) => stepsDone)).toEqual(WINDOWS.map(() => STEPS));
    for (const window of WINDOWS)
      expect(energies(collected(window, 'dhdl.xvg')).at(-1), `window ${window}`).toMatch(/^12\.0+ /);
    // Some went on from a checkpoint, in the middle.
    expect(ends().some(({ restoredStep }) => restoredStep !== null && restoredStep > 0)).toBe(true);
  });

  it('what a preemption costs is at most what the checkpoints let it cost', () => {
    const { checkpoint } = loadPlan(join(folder, 'plan.json'));
    const uploads = ends().reduce((sum, { seconds }) => sum + seconds.sync, 0);
    const upload = uploads / Math.max(1, sum(ends().map(({ checkpoints }) => checkpoints)));
    const lost = ends().filter(({ exit }) => exit === 76);
    expect(lost.length, told()).toBeGreaterThan(0);
    const mean = sum(lost.map(lostSeconds)) / lost.length;
    const { intervalSeconds, jitterSeconds, engineIntervalSeconds } = checkpoint;
    expect(mean, told()).toBeLessThan(intervalSeconds + jitterSeconds + engineIntervalSeconds + upload);
    // Nothing that was durable is computed again.
    for (const { attempts } of results) {
      let durable = 0;
      for (const line of attempts) {
        if (line.kind !== 'end') continue;
        expect(line.restoredStep ?? 0, told()).toBeGreaterThanOrEqual(durable);
        durable = Math.max(durable, line.syncedStep);
      }
    }
  });

  it('gives the free energy of the uninterrupted windows, to the digit', async () => {
    // Two at a time, as the campaign.
    const waiting = [...WINDOWS];
    const worker = async () => {
      for (let window = waiting.shift(); window !== undefined; window = waiting.shift()) {
        const mdrun = ['mdrun', '-nt', '1', '-pin', 'off', '-reprod', '-s', 'window.tpr'];
        await run('gmx', ['-quiet', ...mdrun, '-deffnm', 'state', '-dhdl', 'dhdl.xvg'], {
          cwd: inputs(window),
        });
      }
    };
    await Promise.all([worker(), worker()]);
    for (const window of WINDOWS) {
      const whole = inputs(window);
      expect(energies(collected(window, 'dhdl.xvg')), `window ${window}`).toEqual(
        energies(join(whole, 'dhdl.xvg')),
      );
      expect(readFileSync(collected(window, 'state.gro'), 'utf8')).toBe(
        readFileSync(join(whole, 'state.gro'), 'utf8'),
      );
    }
    const interrupted = bar(WINDOWS.map((window) => collected(window, 'dhdl.xvg')));
    const uninterrupted = bar(WINDOWS.map((window) => join(inputs(window), 'dhdl.xvg')));
    expect(interrupted).toBe(uninterrupted);
    const expected = JSON.parse(readFileSync(join(ROOT, 'examples/methane/expected.json'), 'utf8'));
    const [low, high] = expected.smokeAcceptKJPerMol;
    expect(Number(interrupted)).toBeGreaterThan(low);
    expect(Number(interrupted)).toBeLessThan(high);
    // And it is in the table.
    const [heading = '', row = ''] = readFileSync(join(folder, 'results/results.csv'), 'utf8').split('\n');
    const column = (name: string) => row.split(',')[heading.split(',').indexOf(name)];
    expect(column('status'), row).toBe('ok');
    expect(column('windows_ok')).toBe('13');
    expect(Number(column('dG_kJ'))).toBe(Number(interrupted));
  }, 600_000);
});

/** An output of a window, where `collect` puts it. */
function collected(window: number, name: string): string {
  return outputPath(join(folder, 'results'), keyOf(window), name);
}

function keyOf(window: number): string {
  return `methane/main/0/${window}`;
}

/** The lines of a dhdl.xvg without comments, which hold dates. */
function energies(file: string): string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => !line.startsWith('#'));
}

/** Total of `gmx bar`, kJ/mol, without the first 2 ps. */
function bar(files: string[]): string {
  const options = ['-b', '2', '-temp', '298.15', '-prec', '4'];
  const place = mkdtempSync(join(folder, 'bar-'));
  const text = execFileSync('gmx', ['-quiet', 'bar', '-f', ...files, ...options], {
    cwd: place,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  writeFileSync(join(place, 'bar.txt'), text);
  const total = /^total .* DG +(\S+) /m.exec(text)?.[1];
  if (total === undefined) throw new Error(`gmx bar gave no total: ${text}`);
  return total;
}

/** Computing time of the steps of an attempt that were not durable when it ended. */
function lostSeconds({ seconds, step, syncedStep, restoredStep }: AttemptEnd): number {
  const from = restoredStep ?? 0;
  const kept = Math.max(from, syncedStep);
  return step > from ? (seconds.compute * Math.max(0, step - kept)) / (step - from) : 0;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
