import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Cloud } from './cloud.js';
import { until } from './until.js';

let cloud: Cloud;
afterEach(() => cloud.stop());

/** Exit code, reason in the claim, and no result: half a result is never published. */
async function fails(
  environment: Record<string, string>,
  code: number,
  reason: string | null,
  words: string,
): Promise<void> {
  const ended = await cloud.run({ environment });
  expect(ended.code, ended.log).toBe(code);
  expect(ended.log).toContain(words);
  // One clear line about the end.
  expect(ended.log.split('\n').filter((line) => line.includes(`exit ${code}:`))).toHaveLength(1);
  if (reason !== null) expect((await cloud.claim()).lines.at(-1)).toMatchObject({ exit: code, reason });
  expect(await cloud.result()).toBeNull();
}

test.each([
  [{ BATCH_TASK_INDEX: 'one' }, 'BATCH_TASK_INDEX is "one"'],
  [{ BATCH_TASK_INDEX: '' }, 'BATCH_TASK_INDEX'],
  [{ BATCH_TASK_INDEX: '2' }, 'has no row 2'],
  [{ FEPCAST_INDEX_ROW_BYTES: '319' }, 'row 1 of the index'],
  [{ FEPCAST_INDEX: 's3://results/index' }, 'FEPCAST_INDEX is'],
  [{ FEPCAST_INDEX: 'gs://results/nothing' }, 'has no row 1'],
  [{ FEPCAST_ADAPTER: 'amber' }, 'there is no adapter "amber"'],
  [{ FEPCAST_ADAPTER: '../x' }, 'FEPCAST_ADAPTER is'],
  [{ FEPCAST_CHECKPOINT_POLICY: 'often' }, 'FEPCAST_CHECKPOINT_POLICY is "often"'],
  [{ FEPCAST_STALL_SECONDS: '10min' }, 'FEPCAST_STALL_SECONDS is "10min"'],
  [{ FEPCAST_ADAPTER: 'command' }, 'FEPCAST_COMMAND is empty'],
  [{ FEPCAST_ADAPTER: 'command', FEPCAST_COMMAND: 'echo \\x41' }, 'FEPCAST_COMMAND holds'],
  [{ FEPCAST_ADAPTER: 'command', FEPCAST_COMMAND: 'no-such-program' }, 'no command "no-such-program"'],
])('a wrong configuration ends with 2 and its reason: %o', async (environment, words) => {
  cloud = await Cloud.start();
  await fails(environment, 2, null, words);
  expect(await cloud.list('scratch')).toEqual([]);
});

test('an account that may not read: 2', async () => {
  cloud = await Cloud.start({ allows: () => false });
  const { code, log } = await cloud.run();
  expect(code, log).toBe(2);
  expect(log).toContain('the service account may not (status 403)');
});

test('an input that is not there, or not what its name says: 72', async () => {
  cloud = await Cloud.start({ input: 'the input' });
  const name = `inputs/${cloud.inputDigest}`;
  await cloud.put('results', name, 'something else');
  await fails({}, 72, 'input', 'does not hold what its name says');
  await cloud.remove('results', name);
  await fails({}, 72, 'input', 'does not exist');
});

test('an engine that fails at the same step twice: 84, then 79', async () => {
  cloud = await Cloud.start();
  await fails({ STUB_FAIL_AT: '120' }, 84, 'engine', 'the engine failed at step 120');
  await fails({ STUB_FAIL_AT: '120' }, 79, 'blow-up', 'the engine failed again at step 120');
});

test('an engine that ends at once is noticed at once, every time', async () => {
  cloud = await Cloud.start();
  const environment = {
    FEPCAST_ADAPTER: 'command',
    FEPCAST_COMMAND: 'false',
    FEPCAST_OUTPUTS: 'out',
    // Nothing else would end an attempt that has missed the end of its engine.
    FEPCAST_STALL_SECONDS: '100000000',
  };
  for (let i = 0; i < 15; i += 1) expect((await cloud.run({ environment })).code).toBe(i === 0 ? 84 : 79);
});

