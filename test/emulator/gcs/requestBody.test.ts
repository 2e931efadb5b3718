import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { bytesOf, chunksOf } from '../../../src/emulator/gcs/requestBody.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const PACE = { bytesPerSecond: 1000, graceMs: 50, checkMs: 10 };

/** A request with a body of `length` bytes under way, and what becomes of its reading. */
async function request(length: number): Promise<{ client: Socket; outcome: Promise<string> }> {
  let settle: (text: string) => void = () => {};
  const outcome = new Promise<string>((resolve) => {
    settle = resolve;
  });
  const server = createServer((incoming, response) => {
    bytesOf(
      chunksOf(incoming, () => {}, PACE),
      1_000_000,
    ).then(
      (bytes) => {
        response.end();
        settle(`read ${bytes.length}`);
      },
      () => settle('cut off'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  closing.push(() => {
    client.destroy();
    server.close();
  });
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  return { client, outcome };
}

test('a client that drips is cut off, however often it sends a byte', async () => {
  const { client, outcome } = await request(1000);
  const drip = setInterval(() => client.write('x'), 5);
  closing.push(() => clearInterval(drip));
  expect(await outcome).toBe('cut off');
});

test('a client that goes away in the middle is noticed', async () => {
  const { client, outcome } = await request(1000);
  client.write('half', () => client.destroy());
  expect(await outcome).toBe('cut off');
});

test('a client that sends everything is served', async () => {
  const { client, outcome } = await request(100_000);
  client.write(Buffer.alloc(100_000));
  expect(await outcome).toBe('read 100000');
});
