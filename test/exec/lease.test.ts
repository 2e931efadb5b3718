import { hostname } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { openBucketLedger } from '../../src/exec/bucketLedger.js';
import { thisProcess } from '../../src/exec/holder.js';
import { LEASE_SECONDS, LeaseHeldError, LeaseLostError, takeLease } from '../../src/exec/lease.js';
import { PortError } from '../../src/exec/port.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import { FakeBatch, FakeClock } from './fakeBatch.js';
import { ledgerOf, runInMemory, someHolder } from './inMemory.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

const PLACE = { bucket: 'fepcast-state', name: 'runs/r/lease.json' };

let clock: FakeClock;
let storage: MemoryStorage;

beforeEach(() => {
  clock = new FakeClock();
  storage = new MemoryStorage(() => clock.seconds);
});

const take = (change: Parameters<typeof someHolder>[0] = {}, takeOver = false) =>
  takeLease({
    storage,
    place: PLACE,
    runId: 'r',
    holder: someHolder(change),
    wallNow: () => clock.seconds,
    takeOver,
  });

describe('the lease of a run', () => {
  it('is refused to a second process, which is told who holds it and until when', async () => {
    await take({ user: 'anna', host: 'login-3', pid: 4711 });
    const refused = take({ user: 'ben' });
    await expect(refused).rejects.toBeInstanceOf(LeaseHeldError);
    const until = new Date((clock.seconds + LEASE_SECONDS) * 1000).toISOString().slice(0, 19);
    await expect(refused).rejects.toThrow('anna@login-3, process 4711 works on it since');
    await expect(refused).rejects.toThrow(`holds it until ${until}Z`);
  });

  it('goes to one of two that come at the same moment', async () => {
    const both = await Promise.allSettled([take(), take()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is free again once it was given back, or its time is over', async () => {
    const first = await take();
    await first.release();
    await take();
    clock.seconds += LEASE_SECONDS;
    await take();
  });

  it('is kept by its holder although no try of a renewal was answered, and one had taken effect', async () => {
    const lease = await take();
    clock.seconds += 250;
    storage.answerLost = () => new PortError('RETRYABLE', 'no answer');
    await expect(lease.keep()).rejects.toThrow('no answer');
    storage.answerLost = () => null;
    await lease.keep();
    await expect(take()).rejects.toBeInstanceOf(LeaseHeldError);
    await lease.release();
    await take();
  });

  it('lasts as long as its holder renews it', async () => {
    const lease = await take();
    for (let minutes = 0; minutes < 30; minutes += 1) {
      clock.seconds += 60;
      await lease.keep();
    }
    await expect(take()).rejects.toBeInstanceOf(LeaseHeldError);
  });

  it('is lost to whoever takes it over, and the former holder learns it when it renews', async () => {
    const first = await take();
    await take({ user: 'ben', host: 'laptop' }, true);
    clock.seconds += 120;
    await expect(first.keep()).rejects.toBeInstanceOf(LeaseLostError);
    await expect(first.keep()).rejects.toThrow('ben@laptop');
    await first.release();
    await expect(take()).rejects.toThrow('ben@laptop');
  });

  it('is still held after its time when nobody has wanted it', async () => {
    const lease = await take();
    clock.seconds += 3 * LEASE_SECONDS;
    await lease.keep();
    await expect(take()).rejects.toBeInstanceOf(LeaseHeldError);
  });

  it.runIf(process.platform === 'linux')('does not outlive a process of this machine', async () => {
    const self = thisProcess('self');
    expect(self.host).toBe(hostname());
    await take({ ...self, id: 'living' });
    await expect(take()).rejects.toBeInstanceOf(LeaseHeldError);
    // The same pid, but not the same process.
    await take({ ...self, id: 'former', startTicks: '1' }, true);
    await take();
  });
});

describe('the ledger in the bucket', () => {
  const LEDGER = { bucket: 'fepcast-state', name: 'runs/r/ledger/' };
  const open = (holderId: string) =>
    openBucketLedger({ storage, place: LEDGER, runId: 'r', holderId, patiently: (call) => call() });
  const resumed = (at: number) => ({ kind: 'run-resumed' as const, at });

  it('keeps what is appended, in order, lines of one moment in one object', async () => {
    const { ledger } = await open('a');
    await Promise.all([ledger.append(resumed(1), resumed(2)), ledger.append(resumed(3))]);
    await ledger.append(resumed(4));
    expect(storage.names()).toEqual([
      'fepcast-state/runs/r/ledger/00000000.jsonl',
      'fepcast-state/runs/r/ledger/00000001.jsonl',
    ]);
    expect((await open('b')).entries.map(({ at }) => at)).toEqual([1, 2, 3, 4]);
  });

  it('lets only one of two writers go on', async () => {
    const [first, second] = [await open('a'), await open('b')];
    await second.ledger.append(resumed(1));
    await expect(first.ledger.append(resumed(2))).rejects.toBeInstanceOf(LeaseLostError);
    await expect(first.ledger.append(resumed(3))).rejects.toBeInstanceOf(LeaseLostError);
    await second.ledger.append(resumed(4));
    expect((await open('c')).entries.map(({ at }) => at)).toEqual([1, 4]);
  });

  it('knows its own line again after an outage that outlasted all tries of the write', async () => {
    let ids = 0;
    const retried = retryingStorage(storage, {
      clock,
      random: () => 0.5,
      newId: () => {
        ids += 1;
        return String(ids);
      },
    });
    let outages = 0;
    const { ledger } = await openBucketLedger({
      storage: retried,
      place: LEDGER,
      runId: 'r',
      holderId: 'a',
      async patiently(call) {
        try {
          return await call();
        } catch (error) {
          if (!(error instanceof PortError)) throw error;
          outages += 1;
          storage.answerLost = () => null;
          storage.fault = () => null;
          return call();
        }
      },
    });
    const lost = new PortError('RETRYABLE', 'no answer');
    storage.answerLost = (call) => (call.startsWith('write') ? lost : null);
    storage.fault = (call) => (call.startsWith('stat') ? lost : null);
    await ledger.append(resumed(1));
    await ledger.append(resumed(2));
    expect(outages).toBe(1);
    expect((await open('b')).entries.map(({ at }) => at)).toEqual([1, 2]);
  });

  it('refuses to go on when an object in the middle is missing', async () => {
    const { ledger } = await open('a');
    for (const at of [1, 2, 3]) await ledger.append(resumed(at));
    const middle = { bucket: 'fepcast-state', name: 'runs/r/ledger/00000001.jsonl' };
    const there = await storage.stat(middle);
    await storage.remove({ ...middle, ifGenerationMatch: there?.generation ?? '' });
    await expect(open('b')).rejects.toThrow('00000001.jsonl, without which');
  });
});

describe('two operators on one run', () => {
  const plan = planOf({ molecules: 2, windows: 3 });

  it('started at the same instant: one acts, the other is told who does', async () => {
    const batch = new FakeBatch(clock);
    const world = { batch, storage, clock, runId: 'r' };
    const both = await Promise.allSettled([runInMemory(plan, world), runInMemory(plan, world)]);
    const [refused] = both.filter((end) => end.status === 'rejected');
    expect(both.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
    expect(refused?.reason).toBeInstanceOf(LeaseHeldError);
    expect(batch.jobs.size).toBe(1);
  });

  it('one takes over: the other stops at its next step, with nothing done any more', async () => {
    const batch = new FakeBatch(clock);
    const world = { batch, storage, clock, runId: 'r' };
    let takenOver: Promise<unknown> | null = null;
    const first = runInMemory(plan, world, {
      onSnapshot: ({ elapsedSeconds }) => {
        if (elapsedSeconds < 600 || takenOver !== null) return;
        takenOver = runInMemory(plan, world, { takeOver: true });
      },
    });
    await expect(first).rejects.toBeInstanceOf(LeaseLostError);
    expect(await takenOver).toMatchObject({ state: 'succeeded', resumed: true });
    const kinds = (await ledgerOf(storage, 'r')).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'job-final')).toHaveLength(1);
    expect(kinds.at(-1)).toBe('run-finished');
    expect(batch.jobs.size).toBe(1);
  });
});
