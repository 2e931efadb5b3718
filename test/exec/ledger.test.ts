import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LedgerLine, ledgerText, readLedger, replay } from '../../src/exec/ledger.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fepcast-ledger-'));
  path = join(folder, 'ledger.jsonl');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const started: LedgerLine = {
  kind: 'run-started',
  at: 10,
  runId: 'r',
  planId: 'p',
  project: 'x',
  source: 'rehearse',
};

const intended: LedgerLine = {
  kind: 'job-intended',
  at: 11,
  jobId: 'r-a',
  requestId: 'q',
  specHash: 'h',
  shard: {
    id: 'a',
    region: 'us-central1',
    firstTask: 0,
    taskCount: 30,
    parallelism: 5,
    provisioning: 'spot',
    maxRetryCount: 10,
    wave: 0,
  },
  round: 1,
  tasks: '0-12,26',
};

async function write(...lines: LedgerLine[]): Promise<void> {
  await appendFile(path, ledgerText(lines));
}

describe('the ledger', () => {
  it('gives back what was written, task ranges included', async () => {
    await write(started, intended, {
      kind: 'job-submitted',
      at: 12,
      jobId: 'r-a',
      createTime: 12,
      adopted: false,
    });
    const state = replay(await readLedger(path));
    expect(state.started?.runId).toBe('r');
    expect(state.finished).toBeNull();
    expect(state.jobs).toHaveLength(1);
    expect(state.jobs[0]?.intended.tasks).toEqual([
      { first: 0, count: 13 },
      { first: 26, count: 1 },
    ]);
    expect(state.jobs[0]?.submitted?.createTime).toBe(12);
    expect(state.jobs[0]?.final).toBeNull();
  });

  it('ignores a torn last line, wherever it was torn', async () => {
    const line = JSON.stringify(intended);
    for (let length = 1; length <= line.length; length += 17) {
      await writeFile(path, `${ledgerText([started])}${line.slice(0, length)}`);
      expect((await readLedger(path)).map((entry) => entry.kind)).toEqual(['run-started']);
    }
  });

  it('has no entries where there is no file', async () => {
    expect(await readLedger(path)).toEqual([]);
    expect(replay([])).toMatchObject({
      started: null,
      finished: null,
      jobs: [],
      complete: [],
      wishes: [],
      aside: [],
      canaries: [],
    });
  });

  it('names file and line of an entry that is damaged in the middle', async () => {
    await writeFile(path, `${JSON.stringify(started)}\nrubbish\n${JSON.stringify(intended)}\n`);
    await expect(readLedger(path)).rejects.toThrow(`${path}: line 2: found rubbish`);
    await writeFile(path, `${JSON.stringify({ ...started, project: 7 })}\n`);
    await expect(readLedger(path)).rejects.toThrow(/line 1: found .*project/);
    await writeFile(path, `${JSON.stringify({ ...intended, tasks: '5-1' })}\n`);
    await expect(readLedger(path)).rejects.toThrow(/tasks/);
  });

  it('refuses a job that nobody intended', async () => {
    await write(started, { kind: 'job-submitted', at: 12, jobId: 'r-b', createTime: 12, adopted: false });
    const entries = await readLedger(path);
    expect(() => replay(entries)).toThrow('r-b');
  });

  it('lets the first intention and the first end of a job stand', async () => {
    const end = {
      succeeded: 14,
      failed: 0,
      unfinished: [],
      attempts: 14,
      preemptions: 0,
      vms: 5,
      vmSeconds: 9,
      endTime: 9,
      times: { runningSeconds: 9, started: 1, startedTimeSum: 1, finished: 1, finishedTimeSum: 9 },
    };
    await write(
      intended,
      { ...intended, requestId: 'other' },
      { kind: 'job-final', at: 20, jobId: 'r-a', state: 'SUCCEEDED', ...end },
      { kind: 'job-final', at: 30, jobId: 'r-a', state: 'FAILED', ...end },
    );
    const [job] = replay(await readLedger(path)).jobs;
    expect(job?.intended.requestId).toBe('q');
    expect(job?.final?.state).toBe('SUCCEEDED');
  });

  it('knows what is complete from the last inventory and the jobs that ended after it', async () => {
    const sums = {
      succeeded: 13,
      failed: 1,
      attempts: 14,
      preemptions: 0,
      vms: 5,
      vmSeconds: 9,
      endTime: 9,
      times: { runningSeconds: 9, started: 1, startedTimeSum: 1, finished: 1, finishedTimeSum: 9 },
    };
    const unfinished = [{ first: 26, count: 1 }];
    const end: LedgerLine = { kind: 'job-final', at: 20, jobId: 'r-a', state: 'FAILED', unfinished, ...sums };
    await write(started, { kind: 'inventory', at: 10, complete: '27-29' }, intended, end);
    expect(replay(await readLedger(path)).complete).toEqual([
      { first: 0, count: 13 },
      { first: 27, count: 3 },
    ]);
    await write({ kind: 'inventory', at: 30, complete: '' });
    expect(replay(await readLedger(path)).complete).toEqual([]);
  });

  it('opens again when the user asks, once for each request', async () => {
    const asked = { at: 40, request: 'one', tasks: null, by: 'anna' };
    await write(started, intended, { kind: 'run-finished', at: 30, outcome: 'failed' });
    await write({ kind: 'run-reopened', ...asked }, { kind: 'run-finished', at: 50, outcome: 'failed' });
    await write({ kind: 'run-reopened', ...asked });
    const state = replay(await readLedger(path));
    expect(state.finished?.at).toBe(50);
    expect(state.wishes).toEqual([{ kind: 'reopen', request: 'one', tasks: null, afterJobs: 1 }]);
  });
});
