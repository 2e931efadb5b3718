import { z } from 'zod';
import { InputError } from '../scenario/errors.js';
import { type Holder, hasEnded, nameOf } from './holder.js';
import { PortError } from './port.js';
import { isPrecondition } from './retryStorage.js';
import type { ObjectPlace, StoragePort, StoredObject } from './storagePort.js';

/** For how long a holder that says nothing more keeps others out. Wall time. */
export const LEASE_SECONDS = 300;
/** It is renewed when less than this is left: several tries fit in before it ends. */
const RENEW_BELOW_SECONDS = 200;

const recordSchema = z.looseObject({
  id: z.string(),
  host: z.string(),
  user: z.string(),
  pid: z.number(),
  startTicks: z.string().nullable(),
  processSpace: z.string().nullable(),
  /** Wall seconds since the Unix epoch. */
  since: z.number(),
  until: z.number(),
});
type LeaseRecord = z.output<typeof recordSchema>;

/** Somebody else acts on the run. */
export class LeaseHeldError extends InputError {
  override name = 'InputError';
}

/** Somebody else has taken the run over: this process must not act on it any more. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError';
}

/**
 * The right to act on a run, held by one process at a time across machines. It keeps people from working at cross
 * purposes; what makes two writers safe is that each ledger entry exists once (bucketLedger.ts).
 */
export interface Lease {
  readonly holder: Holder;
  /** Renews where due. Throws LeaseLostError once somebody else has it. */
  keep(): Promise<void>;
  release(): Promise<void>;
}

export interface LeaseOptions {
  storage: StoragePort;
  place: ObjectPlace;
  runId: string;
  holder: Holder;
  /** Wall seconds since the Unix epoch, also where campaign time runs faster. */
  wallNow: () => number;
  /** Take it even from a holder whose time is not over. */
  takeOver?: boolean;
}

/**
 * Takes the lease when it is free, when its time is over, or when its holder has ended on this machine. Throws
 * LeaseHeldError, which says who holds it and until when.
 */
export async function takeLease(options: LeaseOptions): Promise<Lease> {
  const { storage, place, runId, holder, wallNow } = options;
  const found = await readLease(storage, place);
  if (found !== null) refuseIfHeld(found.record, options);
  const since = wallNow();
  const write = (ifGenerationMatch: string): Promise<StoredObject> =>
    storage.write({
      ...place,
      ifGenerationMatch,
      ...recordOf({ ...holder, since, until: wallNow() + LEASE_SECONDS }),
    });
  let generation: string;
  try {
    ({ generation } = await write(found?.generation ?? '0'));
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    // Two came at the same moment, and the other one was first.
    const winner = await readLease(storage, place);
    throw heldBy(winner?.record ?? null, runId);
  }
  let until = wallNow() + LEASE_SECONDS;
  let renewing: Promise<void> | null = null;
  let isReleased = false;
  const renew = async (): Promise<void> => {
    try {
      ({ generation } = await write(generation));
      until = wallNow() + LEASE_SECONDS;
    } catch (error) {
      if (!isPrecondition(error)) throw error;
      const there = await readLease(storage, place);
      if (there?.record?.id !== holder.id) throw lost(there?.record ?? null, runId);
      // An earlier renewal of ours whose answer never came, although all tries were used up.
      generation = there.generation;
      await renew();
    }
  };
  return {
    holder,
    keep() {
      if (until - wallNow() > RENEW_BELOW_SECONDS) return Promise.resolve();
      renewing ??= renew().finally(() => {
        renewing = null;
      });
      return renewing;
    },
    async release() {
      if (isReleased) return;
      isReleased = true;
      try {
        await storage.remove({ ...place, ifGenerationMatch: generation });
      } catch (error) {
        // Somebody else's by now, or left to run out.
        if (!(error instanceof PortError)) throw error;
      }
    },
  };
}

/** Who holds the run now, in words; null when nobody does. */
export async function currentHolder(
  storage: StoragePort,
  place: ObjectPlace,
  wallNow: () => number,
): Promise<string | null> {
  const found = await readLease(storage, place);
  if (found?.record == null || found.record.until <= wallNow() || hasEnded(found.record)) return null;
  return nameOf(found.record);
}

async function readLease(
  storage: StoragePort,
  place: ObjectPlace,
): Promise<{ generation: string; record: LeaseRecord | null } | null> {
  for (;;) {
    const there = await storage.stat(place);
    if (there === null) return null;
    try {
      const { generation } = there;
      const bytes = await storage.read(place, { generation });
      const parsed = recordSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
      return { generation, record: parsed.success ? parsed.data : null };
    } catch (error) {
      // Renewed or given back between the two calls.
      if (error instanceof PortError && error.kind === 'NOT_FOUND') continue;
      if (!(error instanceof SyntaxError)) throw error;
      return { generation: there.generation, record: null };
    }
  }
}

function refuseIfHeld(record: LeaseRecord | null, { wallNow, runId, takeOver, holder }: LeaseOptions): void {
  // What cannot be read holds nobody.
  if (record === null || takeOver || record.id === holder.id) return;
  if (record.until <= wallNow() || hasEnded(record)) return;
  throw heldBy(record, runId);
}

function heldBy(record: LeaseRecord | null, runId: string): LeaseHeldError {
  if (record === null)
    return new LeaseHeldError(`run ${runId}: somebody else has just started to work on it`);
  return new LeaseHeldError(
    `run ${runId}: ${nameOf(record)} works on it since ${timeOf(record.since)} and holds it until ${timeOf(record.until)}, ` +
      'longer while it lives; wait for it, end it, or take the run over with `resume --take-over`',
  );
}

function lost(record: LeaseRecord | null, runId: string): LeaseLostError {
  const by = record === null ? 'somebody else' : nameOf(record);
  return new LeaseLostError(`run ${runId}: ${by} has taken it over; this process stops, the jobs go on`);
}

function recordOf(record: LeaseRecord): { source: { bytes: Uint8Array }; contentType: string } {
  return { source: { bytes: Buffer.from(JSON.stringify(record)) }, contentType: 'application/json' };
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
