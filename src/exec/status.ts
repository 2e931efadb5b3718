import { stat } from 'node:fs/promises';
import type { Plan } from '../plan/plan.js';
import { isFinal, type Snapshot } from '../plan/snapshot.js';
import { inputError } from '../scenario/errors.js';
import { CampaignView } from './campaignView.js';
import { emulatorClock } from './clock.js';
import { type EmulatorPorts, findEmulator } from './emulatorProcess.js';
import { connectEmulator } from './googleBatch.js';
import { readJsonFile } from './jsonFile.js';
import { type LedgerState, readLedger, replay } from './ledger.js';
import { knownRuns, type RunPaths, runPaths } from './runFolder.js';
import { isHeld } from './runLock.js';
import { type ExecSummary, summaryOf } from './summary.js';
import { sweepTasks } from './sweep.js';

/**
 * What a run looks like now: asked of its emulator while that lives, else as it was last seen. Changes nothing and
 * needs no lock. Throws InputError for a run that is not there, naming those that are.
 */
export async function readStatus(run: { runId: string; stateDir: string }): Promise<ExecSummary> {
  const { runId, stateDir } = run;
  const paths = runPaths(stateDir, runId);
  const ledger = replay(/^[a-z0-9-]+$/.test(runId) ? await readLedger(paths.ledger) : []);
  if (ledger.started === null) throw await unknownRun(runId, stateDir);
  const resumed = (await readLedger(paths.ledger)).some((entry) => entry.kind === 'run-resumed');
  return summaryOf(await snapshotOf(runId, paths, ledger), { runId, resumed });
}

/** Whether a process follows the run now, and how old its snapshot on disk is (null: there is none). */
export async function seenAt(run: {
  runId: string;
  stateDir: string;
}): Promise<{ isFollowed: boolean; snapshotMinutes: number | null }> {
  const paths = runPaths(run.stateDir, run.runId);
  const written = (await stat(paths.snapshot).catch(() => null))?.mtimeMs;
  return {
    isFollowed: await isHeld(paths.lock),
    snapshotMinutes: written === undefined ? null : Math.round((Date.now() - written) / 60_000),
  };
}

async function unknownRun(runId: string, stateDir: string): Promise<Error> {
  const known = await knownRuns(stateDir);
  const expected = known.length === 0 ? 'a run, of which there is none yet' : `one of ${known.join(', ')}`;
  return inputError({ file: stateDir, path: 'run', found: `"${runId}"`, expected });
}

async function snapshotOf(runId: string, paths: RunPaths, ledger: LedgerState): Promise<Snapshot> {
  const plan = (await readJsonFile(paths.plan)) as Plan;
  const view = new CampaignView(plan, { runId, source: ledger.started?.source ?? 'execute' }, ledger);
  if (ledger.finished !== null) return view.snapshot(ledger.finished.at);
  const emulator = await findEmulator(paths, runId);
  if (emulator !== null) return askEmulator(view, emulator, ledger.started?.project ?? '');
  const last = (await readJsonFile(paths.snapshot)) as Snapshot | null;
  return last ?? view.snapshot(ledger.started?.at ?? 0);
}

async function askEmulator(view: CampaignView, emulator: EmulatorPorts, project: string): Promise<Snapshot> {
  const now = await emulatorClock(emulator).now();
  const port = await connectEmulator({ grpcPort: emulator.grpcPort, project });
  try {
    for (const job of view.jobs) {
      if (job.createTime === null || isFinal(job.state)) continue;
      const name = { region: job.intended.shard.region, jobId: job.intended.jobId };
      view.saw(job, await port.getJob(name.region, name.jobId), now);
      view.swept(job, await sweepTasks(port, name, now), now);
    }
  } finally {
    await port.close();
  }
  return view.snapshot(now);
}
