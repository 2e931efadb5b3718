import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDataFolder } from '../emulator/dataFolder.js';
import { type EmulatorOptions, startEmulator } from '../emulator/emulator.js';
import { type FaultSettings, readFaultFile } from '../emulator/faultFile.js';
import { FolderLock } from '../emulator/gcs/folderLock.js';
import { isBucketName } from '../emulator/gcs/names.js';
import { inUrl, loopbackAddress } from '../emulator/loopback.js';
import { refuseTakenPort } from '../emulator/portTaken.js';
import { readProjectFile } from '../emulator/services/projectFile.js';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
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

/** Runs until SIGINT or SIGTERM, and then ends with exit code 0: stopping it is how it is used. */
export async function emulator(options: EmulatorCommandOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const scenario = loadScenario(options.scenario ?? DEFAULT_SCENARIO, options.set);
  const { seed, data, tasks } = options;
  const speed = options.speed ?? (tasks === 'local' ? DEFAULT_SPEED_OF_LOCAL_TASKS : DEFAULT_SPEED);
  const address = loopbackAddress(options.host);
  const wishes = wishesOf(options, scenario);
  await refusePorts(options, address);
  const lock = data === undefined ? null : lockedFolder(data);
  const { signal, dispose } = interruptible();
  try {
    const running = await startEmulator({
      scenario,
      seed,
      speed,
      host: address,
      httpPort: options.port,
      grpcPort: options.grpcPort,
      storageAuth: options.auth,
      onWarning: (text) => output.note(text),
      ...wishes,
      ...keptIn(data),
      ...localTasks(options),
    }).catch((error: unknown) => {
      throw brokenData(error, data) ?? error;
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
  makeDataFolder(folder);
  try {
    return new FolderLock(folder);
  } catch (error) {
    throw brokenData(error, folder) ?? error;
  }
}

/** Something in the data folder is not what it was left as; null: another kind of error. */
function brokenData(error: unknown, folder: string | undefined): Error | null {
  if (folder === undefined || !(error instanceof Error) || !('code' in error && 'syscall' in error))
    return null;
  if (error.syscall === 'listen') return null;
  // Of a folder that is read as a file the system does not say the name.
  const file = 'path' in error && typeof error.path === 'string' ? error.path : folder;
  const expected = 'a data folder as the emulator leaves it, or one that it may fill';
  return inputError({ file, found: `what cannot be used (${String(error.code)})`, expected });
}

async function refusePorts({ port, grpcPort }: EmulatorCommandOptions, address: string): Promise<void> {
  if (port !== 0 && port === grpcPort) {
    const expected = 'another port than --port has, or 0 for any';
    throw inputError({ path: '--grpc-port', found: String(grpcPort), expected });
  }
  await refuseTakenPort('--port', port, address);
  await refuseTakenPort('--grpc-port', grpcPort, address);
}

/** The buckets, the faults and the project that were asked for. */
function wishesOf(
  { bucket = [], faults, play }: EmulatorCommandOptions,
  { regions }: Scenario,
): Partial<EmulatorOptions> {
  const names = Object.keys(regions);
  for (const name of bucket) {
    if (isBucketName(name)) continue;
    const expected = 'the name of a bucket: 3 to 63 lowercase letters, digits, dashes, underscores and dots';
    throw inputError({ path: '--bucket', found: JSON.stringify(name), expected });
  }
  return {
    buckets: bucket.map((name) => ({ name, location: names[0] ?? '' })),
    ...(faults === undefined ? {} : { faults: faultsIn(faults, names) }),
    ...(play === undefined ? {} : { project: readProjectFile(play) }),
  };
}

function faultsIn(file: string, regions: readonly string[]): FaultSettings {
  const faults = readFaultFile(file);
  faults.world.forEach(({ region }, index) => {
    if (regions.includes(region)) return;
    const expected = `a region of the scenario: ${regions.join(', ')}`;
    throw inputError({ file, path: `world[${index}].region`, found: JSON.stringify(region), expected });
  });
  return faults;
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
