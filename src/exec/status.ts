import { stat } from 'node:fs/promises';
import type { Clock } from '../plan/clock.js';
import { isFinal, type Snapshot } from '../plan/snapshot.js';
import { readBucketLedger } from './bucketLedger.js';
import { CampaignView } from './campaignView.js';
import { emulatorClock } from './clock.js';
import { connectPorts, connectToGoogle, livingRehearsal } from './connection.js';
import { CredentialsError } from './credentials.js';
import { readJsonFile } from './jsonFile.js';
import type { KnownRun } from './knownRun.js';
import { type LedgerState, readLedger, replay } from './ledger.js';
import type { CloudPort } from './port.js';
import { findingsOf, type RunFindings } from './runFindings.js';
import { runPaths } from './runFolder.js';
import { isOpen } from './runJob.js';
import { isHeld } from './runLock.js';
import { runObject } from './statePlace.js';
import { type ExecSummary, summaryOf } from './summary.js';
import { sweepTasks } from './sweep.js';

/**
 * What a run looks like now: its record in the bucket, and what Batch says of its jobs. Where neither can be asked (an
 * emulator that has ended, no login), as it was last seen here. Changes nothing and needs no lease.
 */
export async function readStatus(run: KnownRun): Promise<ExecSummary> {
  const watch = await openWatch(run);
  try {
    const snapshot = await watch.look();
    return summaryOf(snapshot, { runId: run.runId, resumed: watch.resumed(), findings: watch.findings() });
  } finally {
    await watch.close();
  }
}

/** Looks at a run from outside, again and again. */
export interface RunWatch {
  look(): Promise<Snapshot>;
  /** As of the last look. */
  resumed(): boolean;
  /** As of the last look. */
  findings(): RunFindings;
  close(): Promise<void>;
}

/** Tasks are listed no more often than this. Campaign time. */
const SWEEP_SECONDS = 600;

interface Eyes {
  cloud: CloudPort;
  clock: Clock;
  close(): Promise<void>;
}

export async function openWatch(run: KnownRun): Promise<RunWatch> {
  const { plan, runId, about, paths, state } = run;
  const eyes = await openEyes(run);
  let isResumed = false;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let last: CampaignView | null = null;
  let findings = findingsOf(new CampaignView(plan, { runId, source: about.source }, replay([])), 0);
  const readEntries = () =>
    eyes === null
      ? readLedger(paths.ledger)
      : readBucketLedger(eyes.cloud.storage, runObject(state, runId, 'ledger/'));
  const look = async (): Promise<Snapshot> => {
    const entries = await readEntries();
    isResumed = entries.some((entry) => entry.kind === 'run-resumed');
    const ledger = replay(entries);
    const view = new CampaignView(plan, { runId, source: about.source }, ledger);
    if (ledger.finished !== null) {
      findings = findingsOf(view, ledger.finished.at);
      return view.snapshot(ledger.finished.at);
    }
    if (eyes === null) {
      const seen = await lastSeen(run, view, ledger);
      findings = findingsOf(view, (ledger.started?.at ?? 0) + seen.elapsedSeconds);
      return seen;
    }
    const now = await eyes.clock.now();
    const isDue = now - sweptAt >= SWEEP_SECONDS;
    if (isDue) sweptAt = now;
    if (last !== null) view.recallSweeps(last);
    last = view;
    await askBatch(view, eyes.cloud, now, isDue);
    findings = findingsOf(view, now);
    return view.snapshot(now);
  };
  return {
    async look() {
      try {
        return await look();
      } catch (error) {
        // The emulator of a rehearsal ends with it, perhaps in the middle of a look.
        const { finished } = replay(await readLedger(paths.ledger));
        if (about.source === 'execute' || finished === null) throw error;
        const ledger = replay(await readLedger(paths.ledger));
        const view = new CampaignView(plan, { runId, source: about.source }, ledger);
        findings = findingsOf(view, finished.at);
        return view.snapshot(finished.at);
      }
    },
    resumed: () => isResumed,
    findings: () => findings,
    close: async () => eyes?.close(),
  };
}

/** Null where nobody can be asked. */
async function openEyes({ about, state, paths, runId }: KnownRun): Promise<Eyes | null> {
  if (about.source === 'rehearse') {
    const ports = await livingRehearsal({ paths, runId });
    if (ports === null) return null;
    const cloud = await connectPorts(ports, about.project);
    return { cloud, clock: emulatorClock(ports), close: () => cloud.batch.close() };
  }
  try {
    return await connectToGoogle({ project: about.project, state });
  } catch (error) {
    const isKnownHere = (await stat(paths.ledger).catch(() => null)) !== null;
    if (error instanceof CredentialsError && isKnownHere) return null;
    throw error;
  }
}

async function lastSeen({ paths }: KnownRun, view: CampaignView, ledger: LedgerState): Promise<Snapshot> {
  const last = (await readJsonFile(paths.snapshot)) as Snapshot | null;
  return last ?? view.snapshot(ledger.started?.at ?? 0);
}

/** The counts of open jobs, and their tasks where that is due. */
async function askBatch(
  view: CampaignView,
  { batch }: CloudPort,
  now: number,
  isDue: boolean,
): Promise<void> {
  for (const job of view.jobs.filter(isOpen)) {
    const { jobId, shard } = job.intended;
    view.saw(job, await batch.getJob(shard.region, jobId), now);
    if (!isDue && !isFinal(job.state) && job.account !== null) continue;
    view.swept(job, await sweepTasks(batch, { region: shard.region, jobId }, now), now);
  }
}

/** Whether a process of this machine follows the run now, and how old its snapshot on disk is (null: there is none). */
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
