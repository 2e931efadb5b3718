import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { batchClient, clientJob, exampleJob, PARENT } from './emulated.js';

let folder: string;
const started: Emulator[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'emulator-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((emulator) => emulator.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const emulator = await startEmulator({ scenario: exampleScenario(), seed: '1', speed: 20_000, ...options });
  started.push(emulator);
  return emulator;
}

async function ask(port: number, path: string, method = 'GET'): Promise<{ code: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}/emulator/v1/${path}`, { method });
  return { code: response.status, body: await response.json() };
}

async function submit(grpcPort: number): Promise<void> {
  const client = batchClient(grpcPort);
  await client.createJob({ parent: PARENT, jobId: 'job-a', job: clientJob(exampleJob()) });
  await client.close();
}

test('it tells its clock, itself, the campaign and, at the end, the outcome', async () => {
  const outcomeFile = join(folder, 'outcome.json');
  const { httpPort, grpcPort } = await start({ runId: 'run-1', outcomeFile });
  expect((await ask(httpPort, 'clock')).body).toEqual({
    epochSeconds: expect.any(Number),
    campaignSeconds: 0,
    speed: 20_000,
    started: false,
  });
  expect((await ask(httpPort, 'info')).body).toEqual({
    pid: process.pid,
    runId: 'run-1',
    scenario: 'example',
    seed: '1',
    grpcPort,
    httpPort,
  });
  await submit(grpcPort);
  expect((await ask(httpPort, 'outcome')).code).toBe(404);
  expect((await ask(httpPort, 'clock')).body).toMatchObject({ started: true });
  expect((await ask(httpPort, 'snapshot')).body).toMatchObject({
    source: 'rehearse',
    runId: 'run-1',
    state: 'running',
  });
  await vi.waitFor(() => expect(existsSync(outcomeFile)).toBe(true), 20_000);
  const { body } = await ask(httpPort, 'outcome');
  expect(body).toMatchObject({ metrics: { tasksSucceeded: 13 } });
  expect(JSON.parse(readFileSync(outcomeFile, 'utf8'))).toEqual(body);
});

test('a restart on the same journal goes on at the same campaign time', async () => {
  const journalFile = join(folder, 'journal.jsonl');
  const first = await start({ journalFile, speed: 1000 });
  await submit(first.grpcPort);
  await wait(100);
  await first.stop();
  const { epochSeconds } = JSON.parse(readFileSync(journalFile, 'utf8').split('\n')[0] ?? '');
  const lines = readFileSync(journalFile, 'utf8').trimEnd().split('\n');
  const { t } = JSON.parse(lines.at(-1) ?? '');
  expect(t).toBeGreaterThan(90);
  await wait(300);
  const second = await start({ journalFile, speed: 1000 });
  const { body } = await ask(second.httpPort, 'clock');
  expect(body).toMatchObject({ epochSeconds, started: true });
  const { campaignSeconds } = body as { campaignSeconds: number };
  expect(campaignSeconds).toBeGreaterThanOrEqual(t);
});

test('it stops when it is told to, and when nobody has asked for anything for a while', async () => {
  const told = await start();
  expect((await ask(told.httpPort, 'shutdown', 'POST')).code).toBe(200);
  await told.stopped;
  await expect(ask(told.httpPort, 'clock')).rejects.toThrow();

  const idle = await start({ idleSeconds: 0.3 });
  for (let request = 0; request < 5; request += 1) {
    await wait(100);
    expect((await ask(idle.httpPort, 'clock')).code).toBe(200);
  }
  await idle.stopped;
  await expect(ask(idle.httpPort, 'clock')).rejects.toThrow();
});

test('a port that is taken is an error, and nothing stays open', async () => {
  const { httpPort } = await start();
  const journalFile = join(folder, 'journal.jsonl');
  await expect(start({ httpPort, journalFile })).rejects.toThrow('EADDRINUSE');
  await start({ journalFile });
});

const PROCESS = fileURLToPath(new URL('../../dist/emulator/process.js', import.meta.url));

function runProcess(config: object): { child: ReturnType<typeof spawn>; readyFile: string; logFile: string } {
  const files = { readyFile: join(folder, 'ready.json'), logFile: join(folder, 'log') };
  const configFile = join(folder, 'config.json');
  writeFileSync(
    configFile,
    JSON.stringify({ scenario: exampleScenario(), seed: '1', speed: 1000, ...files, ...config }),
  );
  return { child: spawn(process.execPath, [PROCESS, configFile], { stdio: 'ignore' }), ...files };
}

test('as a process it says when it is ready and runs until SIGTERM', async () => {
  const { child, readyFile, logFile } = runProcess({});
  const exit = once(child, 'exit');
  await vi.waitFor(() => expect(existsSync(readyFile)).toBe(true), 20_000);
  const ready = JSON.parse(readFileSync(readyFile, 'utf8'));
  expect(ready).toEqual({ httpPort: expect.any(Number), grpcPort: expect.any(Number), pid: child.pid });
  await submit(ready.grpcPort);
  child.kill('SIGINT');
  expect((await ask(ready.httpPort, 'clock')).body).toMatchObject({ started: true });
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(readFileSync(logFile, 'utf8')).toMatch(/ready: HTTP \d+.*\n.*SIGINT ignored\n.*stopped\n$/s);
});

test('a process that cannot start says why in its log and ends with 1', async () => {
  const journalFile = join(folder, 'journal.jsonl');
  writeFileSync(journalFile, 'not a journal\n');
  const { child, readyFile, logFile } = runProcess({ journalFile });
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(readFileSync(logFile, 'utf8')).toContain('journal.jsonl: line 1: found "not a journal"');
  expect(existsSync(readyFile)).toBe(false);
});
