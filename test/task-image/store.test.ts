import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Cloud } from './cloud.js';
import { COMMAND } from './strangersProgram.js';
import { until } from './until.js';

let cloud: Cloud;
afterEach(() => cloud.stop());

/** Ships as often as it can. */
const OFTEN = { FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '1', FEPCAST_CHECKPOINT_JITTER_SECONDS: '0' };

test('answers that were lost after taking effect are recognised: no attempt fences itself', async () => {
  cloud = await Cloud.start();
  cloud.faults.add([{ service: 'storage', method: '*', kind: 'loseAnswer', rate: 0.4 }]);
  const { code, log } = await cloud.run({ environment: OFTEN });
  cloud.faults.clear();
  expect(code, log).toBe(0);
  const { lines } = await cloud.claim();
  expect(lines.map(({ kind }) => kind)).toEqual(['start', 'end']);
  expect(lines[1]).toMatchObject({ retries: { '503': expect.any(Number) } });
});

test('connections that are cut after taking effect are recognised too', async () => {
  cloud = await Cloud.start();
  cloud.faults.add([{ service: 'storage', method: '*', kind: 'resetAfter', rate: 0.4 }]);
  const { code, log } = await cloud.run({ environment: OFTEN });
  cloud.faults.clear();
  expect(code, log).toBe(0);
  expect((await cloud.claim()).lines[1]).toMatchObject({ retries: { '0': expect.any(Number) } });
});

test('a checkpoint that the store will not take is skipped, and the work goes on', async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({
    environment: { ...OFTEN, FEPCAST_TIME_SCALE: '0.001', FEPCAST_STALL_SECONDS: '100000' },
  });
  await until(async () => (await cloud.sizeOfSlot('ckpt-a')) > 0, attempt);
  cloud.faults.add([
    { service: 'storage', method: 'objects.insert', kind: 'refuse', rate: 1, status: 429, times: 10 },
  ]);
  expect(await attempt.exited, attempt.log()).toBe(0);
  expect(attempt.log()).toContain('is skipped');
});

test('a store that never answers: 77', async () => {
  cloud = await Cloud.start();
  cloud.faults.add([{ service: 'storage', method: '*', kind: 'refuse', rate: 1, status: 503 }]);
  const { code, log } = await cloud.run({ environment: { FEPCAST_TIME_SCALE: '0.0001' } });
  expect(code, log).toBe(77);
  expect(log).toContain('no success after all tries');
});

test.each([
  ['the stub engine', {}],
  ['any command', COMMAND],
])(
  'a store that is gone at the end: 77, and the next attempt publishes what %s finished',
  async (_, engine) => {
    cloud = await Cloud.start();
    const attempt = await cloud.begin({
      environment: {
        ...engine,
        FEPCAST_CHECKPOINT_POLICY: 'none',
        FEPCAST_TIME_SCALE: '0.0001',
        FEPCAST_STALL_SECONDS: '1000000',
      },
    });
    await until(() => cloud.engineStep(1) > 10, attempt);
    // The finished state is taken, outputs and result are not.
    cloud.refuseUploadsTo('results');
    expect(await attempt.exited, attempt.log()).toBe(77);
    cloud.refuseUploadsTo(null);
    expect(await cloud.result()).toBeNull();
    const { code, log } = await cloud.run({ environment: { ...engine, STUB_FAIL_AT: '0' } });
    expect(code, log).toBe(0);
    const result = await cloud.result();
    expect(result?.stepsDone).toBe(300);
    expect(result?.attempts.map((line) => (line.kind === 'end' ? line.exit : line.kind))).toEqual([
      'start',
      77,
      'start',
      0,
    ]);
  },
);

test('Retry-After is honoured', async () => {
  cloud = await Cloud.start();
  // 50 s at this scale are 0.5 s: longer than any back-off of its own after one try.
  cloud.retryAfter('50', 1);
  const begun = Date.now();
  const { code, log } = await cloud.run();
  expect(code, log).toBe(0);
  expect(Date.now() - begun).toBeGreaterThan(500);
});

