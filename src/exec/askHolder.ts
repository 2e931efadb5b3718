import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import seedrandom from 'seedrandom';
import { readBucketLedger } from './bucketLedger.js';
import { wallClock } from './clock.js';
import { connectPorts, connectToGoogle, livingRehearsal } from './connection.js';
import type { ExecuteOptions } from './executor.js';
import { nameOf, thisProcess } from './holder.js';
import type { KnownRun } from './knownRun.js';
import { currentHolder, LeaseHeldError } from './lease.js';
import { type LedgerState, readLedger, replay } from './ledger.js';
import { PortError } from './port.js';
import { RETRY_POLICY, type RetryPolicy } from './retry.js';
import { retryingStorage } from './retryStorage.js';
import { RunLockedError } from './runLock.js';
import { writeRequest } from './runRecord.js';
import { runObject } from './statePlace.js';
import type { StoragePort } from './storagePort.js';

/** How often it is looked whether the holder has done what it was asked for. Wall time. */
const LOOK_EVERY_MS = 500;

/** A rehearsal's emulator that does not answer has ended with its run: then this machine's copy of the ledger tells. */
const LOOPBACK_RETRIES: RetryPolicy = { baseSeconds: 0.1, capSeconds: 1, maxTries: 8 };

/** Somebody else acts on the run: this machine's lock or the lease says so. */
export function isHeldByOther(error: unknown): error is Error {
  return error instanceof LeaseHeldError || error instanceof RunLockedError;
}

/** What became of a request. */
export type Answered = 'done' | 'holder gone';

/**
 * Leaves a wish for the process that holds the run, and waits until `isDone` by the run's ledger, or until nobody
 * holds the run any more: then the caller can act itself, and finds the wish among the requests.
 */
export async function askHolder(
  run: KnownRun,
  wish: NonNullable<ExecuteOptions['wish']>,
  options: { isDone: (ledger: LedgerState) => boolean; signal?: AbortSignal | undefined },
): Promise<Answered> {
  const { isDone, signal } = options;
  const { storage, close } = await storageOf(run);
  const id = randomUUID();
  const isHeard = (ledger: LedgerState): boolean => ledger.wishes.some(({ request }) => request === id);
  try {
    await writeRequest(storage, run, { ...wish, id, by: nameOf(thisProcess(id)) });
    for (;;) {
      const ledger = await ledgerNow(run, storage);
      if (isHeard(ledger) && isDone(ledger)) return 'done';
      if (!(await isHeld(run, storage))) return isOver(ledger) ? 'done' : 'holder gone';
      await wait(LOOK_EVERY_MS, undefined, signal ? { signal } : {});
    }
  } finally {
    await close();
  }
}

function isOver(ledger: LedgerState): boolean {
  return ledger.finished !== null;
}

async function storageOf({ about, state, paths, runId }: KnownRun): Promise<{
  storage: StoragePort;
  close: () => Promise<void>;
}> {
  if (about.source === 'execute') {
    const { cloud, close } = await connectToGoogle({ project: about.project, state });
    return { storage: retried(cloud.storage), close };
  }
  const ports = await livingRehearsal({ paths, runId });
  if (ports === null) throw new PortError('RETRYABLE', `run ${runId}: its emulator does not run`);
  const { batch, storage } = await connectPorts(ports, about.project);
  return { storage: retried(storage, LOOPBACK_RETRIES), close: () => batch.close() };
}

function retried(storage: StoragePort, policy = RETRY_POLICY): StoragePort {
  const newId = (): string => randomUUID();
  return retryingStorage(storage, { clock: wallClock(), random: seedrandom(), newId, policy });
}

/** From the bucket; where that does not answer (a rehearsal that has just ended), from the copy on this machine. */
async function ledgerNow({ state, runId, paths }: KnownRun, storage: StoragePort): Promise<LedgerState> {
  try {
    return replay(await readBucketLedger(storage, runObject(state, runId, 'ledger/')));
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return replay(await readLedger(paths.ledger));
  }
}

async function isHeld({ state, runId }: KnownRun, storage: StoragePort): Promise<boolean> {
  try {
    return (
      (await currentHolder(storage, runObject(state, runId, 'lease.json'), () => Date.now() / 1000)) !== null
    );
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return false;
  }
}
