import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import type { EmulatorProcessConfig } from '../../src/emulator/process.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import type { Outcome } from '../../src/plan/forecast.js';
import { parseJournal } from '../../src/plan/journal.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { replayJournal } from '../../src/sim/replayJournal.js';
import { PARENT } from './emulated.js';
import { processesWith, quickScenario, spotJob, toyJob, until } from './localTasksToys.js';

const PROCESS = fileURLToPath(new URL('../../dist/emulator/process.js', import.meta.url));
const LAST = 60;

/** Counts to LAST in steps of 20 ms, from where an earlier attempt was stopped; has what it needs from its job. */
const COUNTING = `#!/bin/bash
  trap 'echo "$BATCH_TASK_INDEX" >> "$STORE/terms"; exit 76' TERM
  count=$(cat "$STORE/$BATCH_TASK_INDEX" 2> /dev/null || echo 0)
  echo "$BATCH_TASK_INDEX $BATCH_TASK_RETRY_ATTEMPT $count" >> "$STORE/starts"
  while [ "$count" -lt ${LAST} ]; do
    sleep 0.02
    count=$((count + 1))
    echo "$count" > "$STORE/$BATCH_TASK_INDEX.new"
    mv "$STORE/$BATCH_TASK_INDEX.new" "$STORE/$BATCH_TASK_INDEX"
  done`;

