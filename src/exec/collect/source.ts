import { randomUUID } from 'node:crypto';
import seedrandom from 'seedrandom';
import type { Clock } from '../../plan/clock.js';
import type { InputOf } from '../../plan/taskIndex.js';
import { readBucketLedger } from '../bucketLedger.js';
import { emulatorClock } from '../clock.js';
import {
  connectPorts,
  connectToGoogle,
  connectToRehearsal,
  livingRehearsal,
  sameRehearsal,
  standInsOf,
} from '../connection.js';
import type { KnownRun } from '../knownRun.js';
import { type LedgerState, replay } from '../ledger.js';
import type { CloudPort } from '../port.js';
import { retryingPort } from '../retry.js';
import { retryingStorage } from '../retryStorage.js';
import { openRunFolder } from '../runFolder.js';
import { readInputs } from '../stagedInputs.js';
import { runObject } from '../statePlace.js';

/** The cloud of a run as `collect` needs it: it changes nothing of the run, and needs no lease. */
export interface CollectSource {
  /** Every call is retried. */
  cloud: CloudPort;
  clock: Clock;
  /** Null: nothing was ever staged, so no task can have run. */
  inputOf: InputOf | null;
  ledger: LedgerState;
  /** Downloads cost money. */
  isGoogle: boolean;
  close(): Promise<void>;
}

/**
 * Google Cloud, or the emulator of a rehearsal: the one that lives, or one that is started again on what the earlier one
 * left and that ends with `close`.
 */
export async function openSource(
  run: KnownRun,
  options: { emulatorEntry: string; signal?: AbortSignal | undefined },
): Promise<CollectSource> {
  const { runId, plan, state } = run;
  const reached = await reach(run, options.emulatorEntry);
  try {
    const { clock } = reached;
    const context = { clock, random: seedrandom(), newId: () => randomUUID(), signal: options.signal };
    const cloud: CloudPort = {
      batch: retryingPort(reached.cloud.batch, context),
      storage: retryingStorage(reached.cloud.storage, context),
    };
    const { storage } = cloud;
    const place = runObject(state, runId, 'inputs.txt');
    const inputOf = reached.standIns ?? (await readInputs({ storage, plan, place }));
    const ledger = replay(await readBucketLedger(storage, runObject(state, runId, 'ledger/')));
    return { cloud, clock, inputOf, ledger, isGoogle: run.about.source === 'execute', close: reached.close };
  } catch (error) {
    await reached.close();
    throw error;
  }
}

interface Reached {
  cloud: CloudPort;
  clock: Clock;
  standIns: InputOf | null;
  close(): Promise<void>;
}

async function reach(run: KnownRun, emulatorEntry: string): Promise<Reached> {
  const { plan, about, state, stateDir, runId } = run;
  const { source, project } = about;
  if (source === 'execute') {
    const { cloud, clock, close } = await connectToGoogle({ project, state });
    return { cloud, clock, standIns: null, close };
  }
  const settings = await sameRehearsal(run);
  const ports = await livingRehearsal(run);
  if (ports !== null) {
    const cloud = await connectPorts(ports, project);
    const standIns = settings.tasks === 'local' ? null : standInsOf(plan);
    return { cloud, clock: emulatorClock(ports), standIns, close: () => cloud.batch.close() };
  }
  const folder = await openRunFolder({
    stateDir,
    runId,
    plan,
    about: { source, project, state: about.state },
  });
  try {
    const connection = await connectToRehearsal(folder, { ...settings, project, emulatorEntry });
    const { cloud, clock, standIns } = connection;
    return {
      cloud,
      clock,
      standIns,
      async close() {
        try {
          await connection.finished();
          await connection.close();
        } finally {
          await folder.close();
        }
      },
    };
  } catch (error) {
    await folder.close();
    throw error;
  }
}
