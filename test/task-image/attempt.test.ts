import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Cloud } from './cloud.js';
import { until } from './until.js';

let cloud: Cloud;
afterEach(() => cloud.stop());

test('a task runs to its result, and what it wrote is what the records promise', async () => {
  cloud = await Cloud.start();
  const { code, log } = await cloud.run();
  expect(code, log).toBe(0);
  const result = await cloud.result();
  expect(result).toMatchObject({
    key: cloud.task.key,
    digest: cloud.task.digest,
    task: 7,
    run: 'run',
    job: 'job',
    stepsDone: 300,
    stepsPlanned: 300,
    lostSeconds: 0,
    input: null,
    image: 'image@sha256:0',
    science: { engine: 'stub' },
  });
  expect(result?.usefulSeconds).toBeGreaterThan(0);
  expect(result?.outputs.map(({ name }) => name)).toEqual(['stub.dat', 'stub.done']);
  const { lines, unreadable } = await cloud.claim();
  expect(unreadable).toBe(0);
  expect(lines).toEqual(result?.attempts);
  expect(lines.map(({ kind }) => kind)).toEqual(['start', 'end']);
  expect(lines[0]).toMatchObject({ attempt: 1, index: 1, retry: 0, vm: 'vm-1', zone: 'us-central1-a' });
  expect(lines[1]).toMatchObject({ exit: 0, reason: 'done', restoredStep: null, step: 300, syncedStep: 300 });
  // Nothing is left on the machine.
  expect(cloud.filesOf(1)).toEqual([]);
});

test('a task whose result is there exits at once, and touches nothing', async () => {
  cloud = await Cloud.start();
  await cloud.run();
  const before = await cloud.claim();
  cloud.requests.length = 0;
  const { code } = await cloud.run();
  expect(code).toBe(0);
  expect(cloud.requests.map((request) => request.split(' ')[0])).toEqual(['GET', 'GET']);
  expect(await cloud.claim()).toEqual(before);
});

test('SIGTERM while computing: the last checkpoint is shipped, exit 76, and the next attempt goes on from it', async () => {
  cloud = await Cloud.start();
  const whole = await uninterrupted();
  // No checkpoint is due by itself.
  const environment = { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10000', STUB_CHECKPOINT: '1000' };
  const attempt = await cloud.begin({ environment });
  await until(() => cloud.engineStep(1) > 50, attempt);
  attempt.terminate();
  expect(await attempt.exited, attempt.log()).toBe(76);
  const { lines } = await cloud.claim();
  const end = lines.at(-1);
  expect(end).toMatchObject({ kind: 'end', exit: 76, reason: 'signal', checkpoints: 1 });
  if (end?.kind !== 'end') throw new Error('no end line');
  expect(end.syncedStep).toBeGreaterThan(50);
  expect(end.syncedStep).toBe(end.step);
  expect(await cloud.runToEnd()).toEqual([0]);
  const result = await cloud.result();
  expect(result?.attempts.at(-1)).toMatchObject({ restoredStep: end.syncedStep, step: 300 });
  expect(result?.lostSeconds).toBe(0);
  expect(await cloud.output('stub.dat')).toBe(whole);
});

test('without flushOnNotice the engine is stopped and nothing is shipped', async () => {
  cloud = await Cloud.start();
  const environment = { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10000', FEPCAST_FLUSH_ON_NOTICE: '0' };
  const attempt = await cloud.begin({ environment });
  await until(() => cloud.engineStep(1) > 50, attempt);
  attempt.terminate();
  expect(await attempt.exited).toBe(76);
  const end = (await cloud.claim()).lines.at(-1);
  expect(end).toMatchObject({ exit: 76, checkpoints: 0, syncedStep: 0 });
  expect(end?.kind === 'end' && end.step).toBeGreaterThan(49);
});

test("the metadata server's notice of preemption alone is enough", async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({
    environment: { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10000', STUB_STEPS: '100000' },
  });
  await until(() => cloud.engineStep(1) > 50, attempt);
  attempt.preempt();
  expect(await attempt.exited, attempt.log()).toBe(76);
  expect((await cloud.claim()).lines.at(-1)).toMatchObject({ exit: 76, reason: 'preempted', checkpoints: 1 });
});

test('SIGTERM before the task is taken: exit 76 and no claim', async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({ environment: { FEPCAST_START_SPREAD_SECONDS: '100000000' } });
  await until(() => attempt.isWaiting(), attempt);
  attempt.terminate();
  expect(await attempt.exited, attempt.log()).toBe(76);
  expect(await cloud.list('scratch')).toEqual([]);
});

test.each(['none', 'aligned', 'adaptive'])('policy %s reaches the result', async (policy) => {
  cloud = await Cloud.start();
  const { code, log } = await cloud.run({ environment: { FEPCAST_CHECKPOINT_POLICY: policy } });
  expect(code, log).toBe(0);
  const end = (await cloud.claim()).lines.at(-1);
  // The finished state is always shipped; with "none" it is all that is.
  if (policy === 'none') expect(end).toMatchObject({ checkpoints: 1 });
});

test('checkpoints alternate between the two slots, each with what it needs', async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({ environment: { STUB_STEPS: '100000' } });
  await until(
    async () => (await cloud.sizeOfSlot('ckpt-a')) > 0 && (await cloud.sizeOfSlot('ckpt-b')) > 0,
    attempt,
  );
  attempt.vanish();
  await attempt.exited;
  for (const slot of ['ckpt-a', 'ckpt-b']) {
    const bundle = (await cloud.get('scratch', cloud.slot(slot)))?.toString('latin1') ?? '';
    expect(bundle.slice(512)).toMatch(/^fepcast-checkpoint 1\nsequence 100000\d\n/);
    expect(bundle).toContain(`digest ${cloud.task.digest}`);
  }
});

