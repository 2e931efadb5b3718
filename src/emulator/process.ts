import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import { startEmulator } from './emulator.js';
import { parseFaults } from './faultFile.js';
import { replaceJsonFile } from './replaceFile.js';
import { projectTroubleSchema } from './services/project.js';

/**
 * The emulator as a process of its own: `node process.js CONFIG.json`. It writes `readyFile` once it listens and
 * runs until SIGTERM, a shutdown request or its idle time. A rehearsal starts it so.
 */
const portSchema = z.int().min(0).max(65_535);

const configSchema = z.strictObject({
  scenario: z.custom<Scenario>((value) => typeof value === 'object' && value !== null, 'a resolved scenario'),
  seed: z.string(),
  speed: z.number().positive(),
  httpPort: portSchema.default(0),
  grpcPort: portSchema.default(0),
  journalFile: z.string().nullable().default(null),
  outcomeFile: z.string().nullable().default(null),
  runId: z.string().nullable().default(null),
  idleSeconds: z.number().positive().nullable().default(null),
  /** What is to go wrong: see faultFile.ts. */
  faults: z.unknown().optional(),
  /** What is wrong with the project that is played. */
  project: projectTroubleSchema.prefault({}),
  /** `local`: real processes, which keep their files in `dataFolder`. */
  tasks: z.enum(['virtual', 'local']).default('virtual'),
  dataFolder: z.string().nullable().default(null),
  /** Stands in for the entrypoint of a job's image. */
  containerCommand: z.array(z.string()).min(1).nullable().default(null),
  /** Lifetime of the tasks' access tokens. */
  tokenSeconds: z.number().positive().nullable().default(null),
  /** Where objects are kept; null: in memory. */
  storageFolder: z.string().nullable().default(null),
  /** Made unless they are there. */
  buckets: z.array(z.strictObject({ name: z.string(), location: z.string() })).default([]),
  /** `required`: only with a token of the metadata server. */
  storageAuth: z.enum(['required', 'none']).default('none'),
  /** Whether buckets and object names refuse what comes too fast. */
  storageLimits: z.boolean().default(true),
  /**
   * Where whoever starts it writes its pid down. It touches nothing before it is named there: one that nobody could
   * ever find again, because its parent was killed at that moment, ends.
   */
  processFile: z.string().nullable().default(null),
  /** Gets `{ httpPort, grpcPort, pid }`. */
  readyFile: z.string(),
  logFile: z.string(),
});

/** The pid is written down in milliseconds. Wall time. */
const NAMED_WITHIN_MS = 10_000;
const NAMED_LOOK_EVERY_MS = 10;

export type EmulatorProcessConfig = z.input<typeof configSchema>;

const [configFile] = process.argv.slice(2);
if (configFile === undefined) {
  process.stderr.write('usage: node process.js CONFIG.json\n');
  process.exit(2);
}
const config = configSchema.parse(JSON.parse(readFileSync(configFile, 'utf8')));
const log = (text: string): void => appendFileSync(config.logFile, `${new Date().toISOString()} ${text}\n`);

process.on('uncaughtException', (error) => {
  log(`ended by an error: ${error.stack ?? String(error)}`);
  process.exit(1);
});
// Ctrl-C reaches the whole process group; whether the rehearsal ends with it is for its parent to say.
process.on('SIGINT', () => log('SIGINT ignored'));

const { readyFile, logFile: _logFile, journalFile, outcomeFile, idleSeconds, processFile, ...rest } = config;
if (processFile !== null && !(await isExpected(processFile))) {
  log(`ended: ${processFile} never named process ${process.pid}`);
  process.exit(1);
}
const { faults, ...settings } = rest;
const { tasks, dataFolder, containerCommand, tokenSeconds, storageFolder, ...options } = settings;
if (tasks === 'local' && dataFolder === null) throw new Error('local tasks need a dataFolder');
const emulator = await startEmulator({
  ...options,
  storage: storageFolder === null ? 'memory' : { folder: storageFolder },
  onWarning: log,
  faults: parseFaults(faults, ({ path, ...misfit }) =>
    inputError({ file: configFile, path: `faults.${path}`, ...misfit }),
  ),
  ...(journalFile === null ? {} : { journalFile }),
  ...(outcomeFile === null ? {} : { outcomeFile }),
  ...(idleSeconds === null ? {} : { idleSeconds }),
  ...(tasks === 'local' && dataFolder !== null
    ? { localTasks: { dataFolder, containerCommand, ...(tokenSeconds === null ? {} : { tokenSeconds }) } }
    : {}),
});
process.once('SIGTERM', () => void emulator.stop());
const { httpPort, grpcPort } = emulator;
replaceJsonFile(readyFile, { httpPort, grpcPort, pid: process.pid });
log(`ready: HTTP ${httpPort}, gRPC ${grpcPort}, speed ${config.speed}`);
await emulator.stopped;
log('stopped');
process.exit(0);

async function isExpected(file: string): Promise<boolean> {
  const deadline = performance.now() + NAMED_WITHIN_MS;
  do {
    if (pidIn(file) === process.pid) return true;
    await wait(NAMED_LOOK_EVERY_MS);
  } while (performance.now() < deadline);
  return false;
}

/** Null while it is not there; it is replaced as a whole. */
function pidIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).pid;
  } catch {
    return null;
  }
}
