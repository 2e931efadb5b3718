import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmulatorOptions, startEmulator } from '../emulator/emulator.js';
import { readFaultFile } from '../emulator/faultFile.js';
import { FolderLock } from '../emulator/gcs/folderLock.js';
import { inUrl, loopbackAddress } from '../emulator/loopback.js';
import { readProjectFile } from '../emulator/services/projectFile.js';
import { inputError } from '../scenario/errors.js';
import { EXIT, type ExitCode } from './exit.js';
import { interruptible } from './interrupt.js';
import { loadScenario } from './load.js';
import { createOutput } from './output.js';

export interface EmulatorCommandOptions {
  port: number;
  grpcPort: number;
  host: string;
  scenario?: string;
  set?: string[];
  speed?: number;
  seed: string;
  /** Folder that outlives the process: the journal and the objects. */
  data?: string;
  faults?: string;
  /** A file that describes the project to be played. */
  play?: string;
  bucket?: string[];
  auth: 'none' | 'required';
  tasks: 'virtual' | 'local';
  containerCommand?: string;
  json?: boolean;
}

/** The world of a client that names none. */
const DEFAULT_SCENARIO = fileURLToPath(new URL('../../scenarios/thirteen-thousand.yaml', import.meta.url));
/** An hour a second: a 7-hour task takes 7 seconds. */
const DEFAULT_SPEED = 3600;
/** Real tasks take the time that they take. */
const DEFAULT_SPEED_OF_LOCAL_TASKS = 1;

/** An InputError when somebody else listens on the port that was asked for, else null. */
function portTaken(error: unknown, { port, grpcPort }: EmulatorCommandOptions): Error | null {
  const text = error instanceof Error ? error.message : String(error);
  if (!/EADDRINUSE|address already in use|No address added/i.test(text)) return null;
  const found = `a port that is taken (${[port, grpcPort].filter((number) => number !== 0).join(' or ')})`;
  return inputError({ path: '--port, --grpc-port', found, expected: 'a free port, or 0 for any' });
}

/** Runs until SIGINT or SIGTERM, and then ends with exit code 0: stopping it is how it is used. */
export async function emulator(options: EmulatorCommandOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const scenario = loadScenario(options.scenario ?? DEFAULT_SCENARIO, options.set);
  const { seed, data, tasks } = options;
  const speed = options.speed ?? (tasks === 'local' ? DEFAULT_SPEED_OF_LOCAL_TASKS : DEFAULT_SPEED);
  const address = loopbackAddress(options.host);
  const lock = data === undefined ? null : lockedFolder(data);
  const { signal, dispose } = interruptible();
  try {
    const [region = ''] = Object.keys(scenario.regions);
    const running = await startEmulator({
      scenario,
      seed,
      speed,
      host: address,
      httpPort: options.port,
      grpcPort: options.grpcPort,
      storageAuth: options.auth,
      buckets: (options.bucket ?? []).map((name) => ({ name, location: region })),
      onWarning: (text) => output.note(text),
      ...(options.faults === undefined ? {} : { faults: readFaultFile(options.faults) }),
      ...(options.play === undefined ? {} : { project: readProjectFile(options.play) }),
      ...keptIn(data),
      ...localTasks(options),
    }).catch((error: unknown) => {
      throw portTaken(error, options) ?? error;
    });
    const { httpPort, grpcPort } = running;
    signal.addEventListener('abort', () => void running.stop(), { once: true });
    output.document({ httpPort, grpcPort, pid: process.pid });
    const head = `The world of ${scenario.name} on loopback, ${speed} campaign seconds a second, seed ${seed}.`;
    output.print([head, ...howToReach(inUrl(address), httpPort, grpcPort)].join('\n'));
    await running.stopped;
  } finally {
    lock?.release();
    dispose();
  }
  return EXIT.done;
}

function lockedFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return new FolderLock(folder);
}

function keptIn(data: string | undefined): Partial<EmulatorOptions> {
  if (data === undefined) return {};
  return { journalFile: join(data, 'journal.jsonl'), storage: { folder: join(data, 'objects') } };
}

function localTasks({ tasks, data, containerCommand }: EmulatorCommandOptions): Partial<EmulatorOptions> {
  if (tasks === 'virtual') return {};
  if (data === undefined) {
    throw inputError({
      path: '--tasks local',
      found: 'no --data',
      expected: 'the folder in which the tasks keep their files (--data DIR)',
    });
  }
  const command = containerCommand === undefined ? null : [containerCommand];
  return { localTasks: { dataFolder: join(data, 'tasks'), containerCommand: command } };
}

function howToReach(host: string, httpPort: number, grpcPort: number): string[] {
  const http = `http://${host}:${httpPort}`;
  return [
    '',
    `  Batch, gRPC        ${host}:${grpcPort}   (no TLS, no credentials)`,
    `  Batch, REST        ${http}`,
    `  Cloud Storage      ${http}`,
    '',
    'For gcloud:',
    '',
    `  export CLOUDSDK_API_ENDPOINT_OVERRIDES_BATCH=${http}/`,
    `  export CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=${http}/storage/v1/`,
    '  export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true',
    '',
    'Its clock starts with the first job. Ctrl-C ends it. docs/emulator.md tells the rest.',
  ];
}
