import seedrandom from 'seedrandom';
import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { inputError } from '../scenario/errors.js';
import { CampaignView } from './campaignView.js';
import { wallClock } from './clock.js';
import { findCredentials } from './credentials.js';
import { execute } from './executor.js';
import { connectEmulator, connectGoogle } from './googleBatch.js';
import { defaultRunId } from './ids.js';
import { replay } from './ledger.js';
import type { BatchPort } from './port.js';
import { openRehearsal } from './rehearsal.js';
import { DEFAULT_STATE_DIR, openRunFolder, type RunFolder } from './runFolder.js';
import { type ExecSummary, summaryOf } from './summary.js';

/** What a run on Google Cloud and a rehearsal have in common. */
export interface RunOptions {
  plan: Plan;
  /** Default: made from the plan, the project and the kind of run. */
  runId?: string | undefined;
  /** Default: the plan's. */
  project?: string | undefined;
  stateDir?: string | undefined;
  onSnapshot?: (snapshot: Snapshot) => void;
  signal?: AbortSignal | undefined;
}

export interface RehearseOptions extends RunOptions {
  seed: string;
  /** Campaign seconds per wall second; default: such that the campaign takes about a minute. */
  speed?: number | undefined;
  emulatorEntry: string;
}

/** The project of a rehearsal when neither the plan nor the user names one. */
const REHEARSAL_PROJECT = 'rehearsal';

/**
 * Runs the plan, or goes on with the run, on the emulator. The emulator ends with the campaign; when this process
 * is interrupted or killed first, it goes on, as the cloud would.
 */
export async function rehearse(options: RehearseOptions): Promise<ExecSummary> {
  const project = projectOf(options) ?? REHEARSAL_PROJECT;
  return inRunFolder(options, { project, source: 'rehearse' }, async (folder) => {
    const { seed, speed, emulatorEntry } = options;
    const rehearsal = await openRehearsal({ folder, seed, speed, emulatorEntry });
    const port = await connectEmulator({ grpcPort: rehearsal.ports.grpcPort, project });
    const summary = await follow(options, {
      folder,
      project,
      port,
      clock: rehearsal.clock,
      source: 'rehearse',
    });
    if (summary.state !== 'running') await rehearsal.shutdown();
    return summary;
  });
}

/**
 * Runs the plan, or goes on with the run, on Google Cloud. Throws CredentialsError before anything else when
 * nobody is logged in, InputError when the plan does not say what to run.
 */
export async function executeOnGoogle(options: RunOptions): Promise<ExecSummary> {
  const authClient = await findCredentials();
  const project = projectOf(options);
  if (project === null)
    throw inputError({ path: '--project', found: 'no project', expected: 'a Google Cloud project' });
  checkExecutable(options.plan);
  return inRunFolder(options, { project, source: 'execute' }, async (folder) => {
    const port = await connectGoogle({ project, authClient });
    return follow(options, { folder, project, port, clock: wallClock(), source: 'execute' });
  });
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

/** Opens the run for this process alone. A run that is over is only told about: nothing is started for it. */
async function inRunFolder(
  { plan, runId, stateDir }: RunOptions,
  run: { project: string; source: 'rehearse' | 'execute' },
  work: (folder: RunFolder) => Promise<ExecSummary>,
): Promise<ExecSummary> {
  const id = runId ?? defaultRunId({ planId: plan.id, ...run });
  const folder = await openRunFolder({ stateDir: stateDir ?? DEFAULT_STATE_DIR, runId: id, plan });
  try {
    const ledger = replay(folder.entries);
    if (ledger.finished === null) return await work(folder);
    const view = new CampaignView(plan, { runId: id, source: run.source }, ledger);
    return summaryOf(view.snapshot(ledger.finished.at), { runId: id, resumed: true });
  } finally {
    await folder.close();
  }
}

async function follow(
  { onSnapshot, signal }: RunOptions,
  run: { port: BatchPort } & Pick<Parameters<typeof execute>[0], 'folder' | 'project' | 'clock' | 'source'>,
): Promise<ExecSummary> {
  try {
    const random = seedrandom(run.folder.runId);
    return await execute({ ...run, random, signal, ...(onSnapshot ? { onSnapshot } : {}) });
  } finally {
    await run.port.close();
  }
}
