import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { jobIdOf } from '../plan/job.js';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { writeAtomically } from './atomicFile.js';
import { readJsonFile } from './jsonFile.js';
import { makeFolder } from './makeFolder.js';
import { lockRun } from './runLock.js';

/** Where runs are kept unless `--state-dir` names another place; relative to the working directory. */
export const DEFAULT_STATE_DIR = '.fepcast';

/** The files of one run under `<stateDir>/runs/<runId>/`. */
export interface RunPaths {
  folder: string;
  plan: string;
  about: string;
  /** A copy of the ledger in the state bucket. */
  ledger: string;
  lock: string;
  snapshot: string;
  /** Of a rehearsal: what the emulator was started with, who it is, and what it wrote. */
  emulatorConfig: string;
  emulatorProcess: string;
  emulatorReady: string;
  emulatorJournal: string;
  emulatorOutcome: string;
  emulatorStorage: string;
  emulatorLog: string;
  /** A folder: VMs, logs and processes of local tasks. */
  emulatorTasks: string;
}

/** What a run is, for commands that are given nothing but its name. */
export interface RunAbout {
  source: 'rehearse' | 'execute';
  project: string;
  /** Where its record is: gs://bucket/prefix. */
  state: string;
}

const aboutSchema = z.looseObject({
  source: z.enum(['rehearse', 'execute']),
  project: z.string(),
  state: z.string(),
}) satisfies z.ZodType<RunAbout>;

/**
 * What a run has on this machine, while this process alone works on it here: a copy of its plan and its ledger, its
 * last snapshot, and in a rehearsal its emulator. Its record is in the state bucket (runRecord.ts).
 */
export interface RunFolder {
  runId: string;
  plan: Plan;
  paths: RunPaths;
  /** Gives the lock back. */
  close(): Promise<void>;
}

export function runPaths(stateDir: string, runId: string): RunPaths {
  const folder = join(stateDir, 'runs', runId);
  return {
    folder,
    plan: join(folder, 'plan.json'),
    about: join(folder, 'about.json'),
    ledger: join(folder, 'ledger.jsonl'),
    lock: join(folder, 'lock'),
    snapshot: join(folder, 'snapshot.json'),
    emulatorConfig: join(folder, 'emulator.config.json'),
    emulatorProcess: join(folder, 'emulator.process.json'),
    emulatorReady: join(folder, 'emulator.ready.json'),
    emulatorJournal: join(folder, 'emulator.journal.jsonl'),
    emulatorOutcome: join(folder, 'emulator.outcome.json'),
    emulatorStorage: join(folder, 'emulator.storage'),
    emulatorLog: join(folder, 'emulator.log'),
    emulatorTasks: join(folder, 'emulator.tasks'),
  };
}

/**
 * Opens the run for this process alone, and makes it where it does not exist. Throws InputError for an impossible
 * run id, when another process holds the run, and when the run belongs to another plan.
 */
export async function openRunFolder(options: {
  stateDir: string;
  runId: string;
  plan: Plan;
  about: RunAbout;
}): Promise<RunFolder> {
  const { stateDir, runId, plan, about } = options;
  checkRunId(runId, plan);
  const paths = runPaths(stateDir, runId);
  await makeRunFolder(paths.folder, stateDir);
  const unlock = await lockRun(paths.lock, runId);
  try {
    await keepPlan(paths.plan, plan, runId);
    if ((await readAbout(paths)) === null) await writeAtomically(paths.about, JSON.stringify(about));
    return { runId, plan, paths, close: unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Null for a run that this machine does not know. */
export async function readAbout(paths: Pick<RunPaths, 'about'>): Promise<RunAbout | null> {
  const parsed = aboutSchema.safeParse(await readJsonFile(paths.about));
  return parsed.success ? parsed.data : null;
}

/** Names of the runs in the state folder, in order; none when there is no such folder. */
export async function knownRuns(stateDir: string): Promise<string[]> {
  try {
    const entries = await readdir(join(stateDir, 'runs'), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** A job id has at most 63 characters: lower-case letters, digits and hyphens, a letter first. */
const LONGEST_JOB_ID = 63;

/** Throws InputError unless every job of the run, remainders included, gets a job id that Batch accepts. */
export function checkRunId(runId: string, plan: Plan): void {
  const lastRound = plan.remainder.maxRounds;
  const longest = Math.max(0, ...plan.shards.map((shard) => jobIdOf(runId, shard.id, lastRound).length));
  const room = LONGEST_JOB_ID - (longest - runId.length);
  if (/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(runId) && runId.length <= room) return;
  const expected = `lower-case letters, digits and hyphens, a letter first, at most ${room} characters (they start every job id)`;
  throw inputError({ path: '--run-id', found: `"${runId}"`, expected });
}

async function makeRunFolder(folder: string, stateDir: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw inputError({
      file: stateDir,
      path: '--state-dir',
      found,
      expected: 'a folder that can be written',
    });
  }
}

/** A run keeps the plan that it was started with; anything else must be another run. */
async function keepPlan(path: string, plan: Plan, runId: string): Promise<void> {
  const text = JSON.stringify(plan);
  const kept = await readIfThere(path);
  if (kept === null) return writeAtomically(path, text);
  if (kept === text) return;
  const found = `another plan than the one that run ${runId} was started with`;
  throw inputError({ file: path, found, expected: 'the same plan, or another --run-id' });
}

async function readIfThere(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null);
  return there === null ? null : readFile(path, 'utf8');
}
