import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { homeOfTask } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { inputObject } from '../plan/taskObjects.js';
import { inputError } from '../scenario/errors.js';
import { codeOf } from './makeFolder.js';
import { mapBounded } from './mapBounded.js';
import { isPrecondition } from './retryStorage.js';
import {
  gsUrl,
  listAll,
  type ObjectPlace,
  parseGsUrl,
  type StoragePort,
  type StoredObject,
} from './storagePort.js';

/** How far staging has come. */
export interface StagingProgress {
  /** Inputs, each counted once per bucket that needs it. */
  done: number;
  total: number;
  /** Of those done, the ones that were sent, and their bytes; the others were there. */
  sent: number;
  sentBytes: number;
}

export interface StagingOptions {
  storage: StoragePort;
  plan: Plan;
  onProgress?: (progress: StagingProgress) => void;
  signal?: AbortSignal | undefined;
  /** Inputs that are read or sent at the same time. */
  parallel?: number;
}

const PARALLEL = 8;
/** Custom metadata of a staged input that lay in a bucket: where, and which generation of it. */
const SOURCE = 'fepcast-source';

/** One input with its fingerprints. */
interface Fingerprint {
  sha256: string;
  /** Base64. */
  md5: string;
  bytes: number;
}

/**
 * Brings every input to the results buckets that are home to its tasks, as `inputs/<sha256>`. What is there with the
 * same checksum is not sent again, so this can be interrupted and repeated; the same input of many tasks is one object.
 * Returns the SHA-256 of each task's input. Throws InputError for an input that cannot be read.
 */
export async function stageInputs(options: StagingOptions): Promise<InputOf> {
  const { storage, plan, signal, onProgress, parallel = PARALLEL } = options;
  const { work } = plan;
  if (work === null) return () => null;
  const needs = needsOf(plan);
  const buckets = new Set([...needs.values()].flatMap((of) => [...of]));
  const staged = new Map<string, Staged>();
  for (const bucket of buckets) staged.set(bucket, await listStaged(storage, bucket));
  const progress = {
    done: 0,
    total: [...needs.values()].reduce((sum, of) => sum + of.size, 0),
    sent: 0,
    sentBytes: 0,
  };
  const digests = new Map<string, string>();
  await mapBounded([...needs], parallel, async ([input, wanted]) => {
    signal?.throwIfAborted();
    const source = await openInput(storage, work.folder, input, [...staged.values()]);
    digests.set(input, source.sha256);
    for (const bucket of wanted) {
      signal?.throwIfAborted();
      const there = staged.get(bucket)?.byName.get(inputObject(source.sha256)) ?? null;
      const sent = await bring(storage, source, bucket, there);
      progress.done += 1;
      if (sent) {
        progress.sent += 1;
        progress.sentBytes += source.bytes;
      }
      onProgress?.({ ...progress });
    }
  });
  return (task) => {
    const sha256 = digests.get(work.inputs[task] ?? '');
    return sha256 === undefined ? null : { sha256 };
  };
}

/** Input -> the buckets that its tasks have as their home. */
function needsOf(plan: Plan): Map<string, Set<string>> {
  const needs = new Map<string, Set<string>>();
  for (const [task, input] of (plan.work?.inputs ?? []).entries()) {
    const buckets = needs.get(input) ?? new Set<string>();
    needs.set(input, buckets.add(homeOfTask(plan, task).resultsBucket));
  }
  return needs;
}

/** What lies in a bucket from earlier stagings. */
interface Staged {
  byName: Map<string, StoredObject>;
  /** "gs://bucket/name#generation" -> the staged copy. */
  bySource: Map<string, StoredObject>;
}

async function listStaged(storage: StoragePort, bucket: string): Promise<Staged> {
  const byName = new Map<string, StoredObject>();
  const bySource = new Map<string, StoredObject>();
  for await (const object of listAll(storage, { bucket, prefix: inputObject('') })) {
    byName.set(object.name, object);
    const source = object.metadata[SOURCE];
    if (source !== undefined) bySource.set(source, object);
  }
  return { byName, bySource };
}

interface Source extends Fingerprint {
  /** As the plan names it. */
  input: string;
  from: { file: string } | { object: StoredObject; url: string };
}

async function openInput(
  storage: StoragePort,
  folder: string,
  input: string,
  staged: readonly Staged[],
): Promise<Source> {
  const place = parseGsUrl(input);
  if (place === null) {
    const file = resolve(folder, input);
    return { input, from: { file }, ...(await fingerprintOf(file, input)) };
  }
  const object = await storage.stat(place);
  if (object === null)
    throw inputError({ path: 'work', found: `${input}, which is not there`, expected: 'an object' });
  const url = `${gsUrl(place)}#${object.generation}`;
  const from = { object, url };
  const known = staged.map(({ bySource }) => bySource.get(url)).find((copy) => copy !== undefined);
  if (known?.md5 != null) {
    const sha256 = known.name.slice(inputObject('').length);
    return { input, from, sha256, md5: known.md5, bytes: known.bytes };
  }
  // Cloud Storage keeps no SHA-256: the content has to be seen once.
  const content = await storage.read(place, { generation: object.generation });
  const digest = (algorithm: 'sha256' | 'md5') => createHash(algorithm).update(content);
  return {
    input,
    from,
    sha256: digest('sha256').digest('hex'),
    md5: digest('md5').digest('base64'),
    bytes: content.length,
  };
}

async function fingerprintOf(file: string, input: string): Promise<Fingerprint> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let bytes = 0;
  try {
    await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        sha256.update(chunk);
        md5.update(chunk);
        bytes += chunk.length;
      }
    });
  } catch (error) {
    const found = `"${input}", which cannot be read (${codeOf(error)})`;
    throw inputError({ path: 'work', found, expected: 'a file, or gs://bucket/object' });
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('base64'), bytes };
}

/** False when nothing had to be sent. */
async function bring(
  storage: StoragePort,
  source: Source,
  bucket: string,
  there: StoredObject | null,
): Promise<boolean> {
  if (isSame(there, source)) return false;
  const to: ObjectPlace = { bucket, name: inputObject(source.sha256) };
  // Something else under this name is a damaged copy: it is replaced, and nothing but it.
  const ifGenerationMatch = there?.generation ?? '0';
  try {
    if ('file' in source.from) {
      const written = await storage.write({ ...to, ifGenerationMatch, source: source.from });
      if (isSame(written, source)) return true;
      throw inputError({
        path: 'work',
        found: `"${source.input}", which has changed while it was sent`,
        expected: 'inputs that stay as they are',
      });
    }
    await storage.write({
      ...to,
      ifGenerationMatch,
      source: {
        bytes: await storage.read(source.from.object, { generation: source.from.object.generation }),
      },
      metadata: { [SOURCE]: source.from.url },
    });
    return true;
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    // Another run stages the same input.
    if (isSame(await storage.stat(to), source)) return false;
    throw error;
  }
}

function isSame(object: StoredObject | null, { md5, bytes }: Fingerprint): boolean {
  return object !== null && object.md5 === md5 && object.bytes === bytes;
}
