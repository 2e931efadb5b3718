import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import { afterEach, expect, test } from 'vitest';
import type { EmulatorProcessConfig } from '../../../src/emulator/process.js';
import { exampleScenario } from '../../plan/examplePlan.js';
import { exampleJob, PARENT } from '../emulated.js';
import { temporaryFolder } from './served.js';

const PROCESS = fileURLToPath(new URL('../../../dist/emulator/process.js', import.meta.url));
/** Kills: a few in every run, as many as wanted by FEPCAST_KILLS. */
const KILLS = Number(process.env.FEPCAST_KILLS ?? 4);
const SEED = process.env.FEPCAST_SEED ?? 'kill -9';
const WRITERS = 8;
const UNIT = 256 * 1024;

const place = temporaryFolder();
let child: ChildProcess | null = null;
afterEach(async () => {
  await kill();
  place.remove();
});

async function start(): Promise<string> {
  const file = (name: string): string => join(place.folder, name);
  const readyFile = file('ready.json');
  rmSync(readyFile, { force: true });
  const config: EmulatorProcessConfig = {
    scenario: exampleScenario(),
    seed: SEED,
    speed: 1,
    journalFile: file('journal'),
    storageFolder: file('objects'),
    storageLimits: false,
    buckets: [{ name: 'bucket', location: 'us-central1' }],
    readyFile,
    logFile: file('log'),
  };
  writeFileSync(file('config.json'), JSON.stringify(config));
  const started = spawn(process.execPath, [PROCESS, file('config.json')], { stdio: 'ignore' });
  child = started;
  while (!existsSync(readyFile)) {
    if (started.exitCode !== null)
      throw new Error(`the emulator ended: ${readFileSync(file('log'), 'utf8')}`);
    await wait(10);
  }
  const { httpPort } = JSON.parse(readFileSync(readyFile, 'utf8'));
  return `http://127.0.0.1:${httpPort}`;
}

async function kill(): Promise<void> {
  const running = child;
  child = null;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
}

/** A content that tells what it is: its name and version over and over, so that any part of it gives it away. */
function contentOf(name: string, version: number, size: number): Buffer {
  return Buffer.alloc(size, `${name} version ${version} of ${size} bytes; `);
}

/** Throws unless it is one whole content of this object; returns its version. */
function versionOf(name: string, bytes: Buffer): number {
  const match = /^(.*?) version (\d+) of (\d+) bytes; /s.exec(bytes.toString('latin1', 0, 200));
  const version = Number(match?.[2]);
  const size = Number(match?.[3]);
  if (match?.[1] !== name || !bytes.equals(contentOf(name, version, size))) {
    throw new Error(`${name}: half an object is visible, ${bytes.length} bytes`);
  }
  return version;
}

type Acknowledged = Map<string, number>;

/** The answer, read to its end; anything but `expected` is an error of the emulator. */
async function answered(asked: Promise<Response>, expected: readonly number[]): Promise<Response> {
  const response = await asked;
  const text = await response.text();
  if (!expected.includes(response.status)) throw new UnexpectedAnswer(`${response.status}: ${text}`);
  return response;
}

class UnexpectedAnswer extends Error {}

async function uploadAtOnce(url: string, name: string, body: Buffer): Promise<void> {
  const path = `/upload/storage/v1/b/bucket/o?uploadType=media&name=${encodeURIComponent(name)}`;
  await answered(fetch(`${url}${path}`, { method: 'POST', body }), [200]);
}

async function uploadInChunks(url: string, name: string, bytes: Buffer): Promise<void> {
  const path = `/upload/storage/v1/b/bucket/o?uploadType=resumable&name=${encodeURIComponent(name)}`;
  const opened = await answered(fetch(`${url}${path}`, { method: 'POST' }), [200]);
  const session = opened.headers.get('location') ?? '';
  for (let at = 0; at < bytes.length; at += UNIT) {
    const end = Math.min(bytes.length, at + UNIT);
    const headers = { 'content-range': `bytes ${at}-${end - 1}/${bytes.length}` };
    const body = bytes.subarray(at, end);
    await answered(fetch(session, { method: 'PUT', headers, body, redirect: 'manual' }), [
      end === bytes.length ? 200 : 308,
    ]);
  }
}

