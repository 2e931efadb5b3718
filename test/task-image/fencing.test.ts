import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Attempt, Cloud } from './cloud.js';
import { until } from './until.js';

let cloud: Cloud;
/** While this file is there, no engine gets to its last step. */
let hold: string;
beforeEach(async () => {
  cloud = await Cloud.start();
  hold = join(cloud.folder, 'hold');
  writeFileSync(hold, '');
});
afterEach(() => cloud.stop());

const begin = (environment: Record<string, string> = {}): Promise<Attempt> =>
  cloud.begin({ environment: { STUB_HOLD: hold, ...environment } });

test('two copies of a task: the newer one takes it over, the older one exits 75, one result', async () => {
  const older = await begin();
  await until(async () => (await cloud.sizeOfSlot('ckpt-a')) > 0, older);
  const newer = await begin();
  expect(await older.exited, older.log()).toBe(75);
  rmSync(hold);
  expect(await newer.exited, newer.log()).toBe(0);
  const { lines } = await cloud.claim();
  // The older one can no longer write to the claim.
  expect(lines.map((line) => `${line.kind} ${line.attempt}`)).toEqual(['start 1', 'start 2', 'end 2']);
  expect((await cloud.result())?.attempts).toEqual(lines);
  const end = lines.at(-1);
  expect(end?.kind === 'end' && end.restoredStep).toBeGreaterThan(0);
});

test.each([1, 2, 3, 4, 5, 6])(
  'two copies that start together: one result, the other exits 75 (round %i)',
  async (round) => {
    if (round > 2) cloud.disturb(0.2);
    const both = await Promise.all([begin(), begin()]);
    await Promise.race(both.map(({ exited }) => exited));
    rmSync(hold);
    const codes = await Promise.all(both.map(({ exited }) => exited));
    const logs = both.map((attempt) => attempt.log()).join('\n');
    cloud.faults.clear();
    expect(
      codes.sort((a, b) => a - b),
      logs,
    ).toEqual([0, 75]);
    expect(await cloud.result()).not.toBeNull();
  },
);

test('the older copy finishes first: it may not publish', async () => {
  // It ships nothing before the end, so it learns of the newer one there.
  const older = await begin({ FEPCAST_CHECKPOINT_POLICY: 'none' });
  await until(() => cloud.engineStep(1) === 299, older);
  const second = join(cloud.folder, 'hold the second');
  writeFileSync(second, '');
  const newer = await cloud.begin({ environment: { STUB_HOLD: second } });
  await until(() => cloud.engineStep(2) > 0, newer);
  rmSync(hold);
  expect(await older.exited, older.log()).toBe(75);
  expect(await cloud.result()).toBeNull();
  rmSync(second);
  expect(await newer.exited, newer.log()).toBe(0);
  expect((await cloud.result())?.attempts.at(-1)).toMatchObject({ attempt: 2, exit: 0 });
});
