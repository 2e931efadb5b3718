import { beforeEach, describe, expect, it } from 'vitest';
import { PortError } from '../../src/exec/port.js';
import { writeRequest } from '../../src/exec/runRecord.js';
import { droppedTasks, reopenedAfter, type Wish, wantsCancel } from '../../src/exec/wishes.js';
import type { Snapshot } from '../../src/plan/snapshot.js';
import { FakeBatch, FakeClock } from './fakeBatch.js';
import { ledgerOf, type RunChange, resultsOf, runInMemory, STATE } from './inMemory.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

const RUN = 'fc-wish';
const plan = planOf({ molecules: 4, windows: 5 }, {}, ['us-central1', 'us-east1']);

let clock: FakeClock;
let batch: FakeBatch;
let storage: MemoryStorage;

beforeEach(() => {
  clock = new FakeClock();
  batch = new FakeBatch(clock);
  storage = new MemoryStorage(() => clock.seconds);
});

const run = (change: RunChange = {}) => runInMemory(plan, { batch, storage, clock, runId: RUN }, change);
const jobIds = () => [...batch.jobs.keys()];
const tasksOfJob = (jobId: string) => batch.jobs.get(jobId)?.tasks;
const MOLECULE_1 = [{ first: 5, count: 5 }];

describe('results that were there before', () => {
  it('are not computed again: exactly the missing windows run', async () => {
    const there = new Set([0, 1, 2, 3, 4, 5, 12]);
    const inventory = {
      ...resultsOf(batch),
      complete: async (ranges: Parameters<ReturnType<typeof resultsOf>['complete']>[0]) => {
        const own = await resultsOf(batch).complete(ranges);
        return [...new Set([...own, ...there])].sort((a, b) => a - b);
      },
    };
    expect(await run({ inventory })).toMatchObject({
      state: 'succeeded',
      tasks: { total: 20, succeeded: 20, pending: 0 },
      molecules: { complete: 4 },
    });
    expect(tasksOfJob(`${RUN}-us-central1-w0`)).toEqual([6, 7, 8, 9]);
    expect(tasksOfJob(`${RUN}-us-east1-w0`)).toEqual([10, 11, 13, 14, 15, 16, 17, 18, 19]);
  });

  it('count although Batch calls the task failed, and a success without a result does not', async () => {
    batch.failing = new Set([3]);
    let isLate = true;
    const inventory = {
      ...resultsOf(batch),
      complete: async (ranges: Parameters<ReturnType<typeof resultsOf>['complete']>[0]) => {
        const own = await resultsOf(batch).complete(ranges);
        const mended = [...own, 3].filter((task) => task !== 7 || !isLate);
        if (batch.jobs.has(`${RUN}-us-central1-w0-r1`)) isLate = false;
        return batch.jobs.size === 0 ? [] : [...new Set(mended)].sort((a, b) => a - b);
      },
    };
    expect(await run({ inventory })).toMatchObject({ state: 'succeeded', tasks: { succeeded: 20 } });
    expect(tasksOfJob(`${RUN}-us-central1-w0-r1`)).toEqual([7]);
  });
});

describe('windows that fail by themselves', () => {
  it('are run once more, and then listed and left, however many rounds there may be', async () => {
    batch.hopeless = new Set([2, 8]);
    expect(await run()).toMatchObject({
      state: 'failed',
      tasks: { total: 20, succeeded: 18, failed: 2, pending: 0 },
      stopped: null,
      failedWindows: [
        { molecule: 'm0', exitCode: 79, windows: [{ leg: 'main', repeat: '0', window: 'w02' }] },
        { molecule: 'm1', exitCode: 79, windows: [{ leg: 'main', repeat: '0', window: 'w03' }] },
      ],
    });
    expect(jobIds().filter((jobId) => jobId.includes('central'))).toEqual([
      `${RUN}-us-central1-w0`,
      `${RUN}-us-central1-w0-r1`,
    ]);
    const finals = (await ledgerOf(storage, RUN)).flatMap((line) =>
      line.kind === 'job-final' ? line.ownErrors : [],
    );
    const stuck = [
      { first: 2, count: 1 },
      { first: 8, count: 1 },
    ];
    expect(finals).toEqual([
      { exitCode: 79, tasks: stuck },
      { exitCode: 79, tasks: stuck },
    ]);
  });

  it('run again when the user asks for them', async () => {
    batch.hopeless = new Set([2]);
    await run();
    batch.hopeless = new Set();
    const again = await run({ wish: { kind: 'reopen', tasks: [{ first: 2, count: 1 }] } });
    expect(again).toMatchObject({ state: 'succeeded', tasks: { succeeded: 20, failed: 0 }, resumed: true });
    expect(tasksOfJob(`${RUN}-us-central1-w0-r2`)).toEqual([2]);
  });
});