test('the attempt ends itself before maxRunDuration, with its work saved', async () => {
  cloud = await Cloud.start();
  const { code, log } = await cloud.run({
    environment: { FEPCAST_MAX_RUN_SECONDS: '160', STUB_STEPS: '100000', STUB_CHECKPOINT: '20' },
  });
  expect(code, log).toBe(83);
  const end = (await cloud.claim()).lines.at(-1);
  expect(end).toMatchObject({ exit: 83, reason: 'time' });
  expect(end?.kind === 'end' && end.syncedStep).toBeGreaterThan(0);
});

test('each start removes what earlier tasks left on the VM, a running engine too', async () => {
  cloud = await Cloud.start();
  const first = await cloud.begin({ environment: { STUB_STEPS: '100000' }, keepOrphans: true });
  await until(() => cloud.engineStep(1) > 10, first);
  const orphan = cloud.enginePid(1);
  process.kill(first.pid, 'SIGKILL');
  await first.gone;
  expect(isAlive(orphan)).toBe(true);
  const { code, log } = await cloud.run({ folder: cloud.folderOf(1) });
  expect(code, log).toBe(0);
  expect(log).toContain('an engine of an earlier task');
  expect(isAlive(orphan)).toBe(false);
  expect(cloud.filesOf(1)).toEqual([]);
});

test('a work folder that is in use is left alone', async () => {
  cloud = await Cloud.start();
  const first = await cloud.begin({ environment: { STUB_STEPS: '100000' } });
  await until(() => cloud.engineStep(1) > 10, first);
  const { code, log } = await cloud.run({ folder: cloud.folderOf(1) });
  expect(code).toBe(2);
  expect(log).toContain('is in use by process');
  expect(cloud.engineStep(1)).toBeGreaterThan(10);
  first.vanish();
  await first.exited;
});

async function uninterrupted(): Promise<string> {
  const other = await Cloud.start();
  try {
    expect(await other.runToEnd()).toEqual([0]);
    return await other.output('stub.dat');
  } finally {
    await other.stop();
  }
}

/** Whether it computes: one that was killed may stay in the list of processes until somebody asks after it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
