import { spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { InputError } from '../scenario/errors.js';
import { writeAtomically } from './atomicFile.js';
import { getJson } from './httpJson.js';
import { readJsonFile } from './jsonFile.js';
import { isAlive, markOf } from './processAlive.js';
import type { RunPaths } from './runFolder.js';

/** A living emulator of a run. */
export interface EmulatorPorts {
  pid: number;
  httpPort: number;
  grpcPort: number;
}

/** What a rehearsal does for a task: let time pass, or run it as processes of this machine. */
export type TaskKind = 'virtual' | 'local';

/** What is written down the moment the process exists, before it is ready. */
const processSchema = z.object({
  pid: z.number(),
  startTicks: z.string().nullable(),
  seed: z.string(),
  tasks: z.enum(['virtual', 'local']).default('virtual'),
});
const readySchema = z.object({ pid: z.number(), httpPort: z.number(), grpcPort: z.number() });
const infoSchema = z.object({ pid: z.number(), runId: z.string().nullable() });

/** Rebuilding a World from a long journal takes seconds. Wall time. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 15;
/** An emulator that nobody asks for anything ends by itself after this; its journal lets a later one go on. */
const IDLE_SECONDS = 600;

/**
 * The emulator that a process of this run started and that still lives, or null. Waits for one that is just
 * starting. Throws InputError when it was started with another seed or another kind of tasks.
 */
export async function findEmulator(
  paths: RunPaths,
  runId: string,
  seed?: string,
  tasks?: TaskKind,
): Promise<EmulatorPorts | null> {
  const started = processSchema.safeParse(await readJsonFile(paths.emulatorProcess));
  if (!started.success) return null;
  if (seed !== undefined && started.data.seed !== seed) {
    throw new InputError(
      `run ${runId}: --seed: found "${seed}", expected "${started.data.seed}", which the rehearsal was started with; choose another --run-id`,
    );
  }
  if (tasks !== undefined && started.data.tasks !== tasks) {
    throw new InputError(
      `run ${runId}: --tasks: found "${tasks}", expected "${started.data.tasks}", which the rehearsal was started with; choose another --run-id`,
    );
  }
  if (!isAlive(started.data)) return null;
  const ports = await untilReady(paths, started.data.pid, () => !isAlive(started.data));
  return ports !== null && (await answersFor(ports, runId)) ? ports : null;
}

const settingsSchema = z.object({
  speed: z.number(),
  containerCommand: z.array(z.string()).nullable().default(null),
});

/** With what the emulator of a run was started; null: it never was. */
export async function rehearsedWith(
  paths: RunPaths,
): Promise<{ seed: string; tasks: TaskKind; speed: number; containerCommand?: string[] } | null> {
  const started = processSchema.safeParse(await readJsonFile(paths.emulatorProcess));
  const settings = settingsSchema.safeParse(await readJsonFile(paths.emulatorConfig));
  if (!started.success || !settings.success) return null;
  const { speed, containerCommand } = settings.data;
  const { seed, tasks } = started.data;
  return { seed, tasks, speed, ...(containerCommand === null ? {} : { containerCommand }) };
}

/** A rehearsal has the luck of the first replication of a forecast with the same seed. */
function worldSeed(seed: string): string {
  return `${seed}/0`;
}

/**
 * Starts the emulator as a process that outlives this one, as the cloud does. It goes on from the journal of an
 * earlier one, if there is one. Throws an Error with the last line of its log when it does not come up.
 */
export async function startEmulatorProcess(
  paths: RunPaths,
  options: { entry: string; node: string; config: Record<string, unknown>; seed: string; tasks?: TaskKind },
): Promise<EmulatorPorts> {
  await rm(paths.emulatorReady, { force: true });
  const config = {
    ...options.config,
    tasks: options.tasks ?? 'virtual',
    seed: worldSeed(options.seed),
    journalFile: paths.emulatorJournal,
    outcomeFile: paths.emulatorOutcome,
    processFile: paths.emulatorProcess,
    readyFile: paths.emulatorReady,
    logFile: paths.emulatorLog,
    idleSeconds: IDLE_SECONDS,
  };
  await writeAtomically(paths.emulatorConfig, JSON.stringify(config));
  const log = await open(paths.emulatorLog, 'a');
  let ended = '';
  try {
    // Its own process group: Ctrl-C on the terminal is not meant for it.
    const child = spawn(options.node, [options.entry, paths.emulatorConfig], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `exit code ${code}`}`;
    });
    child.unref();
    if (child.pid !== undefined) {
      await writeAtomically(
        paths.emulatorProcess,
        JSON.stringify({ ...markOf(child.pid), seed: options.seed, tasks: config.tasks }),
      );
      const ports = await untilReady(paths, child.pid, () => ended !== '');
      if (ports !== null) return ports;
    }
  } finally {
    await log.close();
  }
  const lines = (await readFile(paths.emulatorLog, 'utf8')).trim().split('\n');
  const cause = lines.findLast((line) => line.includes('rror')) ?? ended;
  throw new Error(
    `the emulator did not start: ${ended || 'it was never ready'}: ${cause} (log: ${paths.emulatorLog})`,
  );
}

/** Asks it to end and waits until it has. */
export async function stopEmulator(paths: RunPaths, { pid, httpPort }: EmulatorPorts): Promise<void> {
  const mark = markOf(pid);
  await getJson(`http://127.0.0.1:${httpPort}/emulator/v1/shutdown`, 'POST');
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(mark) && performance.now() < deadline) await wait(LOOK_EVERY_MS);
  await rm(paths.emulatorReady, { force: true });
}

/** Null when the process ends, or is not ready in time. */
async function untilReady(
  paths: RunPaths,
  pid: number,
  hasEnded: () => boolean,
): Promise<EmulatorPorts | null> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const ready = readySchema.safeParse(await readJsonFile(paths.emulatorReady));
    if (ready.success && ready.data.pid === pid) return ready.data;
    if (hasEnded()) return null;
    await wait(LOOK_EVERY_MS);
  }
  return null;
}

/** False when nobody listens there, or somebody else does: pids and ports are given to others in time. */
async function answersFor({ pid, httpPort }: EmulatorPorts, runId: string): Promise<boolean> {
  const url = `http://127.0.0.1:${httpPort}/emulator/v1/info`;
  const answer = await getJson(url).catch(() => null);
  const info = infoSchema.safeParse(answer);
  return info.success && info.data.pid === pid && info.data.runId === runId;
}