describe('cancelling', () => {
  it('ends every job of the run, and says so only when a listing shows none', async () => {
    await run({ maxSeconds: 600 });
    expect(await run({ wish: { kind: 'cancel', tasks: null } })).toMatchObject({
      state: 'cancelled',
      tasks: { running: 0, succeeded: 0 },
    });
    expect(batch.calls.filter((call) => call.startsWith('cancel'))).toEqual([
      `cancel ${RUN}-us-central1-w0`,
      `cancel ${RUN}-us-east1-w0`,
    ]);
    expect(batch.count('listJobs')).toBeGreaterThanOrEqual(2);
  });

  it('also ends a job that only Batch knows of', async () => {
    await run({ maxSeconds: 600 });
    const known = batch.jobs.get(`${RUN}-us-east1-w0`);
    if (known === undefined) throw new Error('no job in us-east1');
    batch.jobs.set('stray', { ...known, jobId: 'stray' });
    expect(await run({ wish: { kind: 'cancel', tasks: null } })).toMatchObject({ state: 'cancelled' });
    expect(batch.calls).toContain('cancel stray');
  });

  it('is undone by going on: what is missing runs, what is there does not', async () => {
    await run({ maxSeconds: 3700 });
    await run({ wish: { kind: 'cancel', tasks: null } });
    const summary = await run({ wish: { kind: 'reopen', tasks: null } });
    expect(summary).toMatchObject({ state: 'succeeded', tasks: { total: 20, succeeded: 20 } });
    for (const [, tasks] of batch.succeededByJob()) expect(tasks.length).toBeGreaterThan(0);
    const all = [...batch.succeededByJob().values()].flat();
    expect(all.length).toBe(new Set(all).size);
  });

  it('of a molecule leaves the others their work', async () => {
    await run({ maxSeconds: 600 });
    const summary = await run({ wish: { kind: 'cancel', tasks: MOLECULE_1 } });
    expect(summary).toMatchObject({
      state: 'succeeded',
      tasks: { total: 15, succeeded: 15, failed: 0, pending: 0 },
      molecules: { complete: 3, total: 3 },
    });
    expect(batch.calls.filter((call) => call.startsWith('cancel'))).toEqual([`cancel ${RUN}-us-central1-w0`]);
    expect(tasksOfJob(`${RUN}-us-central1-w0-r1`)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is done by the process that holds the run when another one asks it', async () => {
    let asked = false;
    const summary = await run({
      onSnapshot: ({ elapsedSeconds }) => {
        if (asked || elapsedSeconds < 600) return;
        asked = true;
        const request = { id: 'request-1', kind: 'cancel' as const, tasks: null, by: 'ben@laptop' };
        void writeRequest(storage, { state: STATE, runId: RUN }, request);
      },
    });
    expect(summary.state).toBe('cancelled');
    const heard = (await ledgerOf(storage, RUN)).filter((line) => line.kind === 'cancel-requested');
    expect(heard).toMatchObject([{ request: 'request-1', by: 'ben@laptop' }]);
  });

  it("by somebody else, at Batch, is respected as the run's end", async () => {
    await run({ maxSeconds: 600 });
    await batch.cancelJob('us-east1', `${RUN}-us-east1-w0`);
    expect(await run()).toMatchObject({ state: 'cancelled' });
    expect(jobIds()).toHaveLength(2);
  });
});

describe('what Batch does not show', () => {
  it('a fresh job may be invisible for minutes, and its tasks for longer', async () => {
    const start = clock.seconds;
    batch.fault = (call) =>
      (call.startsWith('get') && clock.seconds < start + 300) ||
      (call.startsWith('list ') && clock.seconds < start + 1500)
        ? new PortError('NOT_FOUND', 'not yet')
        : null;
    expect(await run()).toMatchObject({ state: 'succeeded', attempts: 20 });
    expect(jobIds()).toHaveLength(2);
  });

  it('a job that was deleted ends the run as a cancel does, after an hour', async () => {
    batch.fault = (call) =>
      call.endsWith('us-east1-w0') && !call.startsWith('create') ? new PortError('NOT_FOUND', 'gone') : null;
    expect(await run()).toMatchObject({ state: 'cancelled', tasks: { succeeded: 20 } });
  });
});

describe('a login that ends', () => {
  it('pauses the run, says which command renews it, and goes on when it is back', async () => {
    const start = clock.seconds;
    const isOut = () => clock.seconds > start + 900 && clock.seconds < start + 30_000;
    const ended = (): Error | null => (isOut() ? new PortError('UNAUTHENTICATED', 'invalid_grant') : null);
    batch.fault = ended;
    storage.fault = ended;
    const messages: string[] = [];
    const onSnapshot = (snapshot: Snapshot) => void messages.push(snapshot.messages.at(-1)?.text ?? '');
    expect(await run({ onSnapshot })).toMatchObject({ state: 'succeeded', tasks: { succeeded: 20 } });
    expect(messages.some((text) => text.includes('gcloud auth application-default login'))).toBe(true);
    expect(batch.count('cancel')).toBe(0);
  });
});

describe('wishes', () => {
  const wish = (kind: Wish['kind'], tasks: Wish['tasks'], afterJobs = 0): Wish => ({
    kind,
    request: `${kind} ${afterJobs}`,
    tasks,
    afterJobs,
  });

  it('the later one counts', () => {
    expect(wantsCancel([wish('cancel', null)])).toBe(true);
    expect(wantsCancel([wish('cancel', null), wish('reopen', null)])).toBe(false);
    expect(wantsCancel([wish('cancel', MOLECULE_1)])).toBe(false);
    expect(droppedTasks([wish('cancel', MOLECULE_1)])).toEqual(MOLECULE_1);
    expect(droppedTasks([wish('cancel', MOLECULE_1), wish('reopen', [{ first: 6, count: 4 }])])).toEqual([
      { first: 5, count: 1 },
    ]);
    expect(droppedTasks([wish('cancel', MOLECULE_1), wish('reopen', null)])).toEqual([]);
    const jobsBefore = reopenedAfter([wish('reopen', null, 1), wish('reopen', MOLECULE_1, 3)]);
    expect([0, 7].map(jobsBefore)).toEqual([1, 3]);
  });
});