test('a damaged checkpoint is dropped for the one before it', async () => {
  cloud = await Cloud.start();
  const whole = await finishedAfter(async (slots) => {
    const newest = slots.at(-1);
    if (!newest) throw new Error('no checkpoint');
    const damaged = Buffer.from(newest.bundle);
    // A byte of the engine's data; the manifest stays readable.
    damaged[newest.bundle.indexOf('step 5 state') + 3] = 0x21;
    await cloud.put('scratch', newest.name, damaged);
  });
  expect(whole.code, whole.log).toBe(0);
  expect(whole.log).toContain('does not verify');
  expect(whole.log).toContain('goes on from step');
});

test('both checkpoints damaged: 78, or from zero where the plan allows it', async () => {
  cloud = await Cloud.start();
  const spoil = async (slots: { name: string }[]): Promise<void> => {
    for (const { name } of slots) await cloud.put('scratch', name, 'no checkpoint at all');
  };
  const refused = await finishedAfter(spoil);
  expect(refused.code, refused.log).toBe(78);
  expect((await cloud.claim()).lines.at(-1)).toMatchObject({ exit: 78, reason: 'corrupt' });
  const { code, log } = await cloud.run({ environment: { FEPCAST_RESTART_FROM_ZERO: '1' } });
  expect(code, log).toBe(0);
  expect(log).toContain('begins again');
  expect((await cloud.result())?.attempts.at(-1)).toMatchObject({ restoredStep: null });
});

test("another task's checkpoint is not taken for one's own", async () => {
  cloud = await Cloud.start();
  const { code, log } = await finishedAfter(async (slots) => {
    for (const { name, bundle } of slots) {
      const text = bundle.toString('latin1').replaceAll(cloud.task.digest, '0'.repeat(64));
      await cloud.put('scratch', name, Buffer.from(text, 'latin1'));
    }
  });
  expect(code, log).toBe(78);
});

test('tokens that end early are replaced, once for each refusal', async () => {
  cloud = await Cloud.start({ tokensLiveSeconds: 0.15 });
  const attempt = await cloud.begin({ environment: { ...OFTEN, STUB_STEPS: '1000000' } });
  await until(() => cloud.unauthorized >= 3, attempt);
  attempt.terminate();
  expect(await attempt.exited, attempt.log()).toBe(76);
  const end = (await cloud.claim()).lines.at(-1);
  const told = end?.kind === 'end' ? (end.retries['401'] ?? 0) : 0;
  // What the last record itself needed is not in it.
  expect(told).toBeGreaterThanOrEqual(3);
  expect(told).toBeLessThanOrEqual(cloud.unauthorized);
});

test('no token is in any log, argument list or file that others could read', async () => {
  cloud = await Cloud.start({ tokensLiveSeconds: 0.2 });
  const attempt = await cloud.begin({ environment: OFTEN });
  const seen = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) {
      for (const line of commandLines()) seen.add(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  expect(await attempt.exited, attempt.log()).toBe(0);
  over = true;
  await watching;
  const lines = [...seen];
  // It did look: the requests of this attempt were seen.
  expect(lines.some((line) => line.includes('curl') && line.includes(cloud.endpoint))).toBe(true);
  expect(lines.filter((line) => line.includes('ya29.'))).toEqual([]);
  expect(attempt.log()).not.toContain('ya29.');
});

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    });
}

/** Lets an attempt fill both slots and vanish, does something to them (oldest first), and runs the next attempt. */
async function finishedAfter(
  change: (slots: { name: string; bundle: Buffer }[]) => Promise<void>,
): Promise<{ code: number; log: string }> {
  const attempt = await cloud.begin({ environment: { ...OFTEN, STUB_STEPS: '100000' } });
  await until(
    async () => (await cloud.sizeOfSlot('ckpt-a')) > 0 && (await cloud.sizeOfSlot('ckpt-b')) > 0,
    attempt,
  );
  attempt.vanish();
  await attempt.exited;
  const slots: { name: string; bundle: Buffer; sequence: number }[] = [];
  for (const slot of ['ckpt-a', 'ckpt-b']) {
    const name = cloud.slot(slot);
    const bundle = (await cloud.get('scratch', name)) ?? Buffer.alloc(0);
    const sequence = Number(/sequence (\d+)/.exec(bundle.toString('latin1'))?.[1]);
    slots.push({ name, bundle, sequence });
  }
  slots.sort((one, other) => one.sequence - other.sequence);
  await change(slots);
  return cloud.run({ environment: { STUB_STEPS: '3000', STUB_BURST: '1000' } });
}
