import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseJournal } from '../../src/plan/journal.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { exampleJob, PARENT } from './emulated.js';

/** FEPCAST_SOAK=1 kills it 50 times. */
const KILLS = process.env.FEPCAST_SOAK === '1' ? 50 : 4;
const SEED = process.env.FEPCAST_SEED ?? 'kill -9';
const SPEED = 10_000;
const PROCESS = fileURLToPath(new URL('../../dist/emulator/process.js', import.meta.url));

let folder: string;
let child: ChildProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'killed-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<{ url: string; kill(): Promise<void> }> {
  const readyFile = join(folder, 'ready.json');
  const configFile = join(folder, 'config.json');
  rmSync(readyFile, { force: true });
  const config = {
    scenario: exampleScenario(),
    seed: '1',
    speed: SPEED,
    journalFile: join(folder, 'journal.jsonl'),
    readyFile,
    logFile: join(folder, 'log'),
  };
  writeFileSync(configFile, JSON.stringify(config));
  const started = spawn(process.execPath, [PROCESS, configFile], { stdio: 'ignore' });
  child = started;
  const exit = once(started, 'exit');
  await vi.waitFor(() => expect(existsSync(readyFile)).toBe(true), { timeout: 30_000, interval: 10 });
  const { httpPort } = JSON.parse(readFileSync(readyFile, 'utf8')) as { httpPort: number };
  return {
    url: `http://127.0.0.1:${httpPort}`,
    kill: async () => {
      started.kill('SIGKILL');
      await exit;
    },
  };
}

/** The answer as JSON; null: refused, or nobody is there any more. */
async function ask(url: string, method = 'GET', body?: unknown): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(url, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return response.ok ? answer : null;
  } catch {
    return null;
  }
}

/** What a client has been told and may rely on. */
interface Told {
  jobs: Set<string>;
  cancelled: Set<string>;
  campaignSeconds: number;
  /** Tasks that had succeeded, by job. */
  succeeded: Map<string, number>;
}

/** Submits, cancels and looks until nobody answers. */
async function keepAsking(url: string, told: Told, prefix: string): Promise<void> {
  for (let n = 0; ; n += 1) {
    const jobId = `${prefix}-${n}`;
    const created = await ask(`${url}/v1/${PARENT}/jobs?jobId=${jobId}`, 'POST', exampleJob(3, 3));
    if (!created) return;
    told.jobs.add(jobId);
    if (n % 3 === 0 && (await ask(`${url}/v1/${PARENT}/jobs/${jobId}:cancel`, 'POST', {}))) {
      told.cancelled.add(jobId);
    }
    const clock = await ask(`${url}/emulator/v1/clock`);
    if (clock) told.campaignSeconds = Math.max(told.campaignSeconds, Number(clock.campaignSeconds));
    const first = told.jobs.values().next().value ?? jobId;
    const job = await ask(`${url}/v1/${PARENT}/jobs/${first}`);
    if (job) told.succeeded.set(first, succeededIn(job));
  }
}

function succeededIn(job: Record<string, unknown>): number {
  const { taskGroups } = job.status as { taskGroups: { group0: { counts: Record<string, string> } } };
  return Number(taskGroups.group0.counts.SUCCEEDED ?? 0);
}

async function check(url: string, told: Told): Promise<void> {
  const clock = await ask(`${url}/emulator/v1/clock`);
  expect(Number(clock?.campaignSeconds), 'time fell back').toBeGreaterThanOrEqual(told.campaignSeconds);
  const states = new Map<string, string>();
  for (let pageToken = ''; ; ) {
    const page = await ask(`${url}/v1/${PARENT}/jobs?pageSize=1000&pageToken=${pageToken}`);
    for (const job of (page?.jobs ?? []) as { name: string; status: { state: string } }[]) {
      states.set(job.name.split('/').at(-1) ?? '', job.status.state);
    }
    pageToken = String(page?.nextPageToken ?? '');
    if (pageToken === '') break;
  }
  for (const job of told.jobs) expect(states.has(job), `${job} is lost`).toBe(true);
  for (const job of told.cancelled) expect(states.get(job), job).toMatch(/^CANCEL/);
  for (const [jobId, succeeded] of told.succeeded) {
    const job = await ask(`${url}/v1/${PARENT}/jobs/${jobId}`);
    expect(job && succeededIn(job), `${jobId} has gone back`).toBeGreaterThanOrEqual(succeeded);
  }
}

test(`killed ${KILLS} times with -9 while jobs are submitted it loses nothing that it acknowledged, and no time`, async () => {
  const random = seedrandom(SEED);
  const told: Told = { jobs: new Set(), cancelled: new Set(), campaignSeconds: 0, succeeded: new Map() };
  for (let kill = 0; kill < KILLS; kill += 1) {
    const emulator = await start();
    await check(emulator.url, told);
    const asking = Promise.all([0, 1, 2].map((who) => keepAsking(emulator.url, told, `k${kill}-w${who}`)));
    await wait(30 + random() * 300);
    await emulator.kill();
    await asking;
    const journalFile = join(folder, 'journal.jsonl');
    const { resumeTime } = parseJournal(readFileSync(journalFile, 'utf8'), journalFile);
    expect(resumeTime, `time would fall back, seed ${SEED}`).toBeGreaterThanOrEqual(told.campaignSeconds);
  }
  const last = await start();
  await check(last.url, told);
  // Otherwise nothing was shown.
  expect(told.jobs.size, `seed ${SEED}`).toBeGreaterThan(KILLS);
  await last.kill();
}, 300_000);
