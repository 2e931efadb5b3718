import { describe, expect, it } from 'vitest';
import { bucketInventory } from '../../src/exec/inventory.js';
import { writeJobIndex } from '../../src/exec/jobIndex.js';
import { leftBehind, putAside } from '../../src/exec/setAside.js';
import type { Plan } from '../../src/plan/plan.js';
import { claimObject, resultObject } from '../../src/plan/taskObjects.js';
import { taskIdentity } from '../../src/plan/workDigest.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

const RESULTS = ['fepcast-results-us-central1', 'fepcast-results-us-east1'];
const SCRATCH = 'fepcast-scratch-us-central1';
const ALL = [{ first: 0, count: 300 }];
const NO_INPUT = () => null;

const plan = planOf({ molecules: 100, windows: 3 }, {}, ['us-central1', 'us-east1']);
const result = (task: number, of: Plan = plan): string => resultObject(taskIdentity(of, task, null));
const claim = (task: number): string => claimObject(taskIdentity(plan, task, null));
const bucketOf = (task: number): string => RESULTS[task < 150 ? 0 : 1] ?? '';

/** A store with the results of some tasks. */
function storeWith(tasks: readonly number[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const task of tasks) storage.plant({ bucket: bucketOf(task), name: result(task) }, 'the result');
  return storage;
}

describe('the inventory of results', () => {
  it('finds the task whose key and digest a result carries, among few or many', async () => {
    const storage = storeWith([0, 7, 149, 150, 299]);
    const foreign = result(8).replace(/[0-9a-f]{64}/, '0'.repeat(64));
    storage.plant({ bucket: bucketOf(8), name: foreign }, 'of another digest');
    const inventory = bucketInventory(storage, plan, NO_INPUT);
    expect(await inventory.complete(ALL)).toEqual([0, 7, 149, 150, 299]);
    expect(await inventory.complete([{ first: 5, count: 5 }])).toEqual([7]);
  });

  it('counts nothing that was computed by another command', async () => {
    const other = { ...plan, task: { ...plan.task, command: ['other'] } };
    expect(await bucketInventory(storeWith([0, 7]), other, NO_INPUT).complete(ALL)).toEqual([]);
  });
});

describe('what a rerun puts aside', () => {
  const rerun = async (storage: MemoryStorage, tasks: number[]): Promise<void> =>
    putAside(storage, plan, NO_INPUT, await leftBehind(storage, plan, NO_INPUT, tasks));

  it('is all that a complete window left; it can be found again, and doing so twice changes nothing', async () => {
    const storage = storeWith([7]);
    storage.plant({ bucket: bucketOf(7), name: result(7).replace('result.json', 'out/log') }, 'log');
    storage.plant({ bucket: SCRATCH, name: claim(7) }, 'claim');
    storage.plant({ bucket: SCRATCH, name: claim(8) }, 'claim of another');
    await rerun(storage, [7]);
    const names = storage.names();
    const aside = names.filter((name) => name.includes('/replaced/'));
    expect(aside.map((name) => name.split('/').at(-1)).sort()).toEqual(['claim', 'log', 'result.json']);
    expect(names.filter((name) => !aside.includes(name))).toEqual([`${SCRATCH}/${claim(8)}`]);
    expect(await bucketInventory(storage, plan, NO_INPUT).complete(ALL)).toEqual([]);
    await rerun(storage, [7]);
    expect(storage.names()).toEqual(names);
  });

  it('is nothing that an attempt has written since: a late or repeated try leaves that where it is', async () => {
    const storage = storeWith([7]);
    storage.plant({ bucket: SCRATCH, name: claim(7) }, 'claim');
    const aside = await leftBehind(storage, plan, NO_INPUT, [7]);
    await putAside(storage, plan, NO_INPUT, aside);
    const checkpoint = claim(7).replace(/claim$/, 'ckpt-a');
    storage.plant({ bucket: SCRATCH, name: claim(7) }, 'claim of the next attempt');
    storage.plant({ bucket: SCRATCH, name: checkpoint }, 'its checkpoint');
    await putAside(storage, plan, NO_INPUT, aside);
    expect(storage.text({ bucket: SCRATCH, name: claim(7) })).toBe('claim of the next attempt');
    storage.plant({ bucket: bucketOf(7), name: result(7) }, 'its result');
    const names = storage.names();
    await putAside(storage, plan, NO_INPUT, aside);
    expect(storage.names()).toEqual(names);
  });

  it('is only the claim of a window without a result: its checkpoints stay', async () => {
    const storage = storeWith([]);
    const checkpoint = claim(8).replace(/claim$/, 'ckpt-a');
    storage.plant({ bucket: SCRATCH, name: claim(8) }, 'claim');
    storage.plant({ bucket: SCRATCH, name: checkpoint }, 'checkpoint');
    await rerun(storage, [8]);
    expect(storage.text({ bucket: SCRATCH, name: checkpoint })).toBe('checkpoint');
    expect(storage.text({ bucket: SCRATCH, name: claim(8) })).toBeNull();
  });
});

describe("a job's index", () => {
  it('is written once, and must be the same when it is there already', async () => {
    const storage = new MemoryStorage();
    const shard = plan.shards[0];
    if (shard === undefined) throw new Error('the plan has no shard');
    const part = { jobId: 'r-w0', shard, round: 0, tasks: [{ first: 0, count: 6 }] };
    const run = { runId: 'r', inputOf: NO_INPUT };
    await writeJobIndex(storage, plan, part, run);
    await writeJobIndex(storage, plan, part, run);
    expect(storage.names()).toEqual([`${RESULTS[0]}/runs/r/jobs/r-w0/index`]);
    const other = { ...part, tasks: [{ first: 0, count: 5 }] };
    await expect(writeJobIndex(storage, plan, other, run)).rejects.toThrow('holds another index');
  });
});
