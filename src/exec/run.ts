import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import type { InputOf } from '../plan/taskIndex.js';
import { inputError } from '../scenario/errors.js';
import { CampaignView } from './campaignView.js';
import { CanaryError } from './canary/canaries.js';
import {
  type Connection,
  connectToGoogle,
  connectToRehearsal,
  REHEARSAL_PROJECT,
  type RehearsalSettings,
} from './connection.js';
import { type ExecuteOptions, execute } from './executor.js';
import { thisProcess } from './holder.js';
import { defaultRunId, nextRunId } from './ids.js';
import { bucketInventory, type Inventory } from './inventory.js';
import { type LedgerState, readLedger, replay } from './ledger.js';
import type { CloudPort } from './port.js';
import type { BeforeStart } from './preflight/beforeStart.js';
import { resolveImages } from './preflight/resolveImages.js';
import { roomOf } from './preflight/room.js';
import { retryingStorage } from './retryStorage.js';
import { findingsOf } from './runFindings.js';
import { DEFAULT_STATE_DIR, knownRuns, openRunFolder, type RunFolder } from './runFolder.js';
import { openRunRecord, runsInBucket } from './runRecord.js';
import { keepHeapSmall } from './smallHeap.js';
import { inputsOfRun } from './stagedInputs.js';
import type { StagingProgress } from './staging.js';
import { runObject, statePlaceOf } from './statePlace.js';
import { gsUrl, type StoragePort } from './storagePort.js';
import { type ExecSummary, summaryOf } from './summary.js';

/** What whoever follows a run can say about it. */
export interface FollowOptions {
  onSnapshot?: (snapshot: Snapshot) => void;
  onStaging?: (progress: StagingProgress) => void;
  signal?: AbortSignal | undefined;
  /** Take the run over although somebody else holds it. */
  takeOver?: boolean;
  /** Looks at the project before anything is created, and may refuse by an error. */
  beforeStart?: (run: BeforeStart) => Promise<void>;
  /** Whether a region is tried out by a canary before its first wave; default: on Google it is. */
  canary?: boolean | undefined;
  /** Every call of the cloud goes through what this makes of it: for whoever counts calls, or plays with them. */
  through?: ((cloud: CloudPort) => CloudPort) | undefined;
}

/** What a run on Google Cloud and a rehearsal have in common. */
export interface RunOptions extends FollowOptions {
  plan: Plan;
  /** Default: made from the plan, the project and the kind of run. */
  runId?: string | undefined;
  /** Default: the plan's. */
  project?: string | undefined;
  stateDir?: string | undefined;
  /** Begin another run of the same plan, under the next id that is free on this machine and in the state bucket. */
  newRun?: boolean | undefined;
}

export interface RehearseOptions extends RunOptions, RehearsalSettings {}

/** What a wish can be made of: the run is held by this process then. */
export interface RunAtHand {
  ledger: LedgerState;
  storage: StoragePort;
  inputOf: InputOf;
  inventory: Inventory;
}

export interface CarryOutOptions extends FollowOptions, Pick<ExecuteOptions, 'stopWhen'> {
  /** What the user asks of the run with the command; undefined: to go on. */
  wishFor?: (run: RunAtHand) => Promise<ExecuteOptions['wish']>;
}

/**
 * Runs the plan, or goes on with the run, on the emulator. The emulator ends with the campaign; when this process
 * is interrupted or killed first, it goes on, as the cloud would.
 */
export async function rehearse(options: RehearseOptions): Promise<ExecSummary> {
  const project = projectOf(options) ?? REHEARSAL_PROJECT;
  const taken = (): Promise<string[]> => knownRuns(options.stateDir ?? DEFAULT_STATE_DIR);
  return inRunFolder(options, { project, source: 'rehearse', taken }, async (folder) => {
    const over = await overAlready(folder);
    if (over !== null) return over;
    return carryOut(folder, await connectToRehearsal(folder, { ...options, project }), options);
  });
}

/**
 * Runs the plan, or goes on with the run, on Google Cloud. Throws CredentialsError before anything else when
 * nobody is logged in, InputError when the plan does not say what to run.
 */
export async function executeOnGoogle(options: RunOptions): Promise<ExecSummary> {
  const project = projectOf(options);
  if (project === null) {
    throw inputError({ path: '--project', found: 'no project', expected: 'a Google Cloud project' });
  }
  checkExecutable(options.plan);
  const connection = await connectToGoogle({ project, state: statePlaceOf(options.plan, 'execute') });
  const plan = await resolveImages(options.plan, connection.services);
  const { cloud, clock, random, newId, state } = connection;
  const storage = retryingStorage(cloud.storage, { clock, random, newId, signal: options.signal });
  const taken = async (): Promise<string[]> => [
    ...(await knownRuns(options.stateDir ?? DEFAULT_STATE_DIR)),
    ...(await runsInBucket(storage, state)),
  ];
  return inRunFolder({ ...options, plan }, { project, source: 'execute', taken }, (folder) =>
    carryOut(folder, connection, options),
  );
}

