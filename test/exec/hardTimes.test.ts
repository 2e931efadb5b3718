import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import type { FaultSettings } from '../../src/emulator/faultFile.js';
import { readBucketLedger } from '../../src/exec/bucketLedger.js';
import { connectPorts } from '../../src/exec/connection.js';
import { bucketInventory } from '../../src/exec/inventory.js';
import { replay } from '../../src/exec/ledger.js';
import { runObject } from '../../src/exec/statePlace.js';
import { listAll } from '../../src/exec/storagePort.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { homeOf } from '../../src/plan/homes.js';
import { LIMITS } from '../../src/plan/limits.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import { STATE } from './inMemory.js';
import { scenarioOf } from './plans.js';

/** The built package: the executor is a process of its own, whose memory counts and that is killed. */
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const RUN = 'fc-hard';
const HOUR = 3600;
const REGIONS = ['us-central1', 'us-east1'];
/** "API calls under 10 % of Batch's read quota." */
const SHARE_OF_QUOTA = 0.1;

/** Works on the run until its end; prints how many tasks are done, and at the end the summary, its memory and its calls. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
const [dist, folder, httpPort, grpcPort] = process.argv.slice(2);
const from = (name) => import(new URL(name, 'file://' + dist));
const [{ connectPorts }, { emulatorClock }, { execute }, { retryingStorage }, { openRunRecord }, { bucketInventory }, { keepHeapSmall }] =
  await Promise.all(['exec/connection.js', 'exec/clock.js', 'exec/executor.js', 'exec/retryStorage.js', 'exec/runRecord.js', 'exec/inventory.js', 'exec/smallHeap.js'].map(from));
keepHeapSmall();
const say = (kind, value) => process.stdout.write(JSON.stringify({ kind, value }) + '\\n');
const plan = JSON.parse(readFileSync(folder + '/plan.json', 'utf8'));
const ports = { httpPort: Number(httpPort), grpcPort: Number(grpcPort), pid: process.pid };
const inner = await connectPorts(ports, 'p');
const clock = emulatorClock(ports);
const reads = new Map();
const count = (port) => new Proxy(port, {
  get: (target, key) => typeof target[key] !== 'function' ? target[key] : async (...args) => {
    const minute = Math.floor((now ?? 0) / 60);
    reads.set(minute, (reads.get(minute) ?? 0) + 1);
    return target[key](...args);
  },
});
let now = 0;
const cloud = { batch: count(inner.batch), storage: inner.storage };
const timed = { now: async () => (now = await clock.now()), sleep: (seconds, signal) => clock.sleep(seconds, signal) };
const newId = () => randomUUID();
const random = Math.random;
const storage = retryingStorage(cloud.storage, { clock: timed, random, newId });
const holder = { id: randomUUID(), host: 'test', user: 'anna', pid: process.pid, startTicks: null, processSpace: null };
const record = await openRunRecord({ storage, state: { bucket: 'fepcast-state', prefix: '' }, runId: '${RUN}', plan, holder,
  clock: timed, random, wallNow: () => Date.now() / 1000, takeOver: true });
const inputOf = () => null;
let done = -1;
const summary = await execute({ record, project: 'p', clock: timed, source: 'rehearse', random, newId, cloud, inputOf,
  inventory: bucketInventory(storage, plan, inputOf),
  onSnapshot: ({ tasks, elapsedSeconds, messages }) => {
    if (tasks.succeeded !== done) say('progress', { succeeded: tasks.succeeded, hours: elapsedSeconds / 3600, said: messages.map(({ text }) => text) });
    done = tasks.succeeded;
  } });
await record.close();
say('end', { summary, peakMb: process.resourceUsage().maxRSS / 1024, mostReadsAMinute: Math.max(...reads.values()) });
process.exit(0);
`;

let folder: string;
let emulator: Emulator | null = null;
let children: ChildProcess[] = [];

beforeEach(async () => {
  if (!existsSync(join(DIST, 'exec/executor.js')))
    throw new Error('dist/ is missing: run `npm run build` first');
  folder = await mkdtemp(join(tmpdir(), 'fepcast-hard-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await emulator?.stop();
  emulator = null;
  await rm(folder, { recursive: true, force: true });
});

interface End {
  summary: ExecSummary;
  peakMb: number;
  mostReadsAMinute: number;
}

async function executor(ports: Emulator, killAfter: number, said: Set<string>): Promise<End | null> {
  const args = [join(folder, 'execute.mjs'), DIST, folder, String(ports.httpPort), String(ports.grpcPort)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const exited = once(child, 'exit');
  let end: End | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as
      | { kind: 'progress'; value: { succeeded: number; said: string[] } }
      | { kind: 'end'; value: End };
    if (message.kind === 'end') end = message.value;
    else {
      for (const text of message.value.said) said.add(text);
      if (message.value.succeeded >= killAfter) child.kill('SIGKILL');
    }
  }
  await exited;
  return end;
}

/** Tasks of 7 h in two regions, as in the reference campaign. */
function campaign(molecules: number, vms: number): Plan {
  const parallelism = Object.fromEntries(REGIONS.map((region) => [region, vms]));
  const scenario = scenarioOf({ molecules, windows: 13 }, { parallelism }, REGIONS);
  scenario.campaign.taskDurationSeconds = { constant: 7 * HOUR };
  scenario.decisions.remainder = { policy: 'anyRegion', maxRounds: 10 };
  for (const region of Object.values(scenario.regions)) region.quota.spotGpus = vms;
  return makePlan(scenario);
}

