import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, type Bucket as ClientBucket } from '@google-cloud/storage';
import seedrandom from 'seedrandom';
import { afterEach, describe, expect, it } from 'vitest';
import { RequestLimits, type WriteArrival } from '../../../src/emulator/gcs/requestLimits.js';
import type { Scenario } from '../../../src/scenario/scenario.js';
import { Bucket } from '../../../src/sim/world/bucket.js';
import { exampleScenario } from '../../plan/examplePlan.js';
import { batchClient, clientJob, exampleJob, PARENT } from '../emulated.js';
import { type Served, serve } from './served.js';

const UPLOADS = 300;
const SEED = 'storm';

function slowBucket(): Scenario {
  const scenario = exampleScenario();
  scenario.bucket = { ...scenario.bucket, writesPerSecond: 50, burst: 50, growth: null };
  return scenario;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An emulator whose clock runs: limits begin with the first job. */
async function serveRunning(options: Parameters<typeof serve>[0]): Promise<Served> {
  const served = await serve(options);
  stops.push(() => served.stop());
  const batch = batchClient(served.grpcPort);
  await batch.createJob({ parent: PARENT, jobId: 'clock', job: clientJob(exampleJob(1, 1)) });
  await batch.close();
  return served;
}

/** Full jitter. Returns how many 429s it took. */
async function uploadUntilAccepted(
  bucket: ClientBucket,
  name: string,
  random: () => number,
): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    try {
      await bucket.file(name).save('checkpoint', { resumable: false, validation: false });
      return refused;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 429) throw error;
      await wait(1000 * random() * Math.min(2, 0.25 * 2 ** refused));
    }
  }
}

describe('300 concurrent uploads of the real client against 50 writes a second', () => {
  it.each([
    ['aligned', 0],
    ['jittered', 3],
  ])("%s: the simulator's bucket decides the same, request by request", async (_how, spreadSeconds) => {
    const scenario = slowBucket();
    const arrivals: WriteArrival[] = [];
    const { client } = await serveRunning({ scenario, onStorageWrite: (arrival) => arrivals.push(arrival) });
    const random = seedrandom(SEED);
    const refusals = await Promise.all(
      Array.from({ length: UPLOADS }, async (_, number) => {
        await wait(1000 * spreadSeconds * random());
        return uploadUntilAccepted(client.bucket('bucket'), `crowd/${number}`, random);
      }),
    );
    const refused = refusals.reduce((sum, count) => sum + count, 0);
    expect(arrivals.filter(({ admitted }) => !admitted)).toHaveLength(refused);
    expect(arrivals).toHaveLength(UPLOADS + refused);
    // A crowd that nobody was refused in would show nothing.
    expect(refused).toBeGreaterThan(0);

    const bucket = new Bucket(scenario.bucket, false);
    expect(arrivals.map(({ at }) => bucket.write(at))).toEqual(arrivals.map(({ admitted }) => admitted));
    expect(bucket.refused).toBe(refused);

    const [files] = await client.bucket('bucket').getFiles({ prefix: 'crowd/' });
    expect(files).toHaveLength(UPLOADS);
  });
});

describe('the limit of one object name', () => {
  it("refuses a second change within a second, in the service's words", async () => {
    let now = 10;
    const limits = new RequestLimits(slowBucket().bucket, () => now);
    limits.admitChange('b', 'o');
    limits.admitChange('b', 'other');
    now = 10.9;
    expect(() => limits.admitChange('b', 'o')).toThrow(
      'The object b/o exceeded the rate limit for object mutation operations (create, update, and delete).',
    );
    now = 11;
    expect(() => limits.admitChange('b', 'o')).not.toThrow();
  });

  it('is met by the real client', async () => {
    const { client, url } = await serveRunning({});
    const write = () => client.bucket('bucket').file('same').save('x', { resumable: false });
    const told = await Promise.allSettled([write(), write(), write()]);
    const errors = told.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every((error) => error instanceof ApiError && error.code === 429)).toBe(true);
    const response = await fetch(`${url}/storage/v1/b/bucket/o/same`, { method: 'DELETE' });
    if (response.status !== 204) {
      expect(await response.json()).toMatchObject({
        error: { code: 429, errors: [{ domain: 'usageLimits', reason: 'rateLimitExceeded' }] },
      });
    }
  });

  it('and that of the bucket can be switched off', async () => {
    const arrivals: WriteArrival[] = [];
    const { client } = await serveRunning({
      scenario: slowBucket(),
      storageLimits: false,
      onStorageWrite: (arrival) => arrivals.push(arrival),
    });
    const save = () => client.bucket('bucket').file('same').save('x', { resumable: false });
    await Promise.all(Array.from({ length: 60 }, save));
    expect(arrivals).toEqual([]);
  });
});

it('nothing is refused before time begins: capacity that never comes back could not be waited for', async () => {
  const served = await serve({ scenario: slowBucket() });
  stops.push(() => served.stop());
  const save = () => served.client.bucket('bucket').file('same').save('x', { resumable: false });
  await Promise.all(Array.from({ length: 60 }, save));
});

it('reads have a limit of their own', () => {
  const scenario = slowBucket();
  scenario.bucket = { ...scenario.bucket, readsPerSecond: 2 };
  const limits = new RequestLimits(scenario.bucket, () => 5);
  limits.admit('b', 'read');
  limits.admit('b', 'read');
  expect(() => limits.admit('b', 'read')).toThrow(/rate limit for read requests/);
  limits.admit('b', 'write');
  limits.admit('other', 'read');
});

it('objects of one name in two buckets do not share the limit of a name', () => {
  const limits = new RequestLimits(exampleScenario().bucket, () => 10);
  limits.admitChange('bucket-a', 'same');
  limits.admitChange('bucket-b', 'same');
  expect(() => limits.admitChange('bucket-a', 'same')).toThrow(
    /^The object bucket-a\/same exceeded the rate limit/,
  );
});