/** A plan made from counts alone has no image to run. */
function checkExecutable(plan: Plan): void {
  const missing = plan.shards.find((shard) => plan.image.uriByRegion[shard.region] === undefined);
  if (missing === undefined) return;
  const path = `cloud.regions.${missing.region}.imageUri`;
  throw inputError({ file: 'plan', path, found: 'no container image', expected: 'one, or --rehearse' });
}

function projectOf({ project, plan }: RunOptions): string | null {
  return project ?? plan.cloud?.project ?? null;
}

/** Opens the folder of the run for this process alone. */
async function inRunFolder(
  { plan, runId, stateDir = DEFAULT_STATE_DIR, newRun = false }: RunOptions,
  { taken, ...run }: { project: string; source: 'rehearse' | 'execute'; taken: () => Promise<string[]> },
  work: (folder: RunFolder) => Promise<ExecSummary>,
): Promise<ExecSummary> {
  const first = runId ?? defaultRunId({ planId: plan.id, ...run });
  const id = newRun ? nextRunId(first, await taken()) : first;
  const { bucket, prefix: name } = statePlaceOf(plan, run.source);
  const about = { ...run, state: gsUrl({ bucket, name }) };
  const folder = await openRunFolder({ stateDir, runId: id, plan, about });
  try {
    return await work(folder);
  } finally {
    await folder.close();
  }
}

/** A rehearsal that is over is only told about: nothing is started for it. */
export async function overAlready({
  paths,
  plan,
  runId,
}: Pick<RunFolder, 'paths' | 'plan' | 'runId'>): Promise<ExecSummary | null> {
  const ledger = replay(await readLedger(paths.ledger));
  if (ledger.finished === null) return null;
  const view = new CampaignView(plan, { runId, source: 'rehearse' }, ledger);
  const { at } = ledger.finished;
  return summaryOf(view.snapshot(at), { runId, resumed: true, findings: findingsOf(view, at) });
}

/**
 * Takes the run up where its record says it is, and follows it: to its end, to an interrupt, or until `stopWhen`
 * says so. Closes the connection.
 */
export async function carryOut(
  folder: RunFolder,
  direct: Connection,
  options: CarryOutOptions,
): Promise<ExecSummary> {
  const connection = { ...direct, cloud: options.through?.(direct.cloud) ?? direct.cloud };
  keepHeapSmall();
  const { cloud, clock, random, newId, state } = connection;
  const { plan, runId, paths } = folder;
  const {
    signal,
    onStaging,
    stopWhen,
    onSnapshot,
    wishFor,
    canary = connection.source === 'execute',
  } = options;
  const storage = retryingStorage(cloud.storage, { clock, random, newId, signal });
  try {
    await lookBeforeStart(folder, connection, options, storage);
    const record = await openRunRecord({
      ...options,
      storage,
      state,
      runId,
      plan,
      paths,
      holder: thisProcess(newId()),
      clock,
      random,
      wallNow: () => Date.now() / 1000,
    });
    try {
      const inputOf =
        connection.standIns ??
        (await inputsOfRun({
          storage,
          plan,
          place: runObject(state, runId, 'inputs.txt'),
          signal,
          ...(onStaging ? { onProgress: onStaging } : {}),
        }));
      const inventory = bucketInventory(storage, plan, inputOf);
      const wish = await wishFor?.({ ledger: replay(record.entries), storage, inputOf, inventory });
      const summary = await execute({
        ...connection,
        record,
        inputOf,
        inventory,
        ...(canary ? { canary: connection.standIns === null ? 'real' : 'virtual' } : {}),
        ...(connection.source === 'execute' ? { room: () => roomOf(plan, connection.services) } : {}),
        signal,
        ...(wish ? { wish } : {}),
        ...(stopWhen ? { stopWhen } : {}),
        ...(onSnapshot ? { onSnapshot } : {}),
      });
      if (summary.state !== 'running') {
        await record.close();
        await connection.finished();
      }
      return summary;
    } catch (error) {
      if (error instanceof CanaryError) {
        await record.close();
        await connection.finished();
      }
      throw error;
    } finally {
      await record.close().catch(() => undefined);
    }
  } finally {
    await connection.close();
  }
}

/** A rehearsal that may not begin, because of its project or its canaries, ends its emulator: another may be played. */
async function lookBeforeStart(
  { plan, runId }: RunFolder,
  connection: Connection,
  { beforeStart }: FollowOptions,
  storage: StoragePort,
): Promise<void> {
  if (beforeStart === undefined) return;
  const inputs = await storage.stat(runObject(connection.state, runId, 'inputs.txt')).catch(() => null);
  try {
    await beforeStart({
      ...connection,
      plan,
      storage,
      virtual: connection.standIns !== null,
      staged: inputs !== null,
    });
  } catch (error) {
    await connection.finished();
    throw error;
  }
}
