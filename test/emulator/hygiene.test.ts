import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { startHttpServer } from '../../src/emulator/httpServer.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { batchClient, PARENT } from './emulated.js';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.stop()));
});

async function start(host?: string): Promise<Emulator> {
  const emulator = await startEmulator({
    scenario: exampleScenario(),
    seed: '1',
    speed: 1,
    ...(host === undefined ? {} : { host }),
  });
  open.push(emulator);
  return emulator;
}

/** The status of a request with these headers. */
function statusOf(
  port: number,
  headers: Record<string, string>,
  path = '/emulator/v1/clock',
): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com', ''])(
  'it refuses to listen on %j',
  async (host) => {
    await expect(start(host)).rejects.toThrow(
      `host: found ${JSON.stringify(host)}, expected a loopback address`,
    );
  },
);

async function hasIpv6Loopback(): Promise<boolean> {
  const server = createServer();
  server.listen(0, '::1');
  const there = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  server.close();
  return there;
}

test.skipIf(!(await hasIpv6Loopback()))(
  'on request it listens on ::1, over HTTP and gRPC (needs IPv6)',
  async () => {
    const { httpPort, grpcPort } = await start('::1');
    expect((await fetch(`http://[::1]:${httpPort}/emulator/v1/clock`)).status).toBe(200);
    const client = batchClient(grpcPort, '[::1]');
    const [jobs] = await client.listJobs({ parent: PARENT }, { autoPaginate: false });
    expect(jobs).toEqual([]);
    await client.close();
  },
);

test('what a web page may have sent is refused, on every path', async () => {
  const { httpPort } = await start();
  const local = `127.0.0.1:${httpPort}`;
  expect(await statusOf(httpPort, { host: local })).toBe(200);
  expect(await statusOf(httpPort, { host: `localhost:${httpPort}` })).toBe(200);
  for (const path of ['/emulator/v1/clock', `/v1/${PARENT}/jobs`, '/storage/v1/b?project=p', '/nowhere']) {
    expect(await statusOf(httpPort, { host: 'evil.example' }, path)).toBe(403);
    expect(await statusOf(httpPort, { host: `127.0.0.1.evil.example:${httpPort}` }, path)).toBe(403);
    expect(await statusOf(httpPort, { host: local, origin: 'https://evil.example' }, path)).toBe(403);
    expect(await statusOf(httpPort, { host: local, origin: 'null' }, path)).toBe(403);
  }
});

/** Sends bytes and then nothing; what comes back until the other side closes. */
async function sendAndWait(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

test('a client that does not go on with its request is cut off', async () => {
  const server = await startHttpServer([() => ({})], 0, (work) => work(), {
    patience: { headersMs: 200, bodyMs: 200, silenceMs: 400 },
  });
  open.push(server);
  expect(await sendAndWait(server.port, 'POST / HTTP/1.1\r\nHost: local')).toMatch(/^(HTTP\/1\.1 408|$)/);
  const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 100\r\n\r\n`;
  expect(await sendAndWait(server.port, `${head}{"half":`)).not.toContain('200 OK');
  expect(await sendAndWait(server.port, '')).toMatch(/^(HTTP\/1\.1 408|$)/);
});

test('a body without end is cut off, one that is somewhat too long gets its answer', async () => {
  const { httpPort } = await start();
  const url = `http://127.0.0.1:${httpPort}/v1/${PARENT}/jobs`;
  const long = await fetch(url, { method: 'POST', body: `"${'x'.repeat(2_000_000)}"` });
  expect(long.status).toBe(400);
  expect(await sendForEver(httpPort)).toBeLessThan(100_000_000);
});

/** Sends a body of a terabyte until it is cut off; bytes that went out. */
async function sendForEver(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  const chunk = Buffer.alloc(1_000_000, 'x');
  let sent = 0;
  const send = (): void => {
    sent += chunk.length;
    if (socket.write(chunk)) setImmediate(send);
    else socket.once('drain', send);
  };
  socket.on('error', () => {});
  socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${10 ** 12}\r\n\r\n`, send);
  await new Promise((resolve) => socket.once('close', resolve));
  return sent;
}

test('the control routes take faults, show them and end them, and are never hit by any', async () => {
  const { httpPort } = await start();
  const ask = async (method: string, body?: unknown, path = 'emulator/v1/faults') => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { code: answer.status, body: await answer.json() };
  };
  const everything = ['batch', 'storage', 'metadata', 'services'].map((service) => ({
    service,
    kind: 'refuse',
  }));
  const view = { eventsLateSeconds: 30 };
  const world = [{ kind: 'stockout', region: 'us-central1', seconds: 60 }];
  expect(await ask('POST', { calls: everything, view, world })).toMatchObject({
    code: 200,
    body: { calls: [{ rate: 1, method: '*' }, {}, {}, {}], view, world: [{ at: 0 }] },
  });
  expect((await ask('GET')).code).toBe(200);
  expect((await ask('GET', undefined, 'emulator/v1/clock')).code).toBe(200);
  expect((await ask('GET', undefined, `v1/${PARENT}/jobs`)).code).toBe(503);
  for (const wrong of [
    { calls: [{ service: 'batch', kind: 'explode' }] },
    { calls: [{ service: 'batch', kind: 'refuse', rate: 2 }] },
    { world: [{ kind: 'preempt', region: 'mars-east1' }] },
    { world: [{ kind: 'stockout', region: 'us-central1' }] },
    { wrold: [] },
    [],
  ]) {
    expect(await ask('POST', wrong)).toMatchObject({
      code: 400,
      body: { error: { status: 'INVALID_ARGUMENT' } },
    });
  }
  expect(await ask('DELETE')).toMatchObject({ body: { calls: [], view: { eventsLateSeconds: 0 } } });
  expect((await ask('GET', undefined, `v1/${PARENT}/jobs`)).code).toBe(200);
});
