import { beforeEach, describe, expect, it } from 'vitest';
import { type BatchPort, PortError } from '../../src/exec/port.js';
import type { RunRecord } from '../../src/exec/runRecord.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Snapshot } from '../../src/plan/snapshot.js';
import { FakeBatch, FakeClock } from './fakeBatch.js';
import { ledgerOf, type RunChange, runInMemory } from './inMemory.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

let clock: FakeClock;
let batch: FakeBatch;
let storage: MemoryStorage;

beforeEach(() => {
  clock = new FakeClock();
  batch = new FakeBatch(clock);
  storage = new MemoryStorage(() => clock.seconds);
});

const RUN = 'fc-test';

/** One process that works on the run to its end, or dies. */
const run = (plan: Plan, change: RunChange = {}) =>
  runInMemory(plan, { batch, storage, clock, runId: RUN }, change);
const ledgerNow = () => ledgerOf(storage, RUN);
const kindsOf = async (): Promise<string[]> => (await ledgerNow()).map((entry) => entry.kind);

describe('a run from its start to its end', () => {
  it('submits each shard once and tells what it cost, how long it took and how many attempts it needed', async () => {
    const plan = planOf({ molecules: 4, windows: 5 }, {}, ['us-central1', 'us-east1']);
    batch.preemptedOnce = new Set([3]);
    const summary = await run(plan);
    expect(summary).toMatchObject({
      runId: RUN,
      state: 'succeeded',
      tasks: { total: 20, succeeded: 20, failed: 0, running: 0, pending: 0 },
      molecules: { complete: 4, total: 4 },
      attempts: 21,
      preemptions: 1,
      resumed: false,
    });
    // Ten tasks a region, all at once: submission, a minute to start, one hour of work.
    expect(summary.elapsedHours).toBeCloseTo(3660 / 3600, 9);
    expect(summary.costUsd).toBeCloseTo(20, 9);
    expect(summary.jobs.map((job) => [job.region, job.state])).toEqual([
      ['us-central1', 'SUCCEEDED'],
      ['us-east1', 'SUCCEEDED'],
    ]);
    expect(batch.count('create')).toBe(2);
  });

  it('writes the intention before CreateJob is called, and the end after the last job', async () => {
    const seen: string[][] = [];
    batch.fault = () => null;
    const create = batch.createJob.bind(batch);
    batch.createJob = async (request) => {
      seen.push(await kindsOf());
      return create(request);
    };
    await run(planOf({ molecules: 1, windows: 3 }));
    expect(seen).toEqual([['run-started', 'job-intended']]);
    expect(await kindsOf()).toEqual([
      'run-started',
      'job-intended',
      'job-submitted',
      'job-final',
      'run-finished',
    ]);
  });

  it('runs waves one after another when they start finished', async () => {
    const plan = planOf({ molecules: 4, windows: 5 }, { waves: { size: 2, start: 'finished' } });
    const together: number[] = [];
    await run(plan, {
      onSnapshot: (snapshot) => together.push(snapshot.jobs.filter((job) => job.state === 'RUNNING').length),
    });
    expect(batch.jobs.size).toBe(2);
    expect(Math.max(...together)).toBe(1);
  });

  it('runs again, as a remainder, exactly the tasks that failed', async () => {
    batch.failing = new Set([2, 7, 8]);
    let last: Snapshot | null = null;
    const summary = await run(planOf({ molecules: 4, windows: 5 }), {
      onSnapshot: (snapshot) => {
        last = snapshot;
      },
    });
    expect(last).toMatchObject({
      state: 'succeeded',
      messages: [
        { text: `${RUN}-us-central1-w0: the end, in the words of Batch` },
        { text: `${RUN}-us-central1-w0-r1: runs 3 unfinished tasks again` },
      ],
    });
    expect([...batch.jobs.values()].map((job) => [job.jobId, job.tasks.length])).toEqual([
      [`${RUN}-us-central1-w0`, 20],
      [`${RUN}-us-central1-w0-r1`, 3],
    ]);
    expect(batch.jobs.get(`${RUN}-us-central1-w0-r1`)?.tasks).toEqual([2, 7, 8]);
    expect(summary).toMatchObject({
      state: 'succeeded',
      tasks: { succeeded: 20, failed: 0, pending: 0 },
      molecules: { complete: 4 },
      attempts: 23,
    });
  });

  it('ends as failed with the failures counted when nothing may be run again', async () => {
    batch.failing = new Set([2]);
    const plan = planOf({ molecules: 4, windows: 5 }, { remainder: { policy: 'leave', maxRounds: 0 } });
    expect(await run(plan)).toMatchObject({
      state: 'failed',
      tasks: { total: 20, succeeded: 19, failed: 1, running: 0, pending: 0 },
      molecules: { complete: 3, total: 4 },
    });
  });
});

