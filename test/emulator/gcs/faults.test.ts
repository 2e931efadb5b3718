import { afterEach, expect, test } from 'vitest';
import { NO_FAULTS } from '../../../src/emulator/faultFile.js';
import type { FaultRule } from '../../../src/emulator/faults.js';
import { type Served, serve } from './served.js';

let served: Served | null = null;
afterEach(async () => {
  await served?.stop();
  served = null;
});

async function withFaults(...rules: Omit<FaultRule, 'service' | 'rate'>[]): Promise<Served> {
  served = await serve({
    faults: {
      ...NO_FAULTS,
      calls: rules.map((rule) => ({ service: 'storage', rate: 1, times: 1, ...rule })),
    },
  });
  return served;
}

const write = ({ url }: Served, query = '') =>
  fetch(`${url}/upload/storage/v1/b/bucket/o?uploadType=media&name=x${query}`, {
    method: 'POST',
    body: 'data',
  });
const read = ({ url }: Served) => fetch(`${url}/storage/v1/b/bucket/o/x`);

test('refuse: the status that was asked for, and no effect', async () => {
  const storage = await withFaults({ method: 'objects.insert', kind: 'refuse', status: 429 });
  const refused = await write(storage);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    error: { code: 429, errors: [{ reason: 'rateLimitExceeded' }] },
  });
  expect((await read(storage)).status).toBe(404);
  expect((await write(storage)).status).toBe(200);
});

test('loseAnswer: it is there, and the caller cannot know', async () => {
  const storage = await withFaults({ method: 'objects.insert', kind: 'loseAnswer' });
  expect((await write(storage, '&ifGenerationMatch=0')).status).toBe(503);
  expect((await read(storage)).status).toBe(200);
  expect((await write(storage, '&ifGenerationMatch=0')).status).toBe(412);
});

test('duplicate: the second of the two answers is sent', async () => {
  const storage = await withFaults({ method: 'objects.insert', kind: 'duplicate' });
  expect((await write(storage, '&ifGenerationMatch=0')).status).toBe(412);
  const { url } = storage;
  expect(await (await fetch(`${url}/storage/v1/b/bucket/o/x?alt=media`)).text()).toBe('data');
});

test('duplicate of a write without a condition leaves one whole object', async () => {
  const storage = await withFaults({ method: 'objects.insert', kind: 'duplicate' });
  expect((await write(storage)).status).toBe(200);
  expect(await (await fetch(`${storage.url}/storage/v1/b/bucket/o/x?alt=media`)).text()).toBe('data');
});

test('reset and resetAfter: the connection is cut, without the effect and with it', async () => {
  const storage = await withFaults(
    { method: 'objects.insert', kind: 'reset' },
    { method: 'objects.insert', kind: 'resetAfter' },
  );
  await expect(write(storage)).rejects.toThrow('fetch failed');
  expect((await read(storage)).status).toBe(404);
  await expect(write(storage)).rejects.toThrow('fetch failed');
  expect((await read(storage)).status).toBe(200);
});

test('delay: the effect comes after the time', async () => {
  const storage = await withFaults({ method: 'objects.insert', kind: 'delay', seconds: 0.2 });
  const from = performance.now();
  expect((await write(storage)).status).toBe(200);
  expect(performance.now() - from).toBeGreaterThanOrEqual(190);
});

test('a rule concerns its method alone, and chunks of a resumable upload are one', async () => {
  const storage = await withFaults({ method: 'objects.resume', kind: 'refuse', status: 503 });
  const { url } = storage;
  const open = await fetch(`${url}/upload/storage/v1/b/bucket/o?uploadType=resumable&name=x`, {
    method: 'POST',
  });
  const session = open.headers.get('location') ?? '';
  const put = (range: string, body?: string) =>
    fetch(session, {
      method: 'PUT',
      headers: { 'content-range': range },
      ...(body === undefined ? {} : { body }),
    });
  expect((await put('bytes 0-3/4', 'data')).status).toBe(503);
  expect((await put('bytes */4')).status).toBe(308);
  expect((await put('bytes 0-3/4', 'data')).status).toBe(200);
});