/** A tenth of all answers fails; two shocks; one region without capacity for a day; no login for two hours. */
const HARDSHIP: FaultSettings = {
  view: { freshTasksHiddenSeconds: 240, eventsLateSeconds: 30, eventsReordered: true },
  calls: [
    ...(['batch', 'storage'] as const).map((service) => ({
      service,
      method: '*',
      kind: 'refuse' as const,
      status: 401,
      rate: 1,
      from: 30 * HOUR,
      until: 32 * HOUR,
    })),
    { service: 'batch', method: '*', kind: 'loseAnswer', rate: 0.03 },
    { service: 'batch', method: '*', kind: 'refuse', status: 503, rate: 0.04 },
    { service: 'batch', method: '*', kind: 'refuse', status: 429, rate: 0.03 },
    { service: 'storage', method: '*', kind: 'loseAnswer', rate: 0.03 },
    { service: 'storage', method: '*', kind: 'refuse', status: 503, rate: 0.04 },
    { service: 'storage', method: '*', kind: 'reset', rate: 0.03 },
  ],
  world: [
    { kind: 'preempt', region: 'us-central1', share: 0.6, at: 5 * HOUR },
    { kind: 'stockout', region: 'us-east1', seconds: 24 * HOUR, at: 9 * HOUR },
    { kind: 'preempt', region: 'us-east1', share: 0.5, at: 10 * HOUR },
  ],
};

/** Runs the campaign with one kill on the way. */
async function survive(plan: Plan, speed: number): Promise<{ end: End; said: Set<string> }> {
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  await writeFile(join(folder, 'execute.mjs'), SCRIPT);
  const homes = REGIONS.flatMap((region) => {
    const { scratchBucket, resultsBucket } = homeOf(plan, region);
    return [scratchBucket, resultsBucket].map((name) => ({ name, location: region }));
  });
  emulator = await startEmulator({
    scenario: plan.scenario.resolved,
    seed: 'hard',
    speed,
    faults: HARDSHIP,
    buckets: [{ name: STATE.bucket, location: REGIONS[0] ?? '' }, ...homes],
  });
  const said = new Set<string>();
  expect(await executor(emulator, plan.campaign.tasks / 4, said)).toBeNull();
  const end = await executor(emulator, Number.POSITIVE_INFINITY, said);
  if (end === null) throw new Error('the executor did not come to an end');
  return { end, said };
}

/** One result for each window, every job of the ledger at Batch and the other way round, nothing of it twice. */
async function checkWorld(plan: Plan): Promise<void> {
  if (emulator === null) throw new Error('no emulator');
  await fetch(`http://127.0.0.1:${emulator.httpPort}/emulator/v1/faults`, { method: 'DELETE' });
  const { batch, storage } = await connectPorts({ ...emulator, pid: process.pid }, 'p');
  try {
    const all = [{ first: 0, count: plan.campaign.tasks }];
    const inventory = bucketInventory(storage, plan, () => null);
    expect((await inventory.complete(all)).length).toBe(plan.campaign.tasks);
    let results = 0;
    for (const region of REGIONS) {
      const bucket = homeOf(plan, region).resultsBucket;
      const request = { bucket, prefix: 'tasks/', matchGlob: 'tasks/**/result.json' };
      for await (const { generation } of listAll(storage, request)) results += generation === '' ? 0 : 1;
    }
    expect(results).toBe(plan.campaign.tasks);
    const { jobs } = replay(await readBucketLedger(storage, runObject(STATE, RUN, 'ledger/')));
    const known = jobs.map(({ intended }) => intended.jobId).sort();
    const label = { key: 'fepcast-run', value: RUN };
    const listed = await Promise.all(REGIONS.map((region) => batch.listJobs(region, label, null)));
    expect(listed.flatMap((page) => page.jobs.map(({ jobId }) => jobId)).sort()).toEqual(known);
    expect(new Set(known).size).toBe(known.length);
    for (const { final } of jobs) expect(final).not.toBeNull();
  } finally {
    await batch.close();
  }
}

function checkEnd(plan: Plan, { end, said }: Awaited<ReturnType<typeof survive>>): void {
  const { tasks } = plan.campaign;
  expect(end.summary).toMatchObject({
    state: 'succeeded',
    tasks: { total: tasks, succeeded: tasks, failed: 0, running: 0, pending: 0 },
    molecules: { complete: plan.campaign.molecules },
    resumed: true,
    stopped: null,
  });
  expect([...said].some((text) => text.includes('the login has ended'))).toBe(true);
  expect(end.summary.preemptions).toBeGreaterThan(tasks / 20);
  expect(end.mostReadsAMinute).toBeLessThan(SHARE_OF_QUOTA * LIMITS.readRequestsPerMinute.value);
}

describe('a campaign in hard times', () => {
  it('ends with one result for each of its 260 windows', { timeout: 170_000 }, async () => {
    const plan = campaign(20, 40);
    checkEnd(plan, await survive(plan, 6000));
    await checkWorld(plan);
  });

  it.runIf(process.env.FEPCAST_SOAK === '1')(
    'ends with one result for each of 13,000 windows, in minutes, with little memory',
    { timeout: 1_200_000 },
    async () => {
      const plan = campaign(1000, 500);
      const survived = await survive(plan, 3000);
      checkEnd(plan, survived);
      await checkWorld(plan);
      const { peakMb, mostReadsAMinute } = survived.end;
      process.stderr.write(
        `executor: at most ${Math.round(peakMb)} MB, ${mostReadsAMinute} reads a minute\n`,
      );
      expect(peakMb).toBeLessThan(300);
    },
  );
});
