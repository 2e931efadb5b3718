import { homeOf, homeOfTask } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { resultObject } from '../plan/taskObjects.js';
import { type TaskRange, tasksOf } from '../plan/taskRanges.js';
import { taskIdentity } from '../plan/workDigest.js';
import { mapBounded } from './mapBounded.js';
import { listAll, type ObjectPlace, type StoragePort, type StoredObject } from './storagePort.js';

/** So few tasks are asked for one by one: a listing goes over all results of a bucket, a thousand a request. */
const FEW = 100;
const AT_ONCE = 16;

/** Which windows have a result: that, and not Batch, says whether a window is complete. */
export interface Inventory {
  /**
   * Of the tasks, those whose result is there; rising. This run leaves results at the tasks' homes; `anywhere` looks in
   * the other regions of the plan too.
   */
  complete(tasks: readonly TaskRange[], where?: 'home' | 'anywhere'): Promise<number[]>;
  /** At the task's home: where it is published. */
  resultOf(task: number): ObjectPlace;
}

/** Only a result with the right key and digest counts. */
export function bucketInventory(storage: StoragePort, plan: Plan, inputOf: InputOf): Inventory {
  const placesOf = resultPlaces(plan, inputOf);
  const resultOf = (task: number): ObjectPlace => placesOf(task)[0];
  return {
    resultOf,
    async complete(ranges, where = 'home') {
      const places = where === 'home' ? resultOf : placesOf;
      const there = await storedObjects(storage, [...tasksOf(ranges)], places, RESULTS);
      return [...there.keys()].sort((a, b) => a - b);
    },
  };
}

/**
 * Where a task's result may be: at its home first; but when molecules are added or dropped, others move to another
 * region, and what an earlier run has finished of them lies where they were at home then.
 */
export function resultPlaces(
  plan: Plan,
  inputOf: InputOf,
): (task: number) => readonly [ObjectPlace, ...ObjectPlace[]] {
  const regions = [...new Set(plan.shards.map(({ region }) => region))];
  const buckets = new Set(regions.map((region) => homeOf(plan, region).resultsBucket));
  return (task) => {
    const name = resultObject(taskIdentity(plan, task, inputOf(task)?.sha256 ?? null));
    const home = homeOfTask(plan, task).resultsBucket;
    const others = [...buckets].filter((bucket) => bucket !== home);
    return [{ bucket: home, name }, ...others.map((bucket) => ({ bucket, name }))];
  };
}

/** Where the objects of tasks are looked for in a listing. */
export interface Listing {
  prefix: string;
  matchGlob: string;
}

export const RESULTS: Listing = { prefix: 'tasks/', matchGlob: 'tasks/**/result.json' };

/**
 * Of things that may each have an object somewhere, those whose object is there, with what Cloud Storage says of it. Of
 * several places the first one counts where there is an object.
 */
export async function storedObjects<T>(
  storage: StoragePort,
  things: readonly T[],
  placeOf: (thing: T) => ObjectPlace | readonly ObjectPlace[],
  listing: Listing,
): Promise<Map<T, StoredObject>> {
  const placesOf = (thing: T): readonly ObjectPlace[] => [placeOf(thing)].flat();
  return things.length <= FEW
    ? oneByOne(storage, things, placesOf)
    : byListing(storage, things, placesOf, listing);
}

async function oneByOne<T>(
  storage: StoragePort,
  things: readonly T[],
  placesOf: (thing: T) => readonly ObjectPlace[],
): Promise<Map<T, StoredObject>> {
  const found = await mapBounded(things, AT_ONCE, async (thing) => {
    for (const place of placesOf(thing)) {
      const object = await storage.stat(place);
      if (object !== null) return object;
    }
    return null;
  });
  return new Map(
    things.flatMap((thing, index): [T, StoredObject][] => {
      const object = found[index];
      return object ? [[thing, object]] : [];
    }),
  );
}

async function byListing<T>(
  storage: StoragePort,
  things: readonly T[],
  placesOf: (thing: T) => readonly ObjectPlace[],
  listing: Listing,
): Promise<Map<T, StoredObject>> {
  const wanted = new Map<string, Map<string, { thing: T; rank: number }>>();
  for (const thing of things) {
    for (const [rank, { bucket, name }] of placesOf(thing).entries()) {
      const names = wanted.get(bucket) ?? new Map<string, { thing: T; rank: number }>();
      wanted.set(bucket, names.set(name, { thing, rank }));
    }
  }
  const there = new Map<T, { object: StoredObject; rank: number }>();
  await mapBounded([...wanted], AT_ONCE, async ([bucket, names]) => {
    for await (const object of listAll(storage, { bucket, ...listing })) {
      const named = names.get(object.name);
      if (named === undefined) continue;
      const before = there.get(named.thing);
      if (before === undefined || named.rank < before.rank)
        there.set(named.thing, { object, rank: named.rank });
    }
  });
  return new Map([...there].map(([thing, { object }]) => [thing, object]));
}