describe('snapshots on the way', () => {
  it('counts add up, money grows, and what no sweep has told yet is null', async () => {
    const snapshots: Snapshot[] = [];
    await run(planOf({ molecules: 4, windows: 5 }), { onSnapshot: (snapshot) => snapshots.push(snapshot) });
    for (const { tasks } of snapshots) {
      const { pending, assigned, running, succeeded, failed, total } = tasks;
      expect(pending + assigned + running + succeeded + failed).toBe(total);
    }
    const money = snapshots.map((snapshot) => snapshot.cost.spentUsd ?? Number.NaN);
    expect(money).toEqual(money.toSorted((a, b) => a - b));
    const minuteTwo = snapshots.find((snapshot) => snapshot.tasks.running > 0);
    expect(minuteTwo?.attempts).toBeNull();
    expect(minuteTwo?.molecules.complete).toBe(0);
    expect(minuteTwo?.regions[0]).toMatchObject({ vms: 10, gpuQuota: 100, running: 10, pending: 10 });
    const minuteThirty = snapshots.find((snapshot) => snapshot.elapsedSeconds >= 1800);
    expect(minuteThirty?.attempts).toBe(10);
    expect(minuteThirty?.cost.spentUsd).toBeCloseTo((10 * (1800 - 60)) / 3600, 6);
  });

  it('lists tasks of running jobs at most once in ten minutes of campaign time', async () => {
    await run(planOf({ molecules: 4, windows: 5 }));
    // Two hours of running and one look at the end; 20 tasks are one page.
    expect(batch.count('list')).toBeLessThanOrEqual(13);
    expect(batch.count('list')).toBeGreaterThan(5);
  });

  it('lists tasks at most once in three seconds of wall time, however fast the campaign runs', async () => {
    let wall = 0;
    clock.onSleep = () => {
      wall += 0.02;
    };
    await run(planOf({ molecules: 4, windows: 5 }), { wallSeconds: () => wall });
    // 122 rounds of 20 ms are 2.4 s: only the look at the end.
    expect(batch.count('list')).toBe(1);
  });
});

describe('a service that misbehaves', () => {
  it('tries a CreateJob again after an unclear failure, with the same ids, and makes one job', async () => {
    const lost = [new PortError('RETRYABLE', 'UNAVAILABLE'), new PortError('RETRYABLE', 'DEADLINE_EXCEEDED')];
    batch.answerLost = () => lost.pop() ?? null;
    batch.fault = (call) => (call.startsWith('create') ? (lost.pop() ?? null) : null);
    const summary = await run(planOf({ molecules: 1, windows: 3 }));
    expect(summary.state).toBe('succeeded');
    expect(batch.jobs.size).toBe(1);
    expect(batch.count('create')).toBe(3);
  });

  it('outlives an outage that is longer than all tries of a call, and says so', async () => {
    const start = clock.seconds;
    batch.fault = (call) =>
      call.startsWith('get') && clock.seconds > start + 600 && clock.seconds < start + 1800
        ? new PortError('RETRYABLE', 'UNAVAILABLE')
        : null;
    const messages = new Set<string>();
    const summary = await run(planOf({ molecules: 1, windows: 3 }), {
      onSnapshot: (snapshot) => snapshot.messages.forEach((message) => void messages.add(message.text)),
    });
    expect(summary.state).toBe('succeeded');
    expect([...messages].some((text) => text.startsWith('no answer'))).toBe(true);
  });

  it('does not run tasks again because a listing lags behind the counts', async () => {
    let lags = 3;
    const list = batch.listTasks.bind(batch);
    batch.listTasks = async (...args) => {
      const page = await list(...args);
      if (lags-- > 0) for (const task of page.tasks) task.state = 'RUNNING';
      return page;
    };
    const summary = await run(planOf({ molecules: 1, windows: 3 }), { wallSeconds: () => 0 });
    expect(summary).toMatchObject({ state: 'succeeded', tasks: { succeeded: 3 } });
    expect(batch.jobs.size).toBe(1);
  });

  it('stops when Batch refuses a job, and says what goes on', async () => {
    const plan = planOf({ molecules: 4, windows: 5 }, {}, ['us-central1', 'us-east1']);
    batch.fault = (call) =>
      call.startsWith('create') && call.includes('east')
        ? new PortError('PERMISSION_DENIED', 'no actAs')
        : null;
    await expect(run(plan)).rejects.toThrow('no actAs; 1 submitted job goes on');
    batch.fault = () => null;
    expect(await run(plan)).toMatchObject({ state: 'succeeded', resumed: true });
    expect(batch.jobs.size).toBe(2);
  });

  it("refuses to adopt a stranger's job of the same id", async () => {
    const plan = planOf({ molecules: 1, windows: 3 });
    batch.jobs.set(`${RUN}-us-central1-w0`, {
      jobId: `${RUN}-us-central1-w0`,
      region: 'us-central1',
      requestId: 'theirs',
      labels: {},
      createTime: clock.seconds,
      parallelism: 1,
      tasks: [0],
      hopeless: new Set(),
    });
    await expect(run(plan)).rejects.toThrow('choose another --run-id');
  });
});