/** Writes new objects, and one over and over, until the emulator is gone. */
async function writeOn(
  url: string,
  writer: number,
  round: number,
  random: () => number,
  acknowledged: Acknowledged,
): Promise<void> {
  try {
    for (let version = 1; ; version += 1) {
      const isOwn = random() < 0.5;
      const name = isOwn ? `new/${writer}/${round}/${version}` : `same/${writer}`;
      const number = round * 1_000_000 + version;
      const size = [100, 5_000, 600_000][Math.floor(random() * 3)] ?? 100;
      const upload = random() < 0.5 ? uploadAtOnce : uploadInChunks;
      await upload(url, name, contentOf(name, number, size));
      acknowledged.set(name, number);
    }
  } catch (error) {
    // The connection goes with the emulator; what it answers before is another matter.
    if (error instanceof UnexpectedAnswer) throw error;
  }
}

async function submitOn(url: string, round: number, accepted: Set<string>): Promise<void> {
  try {
    for (let number = 0; ; number += 1) {
      const jobId = `job-${round}-${number}`;
      const body = JSON.stringify(exampleJob(1, 1));
      // Beyond the rate limit of Batch it is refused.
      const asked = fetch(`${url}/v1/${PARENT}/jobs?jobId=${jobId}`, { method: 'POST', body });
      if ((await answered(asked, [200, 429])).status === 200) accepted.add(jobId);
      await wait(40);
    }
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw error;
  }
}

async function checkObjects(url: string, acknowledged: Acknowledged): Promise<void> {
  const present = new Map<string, number>();
  let pageToken = '';
  do {
    const response = await fetch(`${url}/storage/v1/b/bucket/o?maxResults=1000&pageToken=${pageToken}`);
    const page = (await response.json()) as { items?: { name: string }[]; nextPageToken?: string };
    for (const { name } of page.items ?? []) {
      const content = await fetch(`${url}/storage/v1/b/bucket/o/${encodeURIComponent(name)}?alt=media`);
      present.set(name, versionOf(name, Buffer.from(await content.arrayBuffer())));
    }
    pageToken = page.nextPageToken ?? '';
  } while (pageToken !== '');
  for (const [name, version] of acknowledged) {
    // A later write may have taken effect before its answer was on its way.
    expect(present.get(name) ?? 0, name).toBeGreaterThanOrEqual(version);
  }
}

test(
  `after each of ${KILLS} kills every acknowledged object and job is there, and no half object (seed ${SEED})`,
  async () => {
    const random = seedrandom(SEED);
    const acknowledged: Acknowledged = new Map();
    const accepted = new Set<string>();
    for (let round = 1; round <= KILLS; round += 1) {
      const url = await start();
      await checkObjects(url, acknowledged);
      for (const jobId of accepted) {
        await answered(fetch(`${url}/v1/${PARENT}/jobs/${jobId}`), [200]);
      }
      const before = acknowledged.size;
      const writers = Array.from({ length: WRITERS }, (_, writer) =>
        writeOn(url, writer, round, random, acknowledged),
      );
      writers.push(submitOn(url, round, accepted));
      // Killed before anything was acknowledged, it would have nothing to lose.
      const first = (async () => {
        while (acknowledged.size === before) await wait(5);
        await wait(200 * random());
      })();
      await Promise.race([first, Promise.all(writers)]);
      await kill();
      await Promise.all(writers);
    }
    await checkObjects(await start(), acknowledged);
    expect(accepted.size).toBeGreaterThan(0);
  },
  // Restarts, and reading everything back each time.
  60_000 + KILLS * 15_000,
);