test('an engine that fails at another step each time is retried', async () => {
  cloud = await Cloud.start();
  await fails({ STUB_FAIL_AT: '120' }, 84, 'engine', 'at step 120');
  await fails({ STUB_FAIL_AT: '200' }, 84, 'engine', 'at step 200');
});

test('an engine that computes nothing any more: 80, with what it had', async () => {
  cloud = await Cloud.start();
  await fails(
    { STUB_STALL_AT: '150', FEPCAST_STALL_SECONDS: '30', FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10000' },
    80,
    'stalled',
    'the engine stalled',
  );
  expect((await cloud.claim()).lines.at(-1)).toMatchObject({ syncedStep: 150, checkpoints: 1 });
});

test('a machine far slower than planned: 81 once, then the plan is doubted', async () => {
  cloud = await Cloud.start();
  // The stub makes at most 2,000 steps a second; the plan is for a hundred times that.
  const environment = { FEPCAST_EXPECTED_SECONDS: '5', STUB_STEPS: '10000' };
  await fails(environment, 81, 'slow', 'far slower than planned');
  const { code, log } = await cloud.run({ environment: { ...environment, FEPCAST_TIME_SCALE: '0.002' } });
  expect(code, log).toBe(0);
  expect(log).toContain('slow again');
});

test('an accelerator that is not there: 82, after a pause', async () => {
  cloud = await Cloud.start();
  const bin = join(cloud.folder, 'bin');
  mkdirSync(bin);
  const environment = {
    PATH: `${bin}:${process.env.PATH}`,
    FEPCAST_ACCELERATOR: 'nvidia-l4',
    FEPCAST_TIME_SCALE: '0.001',
  };
  const smi = (text: string): void => {
    writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, 'nvidia-smi'), 0o755);
  };
  smi('exit 9');
  const begun = Date.now();
  await fails(environment, 82, 'accelerator', 'no usable nvidia-l4');
  expect(Date.now() - begun).toBeGreaterThanOrEqual(300);
  smi('echo "GPU 0: NVIDIA L4 (UUID: GPU-0)"');
  const { code, log } = await cloud.run({ environment: { ...environment, FEPCAST_STALL_SECONDS: '100000' } });
  expect(code, log).toBe(0);
});

test('an engine that silently begins at zero is stopped before it can overwrite anything', async () => {
  cloud = await Cloud.start();
  const first = await cloud.begin({ environment: { STUB_STEPS: '100000' } });
  await until(
    async () => (await cloud.sizeOfSlot('ckpt-a')) > 0 && (await cloud.sizeOfSlot('ckpt-b')) > 0,
    first,
  );
  first.vanish();
  await first.exited;
  const before = [
    await cloud.get('scratch', cloud.slot('ckpt-a')),
    await cloud.get('scratch', cloud.slot('ckpt-b')),
  ];
  await fails({ STUB_FORGETFUL: '1', STUB_STEPS: '100000' }, 78, 'corrupt', 'began at step 0, not at step');
  expect(await cloud.get('scratch', cloud.slot('ckpt-a'))).toEqual(before[0]);
  expect(await cloud.get('scratch', cloud.slot('ckpt-b'))).toEqual(before[1]);
});

const canMount = tmpfs();

test.skipIf(!canMount)('a disk that fills up: 74, and no checkpoint is made of half a copy', async () => {
  cloud = await Cloud.start();
  const folder = cloud.folderOf(1);
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder]);
  try {
    const { code, log } = await cloud.run({
      folder,
      environment: { STUB_FAIL_AT: '120', STUB_FILL: folder },
    });
    expect(code, log).toBe(74);
    expect(log).toContain('disk full');
    expect((await cloud.claim()).lines.at(-1)).toMatchObject({ exit: 74, reason: 'disk' });
    expect(await cloud.result()).toBeNull();
  } finally {
    execFileSync('umount', [folder]);
  }
  expect(await cloud.runToEnd()).toEqual([0]);
});

/** Whether this machine lets us mount a small disk. */
function tmpfs(): boolean {
  const folder = join('/tmp', `fepcast-tmpfs-${process.pid}`);
  try {
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    console.log('task image: the test of a full disk needs the right to mount, and is skipped');
    return false;
  } finally {
    execFileSync('rm', ['-rf', folder]);
  }
}
