import { inputError } from '../scenario/errors.js';
import { LeaseLostError } from './lease.js';
import { type Ledger, type LedgerEntry, type LedgerLine, ledgerText, parseLedger } from './ledger.js';
import { mapBounded } from './mapBounded.js';
import { isPrecondition } from './retryStorage.js';
import { gsUrl, listAll, type ObjectPlace, type StoragePort, type StoredObject } from './storagePort.js';

/** Objects that are read at the same time when a run is opened. */
const READERS = 16;
/** Digits of an object's number: names sort as numbers do. */
const DIGITS = 8;

/** Custom metadata of a ledger object: the hold under which it was written. */
const HOLDER = 'fepcast-holder';

export interface BucketLedgerOptions {
  storage: StoragePort;
  /** The ledger's folder: `<state>/runs/<runId>/ledger/`. */
  place: ObjectPlace;
  runId: string;
  holderId: string;
  /** Runs a call until it gets an answer, however long the service is away. */
  patiently: <T>(call: () => Promise<T>) => Promise<T>;
  /** Told of lines that have become durable: for the copy on this machine. */
  onDurable?: (lines: readonly LedgerLine[]) => Promise<void>;
}

/**
 * The ledger in the state bucket: numbered objects of a few lines each, `00000000.jsonl`, `00000001.jsonl`, ..., every
 * one created under the condition that it does not exist yet. So an entry is written once or not at all, no object is
 * rewritten (one name takes one write a second), and of two processes that believe they hold the run only one gets the
 * next number: the other one learns at that moment, before it acts, that the run is not its own any more.
 */
export async function openBucketLedger(
  options: BucketLedgerOptions,
): Promise<{ ledger: Ledger; text: string; entries: LedgerEntry[] }> {
  const { storage, place, runId, holderId, patiently, onDurable } = options;
  const texts = await readTexts(storage, place);
  let next = texts.length;

  const put = async (lines: readonly LedgerLine[]): Promise<void> => {
    const object = objectOf(place, next);
    await patiently(async () => {
      try {
        await storage.write({
          ...object,
          ifGenerationMatch: '0',
          source: { bytes: Buffer.from(ledgerText(lines)) },
          contentType: 'application/jsonl',
          metadata: { [HOLDER]: holderId },
        });
      } catch (error) {
        if (!isPrecondition(error)) throw error;
        // Every number is tried until it is clear what became of it, so ours can only be this very batch.
        if ((await storage.stat(object))?.metadata[HOLDER] === holderId) return;
        throw new LeaseLostError(
          `run ${runId}: another process has written to its ledger; this process stops, the jobs go on`,
        );
      }
    });
    next += 1;
    await onDurable?.(lines);
  };

  let written: Promise<void> = Promise.resolve();
  let batch: { lines: LedgerLine[]; done: Promise<void> } | null = null;
  return {
    text: texts.join(''),
    entries: parseTexts(texts, place),
    ledger: {
      append(...lines) {
        // Whoever appends while an object is on its way shares the next one.
        if (batch === null) {
          const fresh: LedgerLine[] = [];
          const done = written.then(() => {
            batch = null;
            return put(fresh);
          });
          batch = { lines: fresh, done };
          written = done.catch(() => undefined);
        }
        batch.lines.push(...lines);
        return batch.done;
      },
    },
  };
}

/** The ledger as it is now, whoever writes to it; no entries where there is none. */
export async function readBucketLedger(storage: StoragePort, place: ObjectPlace): Promise<LedgerEntry[]> {
  return parseTexts(await readTexts(storage, place), place);
}

/** The content of each object, in order. Throws InputError where one is missing. */
async function readTexts(storage: StoragePort, place: ObjectPlace): Promise<string[]> {
  const objects: StoredObject[] = [];
  for await (const object of listAll(storage, { bucket: place.bucket, prefix: place.name })) {
    const expected = objectOf(place, objects.length);
    if (object.name !== expected.name) {
      throw inputError({
        file: gsUrl(place),
        path: 'ledger',
        found: gsUrl(object),
        expected: `${gsUrl(expected)}, without which the run cannot be understood`,
      });
    }
    objects.push(object);
  }
  return mapBounded(objects, READERS, async (object) =>
    Buffer.from(await storage.read(object)).toString('utf8'),
  );
}

function parseTexts(texts: readonly string[], place: ObjectPlace): LedgerEntry[] {
  return texts.flatMap((text, number) => parseLedger(text, gsUrl(objectOf(place, number))));
}

function objectOf({ bucket, name }: ObjectPlace, number: number): ObjectPlace {
  return { bucket, name: `${name}${String(number).padStart(DIGITS, '0')}.jsonl` };
}
