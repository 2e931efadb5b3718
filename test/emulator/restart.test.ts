import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Rehearsal } from '../../src/emulator/rehearsal.js';
import { parseJournal } from '../../src/plan/journal.js';
import { replayJournal } from '../../src/sim/replayJournal.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { emulate, exampleJob, finish, PARENT } from './emulated.js';

let folder: string;
let journalFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'emulator-'));
  journalFile = join(folder, 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** All that a client can see of a campaign. */
function everything({ service, clock }: Rehearsal): unknown {
  const jobs = service.listJobs({ parent: 'projects/p/locations/-' });
  const tasks = service.listTasks({ parent: `${PARENT}/jobs/job-a/taskGroups/group0` });
  const { operations } = service.listOperations({ parent: PARENT });
  return { jobs, tasks, operations, now: clock.now(), epochSeconds: clock.epochSeconds };
}

const REQUEST_ID = '11111111-1111-4111-8111-111111111111';

/** Four jobs, one of them cancelled and one deleted, half-way. */
async function halfWay(): Promise<{ seen: unknown; created: unknown }> {
  const first = await emulate({ journalFile });
  const { service } = first.rehearsal;
  service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob(500, 100) });
  first.pass(1234.567);
  service.createJob({ parent: PARENT, jobId: 'job-b', job: exampleJob(50, 50) });
  service.createJob({ parent: PARENT, jobId: 'job-c', job: exampleJob() });
  first.pass(20_000.1);
  service.cancelJob({ name: `${PARENT}/jobs/job-b` });
  service.deleteJob({ name: `${PARENT}/jobs/job-c` });
  first.pass(30_000);
  const request = { parent: PARENT, jobId: 'job-d', requestId: REQUEST_ID, job: exampleJob(5, 5) };
  const created = service.createJob(request);
  first.pass(100);
  first.rehearsal.step(true);
  const seen = everything(first.rehearsal);
  await first.stop();
  return { seen, created };
}

test('an emulator that was restarted shows the same jobs, tasks, operations and time', async () => {
  const { seen, created } = await halfWay();
  const second = await emulate({ journalFile });
  try {
    expect(everything(second.rehearsal)).toEqual(seen);
    const request = { parent: PARENT, jobId: 'job-d', requestId: REQUEST_ID, job: exampleJob(5, 5) };
    expect(second.rehearsal.service.createJob(request)).toEqual(created);
    second.pass(10);
    expect(second.rehearsal.clock.now()).toBeCloseTo(1234.567 + 20_000.1 + 30_000 + 100 + 10, 6);
  } finally {
    await second.stop();
  }
});

test('a campaign with a restart in it ends as one without', async () => {
  await halfWay();
  const { commands, lastTime } = parseJournal(readFileSync(journalFile, 'utf8'), journalFile);
  const second = await emulate({ journalFile });
  finish(second);
  const restarted = second.rehearsal.outcome();
  await second.stop();

  const whole = await emulate();
  for (const command of commands) whole.rehearsal.service.replay(command);
  whole.rehearsal.clock.resumeAt(lastTime);
  finish(whole);
  expect(whole.rehearsal.outcome()).toEqual(restarted);
  expect(restarted?.metrics.tasksSucceeded).toBeGreaterThan(0);
  await whole.stop();
});

test('a torn last line is cut off, and what follows is written after whole lines', async () => {
  const { seen } = await halfWay();
  appendFileSync(journalFile, '{"t":99999999,"command":"sub\u00e9');
  const second = await emulate({ journalFile });
  expect(everything(second.rehearsal)).toEqual(seen);
  second.pass(60);
  await second.stop();
  const journal = parseJournal(readFileSync(journalFile, 'utf8'), journalFile);
  expect(journal.commands.map(({ command }) => command)).toEqual([
    'submit',
    'submit',
    'submit',
    'cancel',
    'delete',
    'submit',
    'tick',
    'tick',
    'tick',
  ]);
});

test('a journal that was torn in its very first line is begun anew', async () => {
  appendFileSync(journalFile, '{"version":1,"scen');
  const first = await emulate({ journalFile });
  first.rehearsal.service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob() });
  await first.stop();
  expect(parseJournal(readFileSync(journalFile, 'utf8'), journalFile).commands).toHaveLength(1);
});

test('a command is in the journal before its answer, a refused one is not', async () => {
  const emulated = await emulate({ journalFile });
  const lines = (): number => readFileSync(journalFile, 'utf8').split('\n').length - 1;
  expect(lines()).toBe(1);
  const request = { parent: PARENT, jobId: 'job-a', job: exampleJob() };
  emulated.rehearsal.service.createJob(request);
  expect(lines()).toBe(2);
  expect(() => emulated.rehearsal.service.createJob(request)).toThrow('already exists');
  expect(lines()).toBe(2);
  await emulated.stop();
});

test('time is written at most once per wall second, and only while something moves', async () => {
  const emulated = await emulate({ journalFile });
  const { rehearsal } = emulated;
  const ticks = (): number =>
    parseJournal(readFileSync(journalFile, 'utf8'), journalFile).commands.filter(
      ({ command }) => command === 'tick',
    ).length;
  rehearsal.service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob() });
  for (let step = 0; step < 40; step += 1) {
    emulated.pass(0.25);
    rehearsal.step(false);
  }
  expect(ticks()).toBe(10);
  finish(emulated);
  rehearsal.step(false);
  const atEnd = ticks();
  for (let step = 0; step < 40; step += 1) {
    emulated.pass(0.25);
    rehearsal.step(false);
  }
  expect(ticks()).toBe(atEnd);
  await emulated.stop();
});

test('a journal of another scenario is refused in one sentence', async () => {
  await halfWay();
  const scenario = exampleScenario();
  scenario.campaign.windows = 12;
  await expect(emulate({ journalFile, scenario })).rejects.toThrow(
    /journal\.jsonl: line 1: found scenario .*, expected scenario/,
  );
});

test('replaying the journal in the simulator gives the emulated outcome exactly', async () => {
  const emulated = await emulate({ journalFile });
  const { service } = emulated.rehearsal;
  service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob(400, 90) });
  for (let step = 0; step < 300; step += 1) {
    // Uneven steps: how time is cut must not matter.
    emulated.pass(1 + ((step * 37) % 101) / 7);
    service.getJob({ name: `${PARENT}/jobs/job-a` });
    if (step === 100) service.createJob({ parent: PARENT, jobId: 'job-b', job: exampleJob(60, 60) });
    if (step === 250) service.cancelJob({ name: `${PARENT}/jobs/job-b` });
  }
  finish(emulated);
  const outcome = emulated.rehearsal.outcome();
  await emulated.stop();
  expect(replayJournal(parseJournal(readFileSync(journalFile, 'utf8'), journalFile))).toEqual(outcome);
});
