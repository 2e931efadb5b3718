import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../plan/clock.js';
import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { formatRanges, parseRanges, type TaskRange } from '../plan/taskRanges.js';
import { inputError } from '../scenario/errors.js';
import { writeAtomically } from './atomicFile.js';
import { openBucketLedger } from './bucketLedger.js';
import type { Holder } from './holder.js';
import { type Lease, takeLease } from './lease.js';
import { type Ledger, type LedgerEntry, ledgerText } from './ledger.js';
import { patiently } from './patience.js';
import { PortError } from './port.js';
import { isPrecondition } from './retryStorage.js';
import type { RunPaths } from './runFolder.js';
import { runObject, runsFolder, type StatePlace } from './statePlace.js';
import { gsUrl, listAll, type ObjectPlace, type StoragePort } from './storagePort.js';

/** Something asked of a run by a process that does not hold it. */
export interface RunRequest {
  id: string;
  kind: 'cancel' | 'reopen';
  /** Null: the whole run. */
  tasks: TaskRange[] | null;
  /** Of a reopen: what the run may cost from now on. */
  budgetUsd?: number | undefined;
  by: string;
}

/** The durable record of a run that this process holds, alone. */
export interface RunRecord {
  runId: string;
  plan: Plan;
  state: StatePlace;
  /** What the ledger held when it was opened. */
  entries: LedgerEntry[];
  ledger: Ledger;
  lease: Lease;
  /** Requests that lie there, without those that are known already. */
  requests(isKnown: (id: string) => boolean): Promise<RunRequest[]>;
  writeSnapshot(snapshot: Snapshot): Promise<void>;
  /** Gives the lease back. */
  close(): Promise<void>;
}

export interface OpenRecordOptions {
  /** Retried, as `retryingStorage` makes it. */
  storage: StoragePort;
  state: StatePlace;
  runId: string;
  plan: Plan;
  holder: Holder;
  /** Campaign time, for back-offs. */
  clock: Clock;
  random: () => number;
  /** Wall seconds since the Unix epoch, for the lease. */
  wallNow: () => number;
  takeOver?: boolean;
  signal?: AbortSignal | undefined;
  /** Where a copy is kept on this machine. */
  paths?: Pick<RunPaths, 'ledger' | 'snapshot'>;
}

/** The snapshot in the bucket is for people elsewhere: one write in this many wall seconds. */
const SNAPSHOT_EVERY_SECONDS = 30;

/**
 * Opens the record of a run for this process alone, and makes it where there is none. Throws LeaseHeldError while
 * somebody else holds it, and InputError when the run was started with another plan.
 */
