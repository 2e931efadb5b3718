import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { connectEmulatorStorage } from '../../src/exec/googleStorage.js';
import { PortError } from '../../src/exec/port.js';
import { listAll, type StoragePort } from '../../src/exec/storagePort.js';
import { scenarioOf } from './plans.js';

const BUCKET = 'fepcast-results';

let emulator: Emulator;
let storage: StoragePort;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fepcast-gcs-'));
  emulator = await startEmulator({
    scenario: scenarioOf({ molecules: 1, windows: 1 }),
    seed: '1',
    speed: 1,
    buckets: [{ name: BUCKET, location: 'us-central1' }],
  });
  storage = await connectEmulatorStorage({ httpPort: emulator.httpPort, project: 'p' });
});

afterAll(async () => {
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => ({ bucket: BUCKET, name });
const write = (name: string, text: string, ifGenerationMatch = '0') =>
  storage.write({
    ...at(name),
    ifGenerationMatch,
    source: { bytes: Buffer.from(text) },
    metadata: { a: 'b' },
  });
const textOf = async (name: string) => Buffer.from(await storage.read(at(name))).toString('utf8');
const kindOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (error: unknown) => (error instanceof PortError ? error.kind : error),
  );

describe('Cloud Storage through the real client', () => {
  it('writes, tells and reads an object, whole, in part and by generation', async () => {
    const written = await write('one/a b%c', 'hello');
    expect(written).toMatchObject({ ...at('one/a b%c'), bytes: 5, metadata: { a: 'b' } });
    expect(written.md5).toBe('XUFAKrxLKna5cZ2REBfFkg==');
    expect(await storage.stat(at('one/a b%c'))).toEqual(written);
    expect(await textOf('one/a b%c')).toBe('hello');
    const part = await storage.read(at('one/a b%c'), { start: 1, end: 3, generation: written.generation });
    expect(Buffer.from(part).toString('utf8')).toBe('ell');
    await write('one/empty', '');
    expect(await textOf('one/empty')).toBe('');
  });

  it('writes only at the generation that is named', async () => {
    const first = await write('cas', 'first');
    expect(await kindOf(write('cas', 'second'))).toBe('PRECONDITION');
    const second = await write('cas', 'second', first.generation);
    expect(await kindOf(write('cas', 'third', first.generation))).toBe('PRECONDITION');
    expect(await kindOf(storage.remove({ ...at('cas'), ifGenerationMatch: first.generation }))).toBe(
      'PRECONDITION',
    );
    expect(await kindOf(storage.read(at('cas'), { generation: first.generation }))).toBe('NOT_FOUND');
    expect(await storage.remove({ ...at('cas'), ifGenerationMatch: second.generation })).toBe(true);
    expect(await storage.remove({ ...at('cas'), ifGenerationMatch: second.generation })).toBe(false);
  });

  it('tells what is not there from what cannot be asked', async () => {
    expect(await storage.stat(at('nothing'))).toBeNull();
    expect(await kindOf(storage.read(at('nothing')))).toBe('NOT_FOUND');
    const nowhere = await connectEmulatorStorage({ httpPort: 1, project: 'p' });
    expect(await kindOf(nowhere.stat(at('nothing')))).toBe('RETRYABLE');
    expect(await kindOf(nowhere.read(at('nothing')))).toBe('RETRYABLE');
  });

  it('lists by prefix and pattern, all pages', async () => {
    for (const name of ['t/a/1/result.json', 't/a/1/claim', 't/b/2/result.json', 'u/result.json']) {
      await write(name, name);
    }
    const names: string[] = [];
    const request = { bucket: BUCKET, prefix: 't/', matchGlob: 't/**/result.json' };
    for await (const object of listAll(storage, request)) names.push(object.name);
    expect(names).toEqual(['t/a/1/result.json', 't/b/2/result.json']);
  });

  it('copies inside the store under a condition', async () => {
    await write('from', 'content');
    const copied = await storage.copy({ from: at('from'), to: at('to'), ifGenerationMatch: '0' });
    expect(copied).toMatchObject({ ...at('to'), bytes: 7 });
    expect(await textOf('to')).toBe('content');
    expect(await kindOf(storage.copy({ from: at('from'), to: at('to'), ifGenerationMatch: '0' }))).toBe(
      'PRECONDITION',
    );
  });

  it('sends a large file in chunks', async () => {
    const content = randomBytes(20 * 2 ** 20);
    const file = join(folder, 'large');
    await writeFile(file, content);
    let progress = 0;
    const written = await storage.write({
      ...at('large'),
      ifGenerationMatch: '0',
      source: { file },
      onProgress: (bytes) => {
        progress = bytes;
      },
    });
    expect(written.bytes).toBe(content.length);
    expect(progress).toBe(content.length);
    expect(Buffer.from(await storage.read(at('large'))).equals(content)).toBe(true);
    expect(await kindOf(storage.write({ ...at('large'), ifGenerationMatch: '0', source: { file } }))).toBe(
      'PRECONDITION',
    );
  });

  it('knows a bucket and what may be done with it', async () => {
    const info = await storage.bucketInfo(BUCKET);
    expect(info).toMatchObject({ name: BUCKET, location: 'US-CENTRAL1', versioning: false });
    const wanted = ['storage.objects.get', 'storage.objects.create'];
    expect(await storage.testPermissions(BUCKET, wanted)).toEqual(wanted);
    expect(await kindOf(storage.bucketInfo('fepcast-nowhere'))).toBe('NOT_FOUND');
  });
});

describe('a service that refuses', () => {
  let server: Server;
  let refusing: StoragePort;
  let requests: string[] = [];
  let answer = { status: 429, body: '' };

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      request.resume();
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    refusing = await connectEmulatorStorage({ httpPort: port, project: 'p' });
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const errorOf = (code: number, reason: string) =>
    JSON.stringify({ error: { code, message: 'no', errors: [{ reason, message: 'no', domain: 'global' }] } });

  it('is asked once a call, also for a download: a 429 there must not end the process', async () => {
    for (const [status, reason, kind] of [
      [429, 'rateLimitExceeded', 'RETRYABLE'],
      [503, 'backendError', 'RETRYABLE'],
      [403, 'rateLimitExceeded', 'RETRYABLE'],
      [403, 'forbidden', 'PERMISSION_DENIED'],
      [401, 'authError', 'UNAUTHENTICATED'],
      [400, 'invalid', 'INVALID_ARGUMENT'],
    ] as const) {
      answer = { status, body: errorOf(status, reason) };
      requests = [];
      const object = at('x');
      const source = { bytes: Buffer.from('x') };
      expect(await kindOf(refusing.read(object)), `${status} ${reason}`).toBe(kind);
      expect(await kindOf(refusing.stat(object)), `${status} ${reason}`).toBe(kind);
      expect(await kindOf(refusing.write({ ...object, ifGenerationMatch: '0', source }))).toBe(kind);
      expect(await kindOf(refusing.list({ bucket: BUCKET }))).toBe(kind);
      expect(requests).toHaveLength(4);
    }
  });
});
