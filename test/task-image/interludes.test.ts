import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimObject, resultObject } from '../../src/plan/taskObjects.js';
import { Cloud } from './cloud.js';
import { until } from './until.js';

/** What another attempt does in the narrowest of gaps: between what an attempt has read and what it then writes. */

let cloud: Cloud;
beforeEach(async () => {
  cloud = await Cloud.start();
});
afterEach(() => cloud.stop());

const starts = async (): Promise<string[]> =>
  (await cloud.claim()).lines.flatMap((line) =>
    line.kind === 'start' ? [`${line.attempt} ${line.vm}`] : [],
  );

/** Another attempt's start, after whatever the claim holds. */
async function otherStarts(attempt: number): Promise<void> {
  const name = claimObject(cloud.task);
  const before = (await cloud.get('scratch', name))?.toString() ?? '';
  const start = { kind: 'start', attempt, id: '0'.repeat(32), run: 'run', job: 'job', index: 1, retry: 0 };
  await cloud.put(
    'scratch',
    name,
    `${before}${JSON.stringify({ ...start, vm: 'other', zone: 'z', at: 1 })}\n`,
  );
}

test('a claim that another wrote meanwhile is read again: no start is lost', async () => {
  cloud.beforeUpload(claimObject(cloud.task), () => otherStarts(1));
  const { code, log } = await cloud.run();
  expect(code, log).toBe(0);
  expect(await starts()).toEqual(['1 other', '2 vm-1']);
});

test('a claim whose answer was lost is recognised: one start', async () => {
  cloud.faults.add([{ service: 'storage', method: 'objects.insert', kind: 'loseAnswer', rate: 1, times: 1 }]);
  const { code, log } = await cloud.run();
  expect(code, log).toBe(0);
  expect(await starts()).toEqual(['1 vm-1']);
  expect((await cloud.claim()).lines.at(-1)).toMatchObject({ retries: { '503': 1 } });
});

test('a result that another published meanwhile stands, and completes the task', async () => {
  const name = resultObject(cloud.task);
  cloud.beforeUpload(name, () => cloud.put('results', name, 'of another'));
  const { code, log } = await cloud.run();
  expect(code, log).toBe(0);
  expect((await cloud.get('results', name))?.toString()).toBe('of another');
});

test('an output that a newer attempt published stands: the older one exits 75', async () => {
  const name = cloud.slot('out/stub.dat');
  cloud.beforeUpload(name, async () => {
    await otherStarts(2);
    await cloud.put('results', name, 'of the newer one');
  });
  const { code, log } = await cloud.run();
  expect(code, log).toBe(75);
  expect((await cloud.get('results', name))?.toString()).toBe('of the newer one');
  expect(await cloud.result()).toBeNull();
});

test('the checkpoint that was restored is the last to be overwritten', async () => {
  const often = { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '1', FEPCAST_CHECKPOINT_JITTER_SECONDS: '0' };
  const first = await cloud.begin({ environment: { ...often, STUB_STEPS: '1000000' } });
  await until(async () => (await cloud.sizeOfSlot('ckpt-b')) > 0, first);
  first.vanish();
  await first.exited;
  // Its first upload comes late enough to be waited for.
  const late = { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '200', FEPCAST_CHECKPOINT_FIRST_PHASE: 'none' };
  const second = await cloud.begin({ environment: { ...often, ...late, STUB_STEPS: '1000000' } });
  const restored = /goes on from step \d+ \((ckpt-[ab])\)/;
  await until(() => restored.test(second.log()), second);
  const newest = restored.exec(second.log())?.[1] as string;
  const other = newest === 'ckpt-a' ? 'ckpt-b' : 'ckpt-a';
  const asItWas = await cloud.get('scratch', cloud.slot(newest));
  let seen: Buffer | null = null;
  cloud.beforeUpload(cloud.slot(other), async () => {
    seen = await cloud.get('scratch', cloud.slot(newest));
  });
  await until(() => seen !== null, second);
  expect(seen).toEqual(asItWas);
  second.vanish();
  await second.exited;
});
