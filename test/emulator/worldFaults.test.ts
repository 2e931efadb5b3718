import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseJournal, type WorldFault } from '../../src/plan/journal.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { replayJournal } from '../../src/sim/replayJournal.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { type Emulated, emulate, exampleJob, finish, PARENT } from './emulated.js';

let folder: string;
let journalFile: string;
let emulated: Emulated;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faults-'));
  journalFile = join(folder, 'journal.jsonl');
});
afterEach(async () => {
  await emulated.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Spot VMs live for ever unless a fault takes them away. */
function calm(): Scenario {
  const scenario = exampleScenario();
  for (const region of Object.values(scenario.regions)) region.hazard = { constant: { hourlySurvival: 1 } };
  return scenario;
}

const REGION = 'us-central1';
const NAME = `${PARENT}/jobs/job-a`;

interface Shown {
  status: {
    state: string;
    statusEvents: { type: string; description: string }[];
    taskGroups: { group0: { counts: Record<string, number> } };
  };
}

const job = (): Shown => emulated.rehearsal.service.getJob({ name: NAME }) as unknown as Shown;
const counts = (): Record<string, number> => job().status.taskGroups.group0.counts;

function create(taskCount = 40, parallelism = 40): void {
  emulated.rehearsal.service.createJob({
    parent: PARENT,
    jobId: 'job-a',
    job: exampleJob(taskCount, parallelism),
  });
}

/** Exit codes of all attempts that failed, of all tasks. */
function exitCodes(): number[] {
  const { tasks } = emulated.rehearsal.service.listTasks({ parent: `${NAME}/taskGroups/group0` });
  return (tasks as { status: { statusEvents: { taskExecution?: { exitCode: number } }[] } }[]).flatMap(
    (task) => task.status.statusEvents.flatMap((event) => event.taskExecution?.exitCode ?? []),
  );
}

test('an ordered preemption takes exactly its share of the Spot VMs of its region, at its time', async () => {
  emulated = await emulate({ scenario: calm() });
  create();
  emulated.rehearsal.order({ kind: 'preempt', region: REGION, share: 0.25, at: 7200 });
  emulated.pass(7199);
  expect(counts()).toEqual({ RUNNING: 40 });
  expect(exitCodes()).toEqual([]);
  // Those that ship a last checkpoint use their 30 s of notice.
  emulated.pass(1 + 30);
  expect(exitCodes()).toEqual(new Array(10).fill(50001));
  finish(emulated);
  expect(counts()).toEqual({ SUCCEEDED: 40 });
  expect(exitCodes()).toHaveLength(10);
});

test('in a stockout no VM is made, the job says so and goes on afterwards', async () => {
  emulated = await emulate({ scenario: calm() });
  emulated.rehearsal.order({ kind: 'stockout', region: REGION, seconds: 7200, at: 0 });
  create();
  emulated.pass(7000);
  expect(counts()).toEqual({ PENDING: 40 });
  expect(job().status.state).toBe('SCHEDULED');
  expect(
    job()
      .status.statusEvents.map(({ description }) => description)
      .join(),
  ).toContain('ZONE_RESOURCE_POOL_EXHAUSTED');
  emulated.pass(3000);
  expect(counts()).toEqual({ RUNNING: 40 });
});

test('without a quota for a first VM the job stays QUEUED and names the quota', async () => {
  const scenario = calm();
  scenario.regions[REGION]!.quota.spotGpus = 0;
  emulated = await emulate({ scenario });
  create();
  emulated.pass(7000);
  expect(job().status.state).toBe('QUEUED');
  const event = job().status.statusEvents[0];
  expect(event?.type).toBe('OPERATIONAL_INFO');
  expect(event?.description).toMatch(
    /^Quota checking process decides to delay scheduling for the job job-a-[0-9a-f-]+ due to inadequate quotas \[Quota: \w+, limit: 0, usage: 0, wanted: 1\]\.$/,
  );
  emulated.pass(2 * 86_400);
  expect(job().status.state).toBe('FAILED');
  expect(counts()).toEqual({ UNEXECUTED: 40 });
});

test('while the image cannot be pulled, tasks run and fail with exit code 1, on the same VMs again and again', async () => {
  const scenario = calm();
  scenario.decisions.image = 'pull';
  emulated = await emulate({ scenario });
  emulated.rehearsal.order({ kind: 'imageUnavailable', region: REGION, seconds: 86_400, at: 0 });
  create(5, 5);
  finish(emulated);
  expect(job().status.state).toBe('FAILED');
  expect(counts()).toEqual({ FAILED: 5 });
  // 10 retries each.
  expect(exitCodes()).toEqual(new Array(55).fill(1));
  expect(job().status.statusEvents.at(-1)?.description).toContain('from RUNNING to FAILED on zones/');
});

test('a job whose agents never report is given up after 1080 s, and none of its tasks has run', async () => {
  emulated = await emulate({ scenario: calm() });
  emulated.rehearsal.order({ kind: 'agentSilent', region: REGION, seconds: 600, at: 0 });
  create(10, 10);
  emulated.pass(1100);
  expect(job().status.state).toBe('SCHEDULED');
  emulated.pass(100);
  expect(job().status.state).toBe('FAILED');
  expect(counts()).toEqual({ UNEXECUTED: 10 });
  expect(job().status.statusEvents.at(-1)?.description).toContain(
    'No VM has agent reporting correctly within time window 1080 seconds',
  );
  emulated.rehearsal.service.createJob({ parent: PARENT, jobId: 'job-b', job: exampleJob(10, 10) });
  finish(emulated);
  const later = emulated.rehearsal.service.getJob({ name: `${PARENT}/jobs/job-b` }) as unknown as Shown;
  expect(later.status.state).toBe('SUCCEEDED');
});

test('a region that the scenario does not have is refused', async () => {
  emulated = await emulate();
  expect(() => emulated.rehearsal.order({ kind: 'preempt', region: 'mars-east1', share: 1, at: 0 })).toThrow(
    'mars-east1',
  );
});

test('a restart and a replay meet the same faults at the same times', async () => {
  const faults: WorldFault[] = [
    { kind: 'preempt', region: REGION, share: 0.5, at: 9000 },
    { kind: 'stockout', region: REGION, seconds: 4000, at: 9000 },
    { kind: 'preempt', region: REGION, share: 0.3, at: 30_000 },
  ];
  const play = async (restartAt: number | null, file: string): Promise<unknown> => {
    emulated = await emulate({ journalFile: file });
    for (const fault of faults) emulated.rehearsal.order(fault);
    create(120, 60);
    for (let t = 0; t < 40_000; t += 1000) {
      emulated.pass(1000);
      emulated.rehearsal.step(true);
      if (t === restartAt) {
        await emulated.stop();
        emulated = await emulate({ journalFile: file });
      }
    }
    finish(emulated);
    return emulated.rehearsal.outcome();
  };
  const whole = await play(null, journalFile);
  await emulated.stop();
  const restarted = await play(10_000, join(folder, 'second.jsonl'));
  expect(restarted).toEqual(whole);
  expect(whole).toMatchObject({ metrics: { tasksSucceeded: 120 } });
  expect(replayJournal(parseJournal(readFileSync(journalFile, 'utf8'), journalFile))).toEqual(whole);
});

test('of faults that are ordered together all have their effect, or none', async () => {
  emulated = await emulate({ scenario: calm(), journalFile });
  create();
  emulated.pass(3600);
  const preempt = { kind: 'preempt', at: 0, share: 1 } as const;
  const order = (): void =>
    emulated.rehearsal.order({ ...preempt, region: REGION }, { ...preempt, region: 'mars' });
  expect(order).toThrow(/world\[1\]\.region is "mars", which is not in this scenario: it has us-central1/);
  emulated.pass(600);
  expect(exitCodes()).not.toContain(50001);
  const { commands } = parseJournal(readFileSync(journalFile, 'utf8'), journalFile);
  expect(commands.map(({ command }) => command)).not.toContain('fault');
});

test.each([
  ['FAILED', 1],
  ['SUCCEEDED', 0],
])('a job that is %s cannot be cancelled, and can be deleted', async (state, taskFailure) => {
  const scenario = calm();
  scenario.campaign.taskFailure = taskFailure;
  emulated = await emulate({ scenario });
  create(2, 2);
  finish(emulated);
  expect(job().status.state).toBe(state);
  const { service } = emulated.rehearsal;
  expect(() => service.cancelJob({ name: NAME })).toThrow(`cannot cancel ${NAME}: it is ${state}`);
  expect(job().status.state).toBe(state);
  service.deleteJob({ name: NAME });
  emulated.pass(60);
  expect(() => job()).toThrow(/not found/);
});
