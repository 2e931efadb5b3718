import { appendFileSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Scenario } from '../scenario/scenario.js';
import { startEmulator } from './emulator.js';
import { replaceJsonFile } from './replaceFile.js';

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
  /** Gets `{ httpPort, grpcPort, pid }`. */
  readyFile: z.string(),
  logFile: z.string(),
});

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

const { readyFile, logFile: _logFile, journalFile, outcomeFile, idleSeconds, ...options } = config;
const emulator = await startEmulator({
  ...options,
  ...(journalFile === null ? {} : { journalFile }),
  ...(outcomeFile === null ? {} : { outcomeFile }),
  ...(idleSeconds === null ? {} : { idleSeconds }),
});
process.once('SIGTERM', () => void emulator.stop());
const { httpPort, grpcPort } = emulator;
replaceJsonFile(readyFile, { httpPort, grpcPort, pid: process.pid });
log(`ready: HTTP ${httpPort}, gRPC ${grpcPort}, speed ${config.speed}`);
await emulator.stopped;
log('stopped');
process.exit(0);
