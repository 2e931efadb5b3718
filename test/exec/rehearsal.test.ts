import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancelRun } from '../../src/exec/cancelRun.js';
import { findRun } from '../../src/exec/knownRun.js';
import { readLedger } from '../../src/exec/ledger.js';
import { isAlive, markOf } from '../../src/exec/processAlive.js';
import { rehearsalSpeed } from '../../src/exec/rehearsal.js';
import { rerunTasks } from '../../src/exec/rerunTasks.js';
import { resumeRun } from '../../src/exec/resumeRun.js';
import { runPaths } from '../../src/exec/runFolder.js';
import { readStatus } from '../../src/exec/status.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Snapshot } from '../../src/plan/snapshot.js';
import { countTasks } from '../../src/plan/taskRanges.js';
import { planOf } from './plans.js';

/** The built package: the emulator is a process of its own, and so is an executor that is to be killed. */
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const RUN = 'fc-e2e';
const TIMEOUT_MS = 60_000;

/** 130 tasks of an hour on 50 VMs: about three hours of campaign time. */
const plan = planOf({ molecules: 10, windows: 13 }, { parallelism: { 'us-central1': 50 } });

/** Prints a line per snapshot and the summary at the end. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
const [dist, folder, speed, seed] = process.argv.slice(2);
const { rehearse } = await import(new URL('exec/run.js', 'file://' + dist));
const say = (kind, value) => process.stdout.write(JSON.stringify({ kind, value }) + '\\n');
const summary = await rehearse({
  plan: JSON.parse(readFileSync(folder + '/plan.json', 'utf8')),
  runId: '${RUN}', stateDir: folder + '/state', seed, speed: Number(speed),
  emulatorEntry: dist + 'emulator/process.js',
  onSnapshot: (snapshot) => say('snapshot', snapshot),
});
say('summary', summary);
`;

let folder: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  if (!existsSync(join(DIST, 'exec/run.js'))) throw new Error('dist/ is missing: run `npm run build` first');
  folder = await mkdtemp(join(tmpdir(), 'fepcast-rehearsal-'));
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  await writeFile(join(folder, 'rehearse.mjs'), SCRIPT);
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  const emulator = await emulatorPid();
  if (emulator !== null && isAlive(markOf(emulator))) process.kill(emulator, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const paths = () => runPaths(join(folder, 'state'), RUN);

async function emulatorPid(): Promise<number | null> {
  const text = await readFile(paths().emulatorProcess, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as { pid: number }).pid;
}

/** Runs the executor in a process of its own; kills it as soon as `killWhen` says so. */
async function executor(options: {
  speed: number;
  seed?: string;
  killWhen?: (snapshot: Snapshot) => boolean;
}): Promise<{ summary: ExecSummary | null; snapshots: number; errors: string }> {
  const { speed, seed = '1', killWhen = () => false } = options;
  const args = [join(folder, 'rehearse.mjs'), DIST, folder, String(speed), seed];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  let snapshots = 0;
  let summary: ExecSummary | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const message: { kind: 'snapshot'; value: Snapshot } | { kind: 'summary'; value: ExecSummary } =
      JSON.parse(line);
    if (message.kind === 'summary') summary = message.value;
    else {
      snapshots += 1;
      if (killWhen(message.value)) child.kill('SIGKILL');
    }
  }
  await exited;
  return { summary, snapshots, errors };
}

async function submissions(): Promise<{ ledger: string[]; world: number }> {
  const entries = await readLedger(paths().ledger);
  const journal = await readFile(paths().emulatorJournal, 'utf8');
  return {
    ledger: entries.flatMap((entry) => (entry.kind === 'job-submitted' ? [entry.jobId] : [])),
    world: journal.split('\n').filter((line) => line.includes('taskGroups')).length,
  };
}

const statusOf = async (run: string) => readStatus(await findRun(run, join(folder, 'state')));

const isHalfWay = (snapshot: Snapshot): boolean => snapshot.tasks.succeeded > 0;
const ALL = { total: 130, succeeded: 130, failed: 0, running: 0, pending: 0 };
const ONCE = { ledger: [`${RUN}-us-central1-w0`], world: 1 };