export async function openRunRecord(options: OpenRecordOptions): Promise<RunRecord> {
  const { storage, state, runId, plan, holder, wallNow, paths, clock, random, signal } = options;
  const object = (name: string): ObjectPlace => runObject(state, runId, name);
  const lease = await takeLease({ ...options, place: object('lease.json') });
  try {
    await keepPlan(storage, object('plan.json'), plan, runId);
    const {
      ledger,
      entries,
      text: ledgerSoFar,
    } = await openBucketLedger({
      storage,
      place: object('ledger/'),
      runId,
      holderId: holder.id,
      patiently: (call) => patiently(call, { clock, random, signal }),
      ...(paths ? { onDurable: (lines) => appendFile(paths.ledger, ledgerText(lines)) } : {}),
    });
    if (paths) await writeAtomically(paths.ledger, ledgerSoFar);
    let savedAt = Number.NEGATIVE_INFINITY;
    return {
      runId,
      plan,
      state,
      entries,
      ledger,
      lease,
      requests: (isKnown) => readRequests(storage, object('requests/'), isKnown),
      async writeSnapshot(snapshot) {
        const text = JSON.stringify(snapshot);
        if (paths) await writeAtomically(paths.snapshot, text);
        if (snapshot.state === 'running' && wallNow() - savedAt < SNAPSHOT_EVERY_SECONDS) return;
        savedAt = wallNow();
        await replace(storage, object('snapshot.json'), text);
      },
      close: () => lease.release(),
    };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** A run keeps the plan that it was started with; anything else must be another run. */
async function keepPlan(storage: StoragePort, place: ObjectPlace, plan: Plan, runId: string): Promise<void> {
  const text = JSON.stringify(plan);
  try {
    await storage.write({
      ...place,
      ifGenerationMatch: '0',
      source: { bytes: Buffer.from(text) },
      contentType: 'application/json',
    });
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    if (Buffer.from(await storage.read(place)).toString('utf8') === text) return;
    const found = `another plan than the one that run ${runId} was started with`;
    throw inputError({ file: gsUrl(place), found, expected: 'the same plan, or another --run-id' });
  }
}

/** The text of the plan that the run was started with; null when there is no such run. */
export async function readRunPlan(
  storage: StoragePort,
  state: StatePlace,
  runId: string,
): Promise<string | null> {
  const place = runObject(state, runId, 'plan.json');
  if ((await storage.stat(place)) === null) return null;
  return Buffer.from(await storage.read(place)).toString('utf8');
}

/** Ids of the runs whose record is there; none where there is no bucket yet. */
export async function runsInBucket(storage: StoragePort, state: StatePlace): Promise<string[]> {
  const { bucket, name: prefix } = runsFolder(state);
  const ids: string[] = [];
  try {
    for await (const { name } of listAll(storage, { bucket, prefix, matchGlob: '**/plan.json' })) {
      const id = /^([^/]+)\/plan\.json$/.exec(name.slice(prefix.length))?.[1];
      if (id !== undefined) ids.push(id);
    }
  } catch (error) {
    if (!(error instanceof PortError && error.kind === 'NOT_FOUND')) throw error;
  }
  return ids;
}

const requestSchema = z.looseObject({
  id: z.string(),
  kind: z.enum(['cancel', 'reopen']),
  tasks: z.string().nullable(),
  budgetUsd: z.number().positive().optional(),
  by: z.string(),
});

/** Leaves a request for the process that holds the run. */
export async function writeRequest(
  storage: StoragePort,
  run: { state: StatePlace; runId: string },
  request: RunRequest,
): Promise<void> {
  const tasks = request.tasks === null ? null : formatRanges(request.tasks);
  await storage.write({
    ...runObject(run.state, run.runId, `requests/${request.id}.json`),
    ifGenerationMatch: '0',
    source: { bytes: Buffer.from(JSON.stringify({ ...request, tasks })) },
    contentType: 'application/json',
  });
}

async function readRequests(
  storage: StoragePort,
  place: ObjectPlace,
  isKnown: (id: string) => boolean,
): Promise<RunRequest[]> {
  const requests: RunRequest[] = [];
  for await (const object of listAll(storage, { bucket: place.bucket, prefix: place.name })) {
    if (isKnown(object.name.slice(place.name.length).replace(/\.json$/, ''))) continue;
    const parsed = requestSchema.safeParse(
      JSON.parse(Buffer.from(await storage.read(object)).toString('utf8')),
    );
    const tasks = parsed.data?.tasks == null ? null : parseRanges(parsed.data.tasks);
    if (!parsed.success || (parsed.data.tasks !== null && tasks === null)) {
      throw inputError({
        file: gsUrl(object),
        found: 'no request',
        expected: 'one that fepcast has written',
      });
    }
    const { id, kind, budgetUsd, by } = parsed.data;
    requests.push({ id, kind, tasks, budgetUsd, by });
  }
  return requests;
}

/** Written by the holder alone; a lost race is no harm, the next snapshot follows. */
async function replace(storage: StoragePort, place: ObjectPlace, text: string): Promise<void> {
  const there = await storage.stat(place);
  try {
    await storage.write({
      ...place,
      ifGenerationMatch: there?.generation ?? '0',
      source: { bytes: Buffer.from(text) },
      contentType: 'application/json',
    });
  } catch (error) {
    if (!isPrecondition(error)) throw error;
  }
}
