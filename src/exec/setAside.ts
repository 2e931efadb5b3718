import { homeOfTask } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { claimObject, resultObject } from '../plan/taskObjects.js';
import { taskIdentity } from '../plan/workDigest.js';
import { resultPlaces } from './inventory.js';
import { mapBounded } from './mapBounded.js';
import { PortError } from './port.js';
import { isPrecondition } from './retryStorage.js';
import { listAll, type ObjectPlace, type StoragePort, type StoredObject } from './storagePort.js';

/** What is to be put aside of one task, so that it can be run again. */
export interface Aside {
  task: number;
  /** The result and all that belongs to it; or of a window without one the claim, whose checkpoints stay. */
  of: 'result' | 'claim';
  /** Where it is: a result may lie where the task was at home in an earlier run. */
  bucket: string;
  /** Of that object: anything newer is another attempt's work, and stays. */
  generation: string;
}

const AT_ONCE = 16;

interface Names {
  result: string;
  claim: string;
  /** Of the task, in each of its buckets. */
  folder: string;
}

function namesOf(plan: Plan, inputOf: InputOf, task: number): Names {
  const identity = taskIdentity(plan, task, inputOf(task)?.sha256 ?? null);
  const result = resultObject(identity);
  return { result, claim: claimObject(identity), folder: result.slice(0, result.lastIndexOf('/') + 1) };
}

/** What tasks have left. Changes nothing: it is written into the ledger before it is put aside. */
export async function leftBehind(
  storage: StoragePort,
  plan: Plan,
  inputOf: InputOf,
  tasks: readonly number[],
): Promise<Aside[]> {
  const resultsOf = resultPlaces(plan, inputOf);
  const found = await mapBounded(tasks, AT_ONCE, async (task): Promise<Aside[]> => {
    const results = await mapBounded(resultsOf(task), 1, (place) => storage.stat(place));
    const complete = results.filter((result) => result !== null);
    if (complete.length > 0) {
      return complete.map(({ bucket, generation }) => ({ task, of: 'result', bucket, generation }));
    }
    const { scratchBucket: bucket } = homeOfTask(plan, task);
    const claim = await storage.stat({ bucket, name: namesOf(plan, inputOf, task).claim });
    return claim === null ? [] : [{ task, of: 'claim', bucket, generation: claim.generation }];
  });
  return found.flat();
}

/**
 * Puts what tasks have left out of the way: into `replaced/<generation>/` beside it. Nothing is thrown away. Of a
 * complete window everything is moved, and it begins anew; of one without a result only the claim, whose memory of
 * errors would end the next attempt at once. The result is moved last, so that a half-done move counts as not done.
 * Whoever goes on with the run repeats it; what an attempt has written since is never touched.
 */
export async function putAside(
  storage: StoragePort,
  plan: Plan,
  inputOf: InputOf,
  aside: readonly Aside[],
): Promise<void> {
  await mapBounded(aside, AT_ONCE, async ({ task, of, bucket, generation }) => {
    const names = namesOf(plan, inputOf, task);
    const { folder } = names;
    const head: ObjectPlace = { bucket, name: names[of] };
    const belongings: StoredObject[] = [];
    if (of === 'result') {
      for (const place of new Set([homeOfTask(plan, task).scratchBucket, bucket])) {
        belongings.push(...(await objectsIn(storage, { bucket: place, name: folder })));
      }
    }
    // Asked after the listing: while it is there, no later attempt can have written anything that was listed.
    const found = await storage.stat(head);
    if (found === null || found.generation !== generation) return;
    for (const object of belongings) {
      if (object.bucket !== head.bucket || object.name !== head.name)
        await move(storage, object, folder, generation);
    }
    await move(storage, found, folder, generation);
  });
}

async function objectsIn(storage: StoragePort, { bucket, name }: ObjectPlace): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of listAll(storage, { bucket, prefix: name })) {
    if (!object.name.startsWith(`${name}replaced/`)) objects.push(object);
  }
  return objects;
}

async function move(storage: StoragePort, object: StoredObject, folder: string, into: string): Promise<void> {
  const { bucket, name, generation } = object;
  const to = { bucket, name: `${folder}replaced/${into}/${name.slice(folder.length)}` };
  try {
    await storage.copy({ from: { bucket, name }, to, ifGenerationMatch: '0' });
  } catch (error) {
    // Moved before, by a process that was interrupted or whose last request was late.
    if (error instanceof PortError && error.kind === 'NOT_FOUND') return;
    if (!isPrecondition(error)) throw error;
  }
  try {
    await storage.remove({ bucket, name, ifGenerationMatch: generation });
  } catch (error) {
    // Another process has moved it, and an attempt has written a new one.
    if (!isPrecondition(error)) throw error;
  }
}