describe('a rehearsal through the real client and the emulator process', () => {
  it('ends with what the World says, is quiet, and submits nothing the second time', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const first = await executor({ speed: 10_000 });
    expect(first.errors).toBe('');
    expect(first.summary).toMatchObject({
      state: 'succeeded',
      tasks: ALL,
      molecules: { complete: 10, total: 10 },
      resumed: false,
    });
    const outcome = JSON.parse(await readFile(paths().emulatorOutcome, 'utf8')).metrics;
    expect(first.summary?.attempts).toBe(outcome.attempts);
    expect(first.summary?.preemptions).toBe(outcome.preemptions);
    // Task events are all that the executor sees of VMs; here no VM lives outside of them.
    expect(first.summary?.costUsd).toBeCloseTo(outcome.costUsd, 6);
    expect(first.summary?.elapsedHours).toBeCloseTo(outcome.makespanHours, 6);
    expect(isAlive(markOf((await emulatorPid()) ?? -1))).toBe(false);

    const second = await executor({ speed: 10_000 });
    expect(second.snapshots).toBe(0);
    expect(second.summary).toEqual({ ...first.summary, resumed: true });
    expect(await submissions()).toEqual(ONCE);
  });

  it('goes on with the living emulator after the executor was killed', { timeout: TIMEOUT_MS }, async () => {
    const killed = await executor({ speed: 4000, killWhen: isHalfWay });
    expect(killed.summary).toBeNull();
    const emulator = await emulatorPid();
    expect(isAlive(markOf(emulator ?? -1))).toBe(true);

    const status = await statusOf(RUN);
    expect(status).toMatchObject({ runId: RUN, state: 'running', resumed: false });
    expect(status.tasks.succeeded).toBeGreaterThan(0);
    expect(status.costUsd).toBeGreaterThan(40);

    const resumed = await executor({ speed: 4000 });
    expect(resumed.errors).toBe('');
    expect(await emulatorPid()).toBe(emulator);
    expect(resumed.summary).toMatchObject({ state: 'succeeded', tasks: ALL, resumed: true });
    expect(await submissions()).toEqual(ONCE);
    expect(await statusOf(RUN)).toEqual(resumed.summary);
  });

  it('goes on from the journal after the emulator was killed as well', { timeout: TIMEOUT_MS }, async () => {
    await executor({ speed: 4000, killWhen: isHalfWay });
    const emulator = (await emulatorPid()) ?? -1;
    const mark = markOf(emulator);
    process.kill(emulator, 'SIGKILL');
    while (isAlive(mark)) await new Promise((resolve) => setTimeout(resolve, 10));
    const left = await statusOf(RUN);
    expect(left.state).toBe('running');

    const resumed = await executor({ speed: 10_000 });
    expect(resumed.errors).toBe('');
    expect(await emulatorPid()).not.toBe(emulator);
    expect(resumed.summary).toMatchObject({ state: 'succeeded', tasks: ALL, resumed: true });
    expect(await submissions()).toEqual(ONCE);
  });

  it('needs nothing of its own folder but the name of the run: the record is in the state bucket', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await executor({ speed: 4000, killWhen: isHalfWay });
    await rm(paths().ledger);
    await rm(paths().snapshot);
    const resumed = await executor({ speed: 10_000 });
    expect(resumed.summary).toMatchObject({ state: 'succeeded', tasks: ALL, resumed: true });
    expect(await submissions()).toEqual(ONCE);
  });

  it('is cancelled by another process while it goes on, and taken up again', {
    timeout: TIMEOUT_MS,
  }, async () => {
    let cancelling: Promise<ExecSummary> | null = null;
    const run = () => findRun(RUN, join(folder, 'state'));
    const emulatorEntry = join(DIST, 'emulator/process.js');
    const first = await executor({
      speed: 4000,
      killWhen(snapshot) {
        if (isHalfWay(snapshot)) cancelling ??= run().then((it) => cancelRun(it, null, { emulatorEntry }));
        return false;
      },
    });
    expect(first.summary?.state).toBe('cancelled');
    const done = first.summary?.tasks.succeeded ?? 0;
    expect(await cancelling).toMatchObject({ state: 'cancelled', tasks: { succeeded: done } });

    const resumed = await resumeRun(await run(), { emulatorEntry });
    expect(resumed).toMatchObject({ state: 'succeeded', tasks: ALL, resumed: true });
    const [, remainder] = (await readLedger(paths().ledger)).flatMap((entry) =>
      entry.kind === 'job-intended' ? [countTasks(entry.tasks)] : [],
    );
    expect(remainder).toBe(130 - done);

    const tasks = [{ first: 13, count: 2 }];
    const { summary, windows } = await rerunTasks(await run(), { tasks }, { emulatorEntry });
    expect(windows).toBe(2);
    expect(summary).toMatchObject({ state: 'succeeded', tasks: ALL });
    expect(summary.attempts).toBeGreaterThanOrEqual((resumed.attempts ?? 0) + 2);
  });

  it('refuses to go on with another seed', { timeout: TIMEOUT_MS }, async () => {
    await executor({ speed: 4000, killWhen: isHalfWay });
    const other = await executor({ speed: 4000, seed: '2' });
    expect(other.summary).toBeNull();
    expect(other.errors).toContain('--seed: found "2", expected "1"');
  });
});

describe('the status of a run that is not there', () => {
  it('is an error that names the runs that are', async () => {
    await expect(statusOf(RUN)).rejects.toThrow('none yet');
    await executor({ speed: 20_000 });
    await expect(statusOf('fc-other')).rejects.toThrow(`expected one of ${RUN}`);
    await expect(statusOf('../state')).rejects.toThrow(`expected one of ${RUN}`);
  });
});

describe('the default speed', () => {
  it('makes the forecast makespan last a minute, or the bare work where there is no forecast', () => {
    // 130 tasks on 50 VMs are three rounds of an hour.
    expect(rehearsalSpeed(plan)).toBe((3 * 3600) / 60);
    const summary = { mean: 0, sd: 0, p1: 0, p10: 0, p50: 200, p90: 0, p99: 0 };
    const forecast = new Proxy({}, { get: () => summary }) as NonNullable<typeof plan.forecast>;
    expect(rehearsalSpeed({ ...plan, forecast })).toBe((200 * 3600) / 60);
    expect(rehearsalSpeed(planOf({ molecules: 1, windows: 1 }, { parallelism: { 'us-central1': 1 } }))).toBe(
      60,
    );
  });
});