describe('leaving and coming back', () => {
  it('submits nothing, and asks nothing, when the run is over already', async () => {
    const plan = planOf({ molecules: 4, windows: 5 });
    const first = await run(plan);
    const calls = batch.calls.length;
    const second = await run(plan);
    expect(batch.calls.length).toBe(calls);
    expect(second).toEqual({ ...first, resumed: true });
  });

  it('stops at an interrupt with everything kept, and goes on from there', async () => {
    const plan = planOf({ molecules: 4, windows: 5 });
    const controller = new AbortController();
    const first = await run(plan, {
      signal: controller.signal,
      onSnapshot: (snapshot) => snapshot.elapsedSeconds > 1000 && controller.abort(),
    });
    expect(first).toMatchObject({ state: 'running', resumed: false, tasks: { running: 10 } });
    expect(await run(plan)).toMatchObject({ state: 'succeeded', resumed: true, tasks: { succeeded: 20 } });
    expect(batch.count('create')).toBe(1);
  });

  it('stops after maxSeconds of campaign time', async () => {
    const summary = await run(planOf({ molecules: 4, windows: 5 }), { maxSeconds: 600 });
    expect(summary.state).toBe('running');
    expect(summary.elapsedHours).toBeCloseTo(600 / 3600, 9);
  });

  it('refuses to go on as another kind of run or in another project', async () => {
    const plan = planOf({ molecules: 1, windows: 3 });
    await run(plan, { maxSeconds: 60 });
    await expect(run(plan, { source: 'execute' })).rejects.toThrow('found execute, expected rehearse');
    await expect(run(plan, { project: 'q' })).rejects.toThrow('found q, expected p');
  });

  it('keeps the snapshot in the state bucket for whoever asks', async () => {
    await run(planOf({ molecules: 1, windows: 3 }));
    const text = storage.text({ bucket: 'fepcast-state', name: `runs/${RUN}/snapshot.json` });
    expect(JSON.parse(text ?? 'null')).toMatchObject({ runId: RUN, state: 'succeeded' });
  });
});

describe('a process that dies at any step', () => {
  class Killed extends Error {}

  /** Dies at the n-th step, counting ledger lines (before or after they are on disk) and calls of Batch. */
  function dyingAt(step: number): {
    spoil: (record: RunRecord) => void;
    port: BatchPort;
    died: () => boolean;
  } {
    let steps = 0;
    let dead = false;
    const tick = (): void => {
      steps += 1;
      if (steps >= step) dead = true;
      if (dead) throw new Killed();
    };
    const dying =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        tick();
        const answer = await call(...args);
        tick();
        return answer;
      };
    return {
      spoil(record) {
        record.ledger = { append: dying(record.ledger.append) };
      },
      port: {
        createJob: dying((request) => batch.createJob(request)),
        getJob: (region, jobId) => batch.getJob(region, jobId),
        listTasks: dying((region, jobId, token) => batch.listTasks(region, jobId, token)),
        cancelJob: (region, jobId) => batch.cancelJob(region, jobId),
        listJobs: (region, label) => batch.listJobs(region, label),
        close: async () => undefined,
      },
      died: () => dead,
    };
  }

  it('goes on with the same jobs, each created once, whatever the step', async () => {
    const plan = planOf({ molecules: 4, windows: 5 }, {}, ['us-central1', 'us-east1']);
    let step = 1;
    for (; ; step += 1) {
      clock = new FakeClock();
      batch = new FakeBatch(clock);
      storage = new MemoryStorage(() => clock.seconds);
      batch.failing = new Set([1]);
      const { spoil, port, died } = dyingAt(step);
      const killed = await run(plan, { spoil, cloud: { batch: port, storage }, wallSeconds: () => 0 }).catch(
        (error: unknown) => error,
      );
      if (!died()) break;
      expect(killed, `step ${step}`).toBeInstanceOf(Killed);
      const summary: ExecSummary = await run(plan, { wallSeconds: () => 0 });
      expect(summary, `step ${step}`).toMatchObject({
        state: 'succeeded',
        tasks: { succeeded: 20, failed: 0 },
        attempts: 21,
      });
      expect([...batch.jobs.keys()].sort(), `step ${step}`).toEqual([
        `${RUN}-us-central1-w0`,
        `${RUN}-us-central1-w0-r1`,
        `${RUN}-us-east1-w0`,
      ]);
    }
    // 11 ledger lines, 3 creations and the listings, each before and after.
    expect(step).toBeGreaterThan(28);
  }, 20_000);

  it('adopts a job that Batch accepted for a request id it no longer remembers', async () => {
    const plan = planOf({ molecules: 1, windows: 3 });
    // Step 6: after CreateJob was accepted, before its line is written.
    const { spoil, port } = dyingAt(6);
    await expect(run(plan, { spoil, cloud: { batch: port, storage } })).rejects.toBeInstanceOf(Killed);
    for (const job of batch.jobs.values()) job.requestId = 'forgotten after 60 minutes';
    expect(batch.jobs.size).toBe(1);
    expect(await run(plan)).toMatchObject({ state: 'succeeded', resumed: true });
    expect((await ledgerNow()).find((entry) => entry.kind === 'job-submitted')).toMatchObject({
      adopted: true,
    });
  });
});
