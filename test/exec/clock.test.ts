import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { emulatorClock, wallClock } from '../../src/exec/clock.js';

let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** An emulator's clock resource: `campaignSeconds` by wall milliseconds since the start. */
async function serve(
  campaign: (milliseconds: number) => number,
  speed: number,
  started = true,
): Promise<number> {
  const begin = performance.now();
  server = createServer((request, response) => {
    const body = {
      epochSeconds: 1000,
      campaignSeconds: campaign(performance.now() - begin),
      speed,
      started,
    };
    response.statusCode = request.url === '/emulator/v1/clock' ? 200 : 404;
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe("the emulator's clock", () => {
  it('sleeps until the campaign time has passed, though time stood still for a while', async () => {
    // 1,000 campaign seconds a second, but none in the first 100 ms.
    const httpPort = await serve((ms) => Math.max(0, ms - 100), 1000);
    const clock = emulatorClock({ httpPort });
    const before = await clock.now();
    const begin = performance.now();
    await clock.sleep(60);
    expect((await clock.now()) - before).toBeGreaterThanOrEqual(60);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(120);
    expect(before).toBeGreaterThanOrEqual(1000);
  });

  it('sleeps at least 20 ms of wall time, however fast it runs', async () => {
    const httpPort = await serve((ms) => ms * 1e6, 1e9);
    const begin = performance.now();
    await emulatorClock({ httpPort }).sleep(60);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(19);
  });

  it('does not wait for ever while the campaign has not begun', async () => {
    const httpPort = await serve(() => 0, 1000, false);
    await emulatorClock({ httpPort }).sleep(30);
  });

  it('can be interrupted', async () => {
    const httpPort = await serve((ms) => ms / 1000, 1);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await expect(emulatorClock({ httpPort }).sleep(3600, controller.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('says where it asked when nobody answers', async () => {
    const httpPort = await serve(() => 0, 1);
    server?.close();
    server?.closeAllConnections();
    await expect(emulatorClock({ httpPort }).now()).rejects.toThrow(
      `127.0.0.1:${httpPort}/emulator/v1/clock`,
    );
  });
});

describe('the wall clock', () => {
  it('tells seconds since 1970 and wakes up when interrupted', async () => {
    const clock = wallClock();
    expect(Math.abs((await clock.now()) - Date.now() / 1000)).toBeLessThan(1);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    // Longer than a timer can be set.
    await expect(clock.sleep(1e8, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
