import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History } from '../../src/emulator/history.js';
import { WorldTasks } from '../../src/emulator/localTasks/worldTasks.js';
import type { TaskRunner } from '../../src/emulator/taskRunner.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import type { ExternalAttempt, ExternalTasks } from '../../src/sim/world/view.js';
import { World } from '../../src/sim/world/world.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { type Emulated, emulate, exampleJob, PARENT } from './emulated.js';

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c'];
const GROUP = `${PARENT}/jobs/job-a/taskGroups/group0`;
const TASKS = 60;

let folder: string;
let emulated: Emulated | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zones-'));
});
afterEach(async () => {
  await emulated?.stop();
  emulated = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Nothing takes VMs away but shocks, each of which takes every VM of one zone. */
function shaken(): Scenario {
  const scenario = exampleScenario();
  const region = scenario.regions['us-central1']!;
  region.zones = ZONES;
  region.hazard = { constant: { hourlySurvival: 1 } };
  region.shocks = { perHour: 0.5, share: { constant: 1 }, scope: 'zone' };
  return scenario;
}

interface Shown {
  at: number;
  text: string;
  zone: string;
  exitCode: number | null;
}

function events(): Shown[] {
  const { tasks } = emulated!.rehearsal.service.listTasks({ parent: GROUP }) as unknown as {
    tasks: {
      status: {
        statusEvents: {
          description: string;
          eventTime: { seconds: number; nanos: number };
          taskExecution?: { exitCode: number };
        }[];
      };
    }[];
  };
  return tasks.flatMap(({ status }) =>
    status.statusEvents.flatMap(({ description, eventTime, taskExecution }) => {
      const zone = /on zones\/([a-z0-9-]+)\/instances/.exec(description)?.[1];
      const at = eventTime.seconds + eventTime.nanos / 1e9;
      return zone === undefined
        ? []
        : [{ at, text: description, zone, exitCode: taskExecution?.exitCode ?? null }];
    }),
  );
}

test('a shock to a zone takes the VMs that status events place there, all of them and no others', async () => {
  const scenario = shaken();
  const journalFile = join(folder, 'journal.jsonl');
  emulated = await emulate({ scenario, journalFile });
  const { service } = emulated.rehearsal;
  service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob(TASKS, TASKS) });
  emulated.pass(6 * 3600);
  const all = events();
  const lost = all.filter(({ exitCode }) => exitCode === 50001).sort((a, b) => a.at - b.at);
  const [first] = lost;
  // Some end at once, others after their notice.
  const struck = lost.filter(({ at }) => at <= first!.at + 30);
  expect(new Set(struck.map(({ zone }) => zone))).toEqual(new Set([first!.zone]));

  const vmOf = ({ text }: Shown): string => /instances\/\d+/.exec(text)?.[0] ?? '';
  const before = all.filter(({ at }) => at < first!.at);
  const over = new Set(before.filter(({ text }) => !/to (ASSIGNED|RUNNING)/.test(text)).map(vmOf));
  const there = before.filter((event) => !over.has(vmOf(event)));
  const vmsIn = (zone: string): number => new Set(there.filter((e) => e.zone === zone).map(vmOf)).size;
  for (const zone of ZONES) {
    expect(vmsIn(zone)).toBeGreaterThan(0);
    if (zone === first!.zone) expect(struck).toHaveLength(vmsIn(zone));
  }

  await emulated.stop();
  emulated = await emulate({ scenario, journalFile });
  expect(events().slice(0, 20)).toEqual(all.slice(0, 20));
});

test('a job that names zones has its VMs there, and one in a region without zones in the first', async () => {
  emulated = await emulate({ scenario: shaken() });
  const { service } = emulated.rehearsal;
  const job = exampleJob(TASKS, TASKS);
  const named = ['us-central1-c', 'us-central1-f'];
  job.allocationPolicy!.location!.allowedLocations = named.map((zone) => `zones/${zone}`);
  service.createJob({ parent: PARENT, jobId: 'job-a', job });
  emulated.pass(3600);
  expect(new Set(events().map(({ zone }) => zone))).toEqual(new Set(named));
  await emulated.stop();

  const scenario = exampleScenario();
  scenario.regions['us-central1']!.zones = [];
  emulated = await emulate({ scenario });
  emulated.rehearsal.service.createJob({ parent: PARENT, jobId: 'job-a', job: exampleJob(3, 3) });
  emulated.pass(3600);
  expect(new Set(events().map(({ zone }) => zone))).toEqual(new Set(['us-central1-a']));
});

test('a local task is told the zone that the World has put its VM in', () => {
  const scenario = shaken();
  const history = new History();
  const told = new Map<number, string>();
  const runner: TaskRunner = {
    start: ({ vm, identity }) => told.set(vm, identity.zone),
    notice: () => {},
    stop: () => {},
    removeVm: () => {},
    keepOnly: () => {},
    close: async () => {},
  };
  const tasks = new WorldTasks({ scenario, zoneOf: (vm) => history.zoneOf(vm), tellWorld: () => {} });
  const started: ExternalAttempt[] = [];
  const external: ExternalTasks = {
    started: (attempt) => {
      started.push(attempt);
      tasks.started(attempt);
    },
    noticed: () => {},
    ended: () => {},
    vmGone: () => {},
  };
  const world = new World(scenario, 'zones', { observer: history, external });
  tasks.begin(runner);
  const job = exampleJob(TASKS, TASKS);
  const id = { project: 'p', region: 'us-central1', jobId: 'job-a' };
  tasks.submitted({ t: 0, command: 'submit', ...id, requestId: '', job });
  world.submit({ ...readJobSpec(job, id.region, id.jobId, scenario), external: true });
  world.advance(1800);
  expect(started.length).toBe(TASKS);
  for (const { vm } of started) expect(told.get(vm)).toBe(history.zoneOf(vm));
  expect(new Set(told.values())).toEqual(new Set(ZONES));
});
