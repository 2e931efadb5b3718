import { createHash, randomUUID } from 'node:crypto';
import seedrandom from 'seedrandom';
import type { Clock } from '../plan/clock.js';
import { homeOf } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { inputError } from '../scenario/errors.js';
import { wallClock } from './clock.js';
import { findCredentials } from './credentials.js';
import { emulatorLogin } from './emulatorLogin.js';
import { type EmulatorPorts, findEmulator, rehearsedWith } from './emulatorProcess.js';
import { connectEmulator, connectGoogle } from './googleBatch.js';
import { connectEmulatorStorage, connectGoogleStorage } from './googleStorage.js';
import type { CloudPort } from './port.js';
import { connectEmulatorServices, connectGoogleServices } from './preflight/connect.js';
import type { ServicesPort } from './preflight/servicesPort.js';
import { openRehearsal, type RehearsedTasks } from './rehearsal.js';
import { renewingAuth } from './renewingAuth.js';
import type { RunFolder } from './runFolder.js';
import { type StatePlace, statePlaceOf } from './statePlace.js';

/** The project of a rehearsal when neither the plan nor the user names one. */
export const REHEARSAL_PROJECT = 'rehearsal';

/** The cloud that a run works on, and what differs between Google and a rehearsal. */
export interface Connection {
  source: 'rehearse' | 'execute';
  project: string;
  state: StatePlace;
  /** Not retried. */
  cloud: CloudPort;
  /** The reads of other services; retried. */
  services: ServicesPort;
  /** Campaign time. */
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  newId: () => string;
  /** What stands for the inputs of tasks that read none; null: they are to be staged. */
  standIns: InputOf | null;
  /** The run is over: a rehearsal ends its emulator. */
  finished(): Promise<void>;
  close(): Promise<void>;
}

const CHANCE = { newId: () => randomUUID() };

/** Google Cloud. Throws CredentialsError when nobody is logged in. */
export async function connectToGoogle(to: { project: string; state: StatePlace }): Promise<Connection> {
  const { project, state } = to;
  const login = await findCredentials();
  const authClient = await renewingAuth(login, findCredentials);
  const batch = await connectGoogle({ project, authClient });
  const storage = await connectGoogleStorage({ project, authClient });
  return {
    source: 'execute',
    project,
    state,
    cloud: { batch, storage },
    services: connectGoogleServices({ project, authClient, login }),
    clock: wallClock(),
    ...CHANCE,
    random: seedrandom(),
    standIns: null,
    finished: async () => undefined,
    close: () => batch.close(),
  };
}

export interface RehearsalSettings extends RehearsedTasks {
  seed: string;
  /** Campaign seconds per wall second; default: 1 for local tasks, else such that it takes about a minute. */
  speed?: number | undefined;
  emulatorEntry: string;
}

/** The emulator of the run: found, or started. */
export async function connectToRehearsal(
  folder: RunFolder,
  options: RehearsalSettings & { project: string },
): Promise<Connection> {
  const { project, tasks = 'virtual' } = options;
  const { runId, plan } = folder;
  const rehearsal = await openRehearsal({ ...options, folder, buckets: bucketsOf(plan) });
  const { batch, storage } = await connectPorts(rehearsal.ports, project);
  return {
    source: 'rehearse',
    project,
    state: statePlaceOf(plan, 'rehearse'),
    cloud: { batch, storage },
    services: await connectEmulatorServices({ httpPort: rehearsal.ports.httpPort, project }),
    clock: rehearsal.clock,
    ...CHANCE,
    random: seedrandom(runId),
    standIns: tasks === 'virtual' ? standInsOf(plan) : null,
    finished: () => rehearsal.shutdown(),
    close: () => batch.close(),
  };
}

/** The ports of an emulator that is there. Its Cloud Storage may ask who calls. */
export async function connectPorts(ports: EmulatorPorts, project: string): Promise<CloudPort> {
  const { grpcPort, httpPort } = ports;
  const batch = await connectEmulator({ grpcPort, project });
  const authClient = await emulatorLogin({ httpPort });
  return { batch, storage: await connectEmulatorStorage({ httpPort, project, authClient }) };
}

/** How a rehearsal was started, for a command that goes on with it. Throws InputError where nothing tells. */
export async function sameRehearsal(
  folder: Pick<RunFolder, 'paths' | 'runId'>,
): Promise<Omit<RehearsalSettings, 'emulatorEntry'>> {
  const settings = await rehearsedWith(folder.paths);
  if (settings !== null) return settings;
  throw inputError({
    file: folder.paths.folder,
    path: folder.runId,
    found: 'a rehearsal that was never started',
    expected: '`fepcast exec --rehearse` with its plan',
  });
}

/** Whether the emulator of a rehearsal lives; null: it does not. */
export function livingRehearsal(folder: Pick<RunFolder, 'paths' | 'runId'>): Promise<EmulatorPorts | null> {
  return findEmulator(folder.paths, folder.runId);
}

/** The buckets that a run needs: state, scratch and results. */
function bucketsOf(plan: Plan): { name: string; location: string }[] {
  const regions = [...new Set(plan.shards.map(({ region }) => region))];
  const homes = regions.flatMap((region) => {
    const { scratchBucket, resultsBucket } = homeOf(plan, region);
    return [scratchBucket, resultsBucket].map((name) => ({ name, location: region }));
  });
  const state = { name: statePlaceOf(plan, 'rehearse').bucket, location: regions[0] ?? 'us-central1' };
  return [...new Map([state, ...homes].map((bucket) => [bucket.name, bucket])).values()];
}

/** Virtual tasks only let time pass: the name of an input stands for its content, and nothing is read. */
export function standInsOf({ work }: Plan): InputOf {
  return (task) => {
    const input = work?.inputs[task];
    return input === undefined ? null : { sha256: createHash('sha256').update(input).digest('hex') };
  };
}
