import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resultSchema, type TaskResult } from '../../plan/taskRecords.js';
import { RESULTS, storedObjects } from '../inventory.js';
import { mapBounded } from '../mapBounded.js';
import type { ObjectPlace, StoragePort, StoredObject } from '../storagePort.js';

/** Results that are read at the same time. */
const READERS = 16;
/** Which generation of which result lies here: a line for each, the last one counts. */
const KEPT = 'collected.jsonl';

/** A window of the campaign and where its result would be. */
export interface Wanted {
  task: number;
  /** `molecule/leg/repeat/window`. */
  key: string;
  places: readonly ObjectPlace[];
}

export interface FetchOptions {
  storage: StoragePort;
  /** Where the results lie on this machine: `<folder>/tasks/<key>/result.json`. */
  folder: string;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Fetched {
  /** By task; windows without a result are not in it. */
  results: Map<number, TaskResult>;
  /** How many were read from the bucket; the others lay here already. */
  fetched: number;
}

/**
 * Brings the results of these windows here. What lies here with the generation that the bucket has is not read again,
 * so this can be interrupted and repeated. Throws for an object that is no result.
 */
export async function fetchResults(wanted: readonly Wanted[], options: FetchOptions): Promise<Fetched> {
  const { storage, folder, onProgress, signal } = options;
  const there = await storedObjects(storage, wanted, ({ places }) => places, RESULTS);
  const kept = await readKept(folder);
  const results = new Map<number, TaskResult>();
  let fetched = 0;
  let done = 0;
  await mapBounded([...there], READERS, async ([window, object]) => {
    signal?.throwIfAborted();
    const file = resultFile(folder, window.key);
    let result = kept.get(window.key) === markOf(object) ? await readHere(file) : null;
    if (result?.key !== window.key) {
      const bytes = await storage.read(object, { generation: object.generation });
      result = parseResult(Buffer.from(bytes).toString('utf8'));
      if (result === null || result.key !== window.key) {
        throw new Error(`gs://${object.bucket}/${object.name} is no result of ${window.key}`);
      }
      await keep(file, bytes);
      await appendFile(join(folder, KEPT), `${JSON.stringify({ key: window.key, mark: markOf(object) })}\n`);
      fetched += 1;
    }
    results.set(window.task, result);
    done += 1;
    onProgress?.(done, there.size);
  });
  return { results, fetched };
}

/** The parts of a key are percent-encoded: none of them can leave the folder. */
export function resultFile(folder: string, key: string): string {
  return join(folder, 'tasks', key, 'result.json');
}

function markOf({ bucket, name, generation }: StoredObject): string {
  return `${bucket}/${name}#${generation}`;
}

async function readKept(folder: string): Promise<Map<string, string>> {
  await mkdir(folder, { recursive: true });
  const text = await readFile(join(folder, KEPT), 'utf8').catch(() => '');
  const kept = new Map<string, string>();
  for (const line of text.split('\n')) {
    // The last line may be torn; what it stood for is read again.
    const entry = jsonOrNull(line) as { key?: unknown; mark?: unknown } | null;
    if (typeof entry?.key === 'string' && typeof entry.mark === 'string') kept.set(entry.key, entry.mark);
  }
  // A new line must not be joined to a torn one.
  if (text !== '' && !text.endsWith('\n')) await appendFile(join(folder, KEPT), '\n');
  return kept;
}

/** Null for a file that is not there or not whole: it is fetched again. */
async function readHere(file: string): Promise<TaskResult | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : parseResult(text);
}

function parseResult(text: string): TaskResult | null {
  return resultSchema.safeParse(jsonOrNull(text)).data ?? null;
}

/** A reader, or a crash, sees the whole file or none. */
export async function keep(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, file);
}

export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