let folder: string;
let store: string;
let journalFile: string;
let dataFolder: string;
const emulators: Emulator[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-emulator-'));
  store = join(folder, 'store');
  dataFolder = join(folder, 'data');
  journalFile = join(folder, 'journal.jsonl');
  mkdirSync(store);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(emulators.splice(0).map((emulator) => emulator.stop()));
  for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function countingJob(taskCount: number): BatchJob {
  const counting = { script: { text: COUNTING }, environment: { variables: { STORE: store } } };
  return spotJob(toyJob(counting), taskCount);
}

/** What the tests look at in the answers of the API. */
interface Answer {
  status: { state: string };
  tasks: { status: { statusEvents: { description: string }[] } }[];
}

async function batch(httpPort: number, path: string, body?: object): Promise<Answer> {
  const method = body ? 'POST' : 'GET';
  const init = body ? { method, body: JSON.stringify(body) } : { method };
  const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/${PARENT}/jobs${path}`, init);
  return (await answer.json()) as Answer;
}

async function untilState(httpPort: number, state: string): Promise<void> {
  let seen = '';
  while (seen !== state) {
    seen = (await batch(httpPort, '/toy')).status.state;
    if (seen !== state && ['SUCCEEDED', 'FAILED'].includes(seen)) throw new Error(`the job ended ${seen}`);
  }
}

const counted = (): number[] =>
  readdirSync(store)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => Number(readFileSync(join(store, name), 'utf8')));

async function outcomeOf(httpPort: number): Promise<Outcome> {
  return (await (await fetch(`http://127.0.0.1:${httpPort}/emulator/v1/outcome`)).json()) as Outcome;
}

const linesOf = (name: string): string[] =>
  existsSync(join(store, name)) ? readFileSync(join(store, name), 'utf8').trim().split('\n') : [];

const replayed = () => replayJournal(parseJournal(readFileSync(journalFile, 'utf8'), journalFile));

const linux = describe.skipIf(process.platform !== 'linux');

linux('an emulator with local tasks', () => {
  async function start(
    scenario: Scenario,
    speed: number,
    seed = 'toy',
    more: { idleSeconds?: number } = {},
  ): Promise<Emulator> {
    const localTasks = { dataFolder, containerCommand: null };
    const emulator = await startEmulator({ scenario, seed, speed, journalFile, localTasks, ...more });
    emulators.push(emulator);
    return emulator;
  }

  test('is not idle while a task computes, though nobody asks for anything', async () => {
    const { httpPort, stopped } = await start(quickScenario(60), 20, 'idle', { idleSeconds: 0.9 });
    await batch(httpPort, '?job_id=toy', countingJob(1));
    await stopped;
    expect(counted()).toEqual([LAST]);
  });

  test('runs real processes on the VMs of its World, which takes them away and gives them back', async () => {
    // By this seed the first two VMs are taken 8 s and 28 s after their tasks have begun; a task needs 24 s at least.
    const { httpPort, stop } = await start(quickScenario(60), 20, 'toy-23');
    await batch(httpPort, '?job_id=toy', countingJob(6));
    await untilState(httpPort, 'SUCCEEDED');

    expect(counted()).toEqual([LAST, LAST, LAST, LAST, LAST, LAST]);
    const outcome = await outcomeOf(httpPort);
    expect(outcome.metrics).toMatchObject({ tasksSucceeded: 6, peakVms: 2 });
    expect(outcome.metrics.preemptions).toBeGreaterThanOrEqual(2);
    // Each started attempt said where it went on from: never from less than what was there before.
    const starts = linesOf('starts').map((line) => line.split(' ').map(Number));
    expect(starts.length).toBeGreaterThanOrEqual(8);
    for (const index of [0, 1, 2, 3, 4, 5]) {
      const own = starts.filter(([task]) => task === index);
      expect(own.map(([, , count]) => count)).toEqual(
        own.map(([, , count]) => count).sort((a, b) => a! - b!),
      );
    }
    const { tasks } = await batch(httpPort, '/toy/taskGroups/group0/tasks');
    const events = tasks.flatMap(({ status }) => status.statusEvents.map(({ description }) => description));
    expect(events.filter((text) => text.includes('exit code 50001')).length).toBe(
      outcome.metrics.preemptions,
    );

    await until('the folders of the VMs go', () => readdirSync(join(dataFolder, 'vms')).length === 0);
    expect(processesWith(store)).toEqual([]);
    await stop();
    expect(replayed()).toEqual(outcome);
  });

  test('a cancelled job ends its processes after their grace, and the World is told nothing', async () => {
    const { httpPort, stop } = await start(quickScenario(0), 2);
    await batch(httpPort, '?job_id=toy', countingJob(4));
    await until('two run', () => linesOf('starts').length === 2);
    await batch(httpPort, '/toy:cancel', {});
    await until('they are asked to stop', () => linesOf('terms').length === 2);
    await until('nothing runs', () => processesWith(store).length === 0);
    await stop();
    const commands = parseJournal(readFileSync(journalFile, 'utf8'), journalFile).commands;
    expect(commands.filter(({ command }) => command === 'end')).toEqual([]);
  });

  test('time limits end real attempts, and their retries run on the same VM', async () => {
    const { httpPort, stop } = await start(quickScenario(0), 20);
    const text = '[ "$BATCH_TASK_RETRY_ATTEMPT" -gt 0 ] || sleep 1000';
    const job = spotJob(toyJob(text), 1);
    job.taskGroups[0]!.taskSpec.maxRunDuration = '60s';
    await batch(httpPort, '?job_id=toy', job);
    await untilState(httpPort, 'SUCCEEDED');
    const { tasks } = await batch(httpPort, '/toy/taskGroups/group0/tasks');
    const events = JSON.stringify(tasks);
    expect(events).toContain('exit code 50005');
    expect(new Set(events.match(/instances\/\d+/g)).size).toBe(1);
    await stop();
  });

  test('a journal of local tasks is not gone on with virtually', async () => {
    const first = await start(quickScenario(0), 20);
    await first.stop();
    const scenario = quickScenario(0);
    await expect(startEmulator({ scenario, seed: 'toy', speed: 20, journalFile })).rejects.toThrow(
      /found .*local tasks, expected .*virtual tasks/,
    );
  });
});

linux('a killed emulator', () => {
  async function startProcess(scenario: Scenario): Promise<{ child: ChildProcess; httpPort: number }> {
    if (!existsSync(PROCESS)) throw new Error('dist/ is missing: run `npm run build` first');
    const readyFile = join(folder, 'ready.json');
    rmSync(readyFile, { force: true });
    const config: EmulatorProcessConfig = {
      scenario,
      seed: 'toy',
      speed: 20,
      tasks: 'local',
      dataFolder,
      journalFile,
      readyFile,
      logFile: join(folder, 'log'),
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const child = spawn(process.execPath, [PROCESS, join(folder, 'config.json')], { stdio: 'inherit' });
    children.push(child);
    await until('the emulator is ready', () => existsSync(readyFile));
    return { child, httpPort: JSON.parse(readFileSync(readyFile, 'utf8')).httpPort };
  }

  test('takes its tasks with it, also when nobody starts another', async () => {
    const { child, httpPort } = await startProcess(quickScenario(0));
    const job = countingJob(2);
    // One that flees from its group and from the end of its task.
    Object.assign(job.taskGroups[0]!.taskSpec.runnables[0]!, {
      script: { text: 'setsid sleep 1000 & touch "$STORE/ready-$BATCH_TASK_INDEX"; sleep 1000' },
    });
    await batch(httpPort, '?job_id=toy', job);
    await until('two run', () => existsSync(join(store, 'ready-0')) && existsSync(join(store, 'ready-1')));
    expect(processesWith(store).length).toBeGreaterThanOrEqual(4);
    child.kill('SIGKILL');
    await until('nothing runs', () => processesWith(store).length === 0);
  });

  test('its tasks are stopped by the next one, end as lost VMs do, and are tried again', async () => {
    const first = await startProcess(quickScenario(0));
    await batch(first.httpPort, '?job_id=toy', countingJob(3));
    await until('two run', () => linesOf('starts').length === 2);
    const orphans = processesWith(store);
    const lines = readFileSync(journalFile, 'utf8');
    // The clock's next line says that the World knows of them.
    await until('a line of the journal', () => readFileSync(journalFile, 'utf8') !== lines);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(orphans.length).toBeGreaterThan(0);

    const second = await startProcess(quickScenario(0));
    const alive = processesWith(store);
    expect(orphans.filter((pid) => alive.includes(pid))).toEqual([]);
    await untilState(second.httpPort, 'SUCCEEDED');
    expect(counted()).toEqual([LAST, LAST, LAST]);
    const { tasks } = await batch(second.httpPort, '/toy/taskGroups/group0/tasks');
    expect(JSON.stringify(tasks).match(/exit code 50002/g)).toHaveLength(2);
    const outcome = await outcomeOf(second.httpPort);
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
    expect(processesWith(store)).toEqual([]);
    expect(replayed()).toEqual(outcome);
  });
});
