/**
 * `npm run -s build && node bench/emulator.js [--speed 10000] [--tasks 13000] [--seconds 20] [--json]`: what the
 * figures of docs/emulator.md come from. The emulator runs as a process of its own, the official client asks it over
 * gRPC while the campaign runs; times are wall milliseconds as the client sees them.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { v1 } from '@google-cloud/batch';
import { PassThroughClient } from 'google-auth-library';
import { grpc } from 'google-gax';
import { loadScenario } from '../dist/cli/load.js';

const { values: options } = parseArgs({
  options: {
    speed: { type: 'string', default: '10000' },
    tasks: { type: 'string', default: '13000' },
    seconds: { type: 'string', default: '20' },
    journal: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
});
const PARENT = 'projects/p/locations/us-central1';
const GROUP = `${PARENT}/jobs/campaign/taskGroups/group0`;
const NAME = `${PARENT}/jobs/campaign`;
const taskCount = Number(options.tasks);

const folder = mkdtempSync(join(tmpdir(), 'fepcast-bench-'));
const emulator = await start();
const client = new v1.BatchServiceClient({
  apiEndpoint: '127.0.0.1',
  port: emulator.grpcPort,
  sslCreds: grpc.credentials.createInsecure(),
  authClient: new PassThroughClient(),
  fallback: false,
});
try {
  const report = await measure();
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else print(report);
} finally {
  await client.close();
  emulator.child.kill('SIGTERM');
  await emulator.exit;
  rmSync(folder, { recursive: true, force: true });
}

async function start() {
  const scenario = loadScenario(
    fileURLToPath(new URL('../scenarios/thirteen-thousand.yaml', import.meta.url)),
    [],
  );
  const readyFile = join(folder, 'ready.json');
  const configFile = join(folder, 'config.json');
  const config = {
    scenario,
    seed: '1',
    speed: Number(options.speed),
    ...(options.journal ? { journalFile: join(folder, 'journal.jsonl') } : {}),
    readyFile,
    logFile: join(folder, 'log'),
  };
  writeFileSync(configFile, JSON.stringify(config));
  const entry = fileURLToPath(new URL('../dist/emulator/process.js', import.meta.url));
  const child = spawn(process.execPath, [entry, configFile], { stdio: 'inherit' });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  while (!existsSync(readyFile)) await wait(20);
  return { child, exit, ...JSON.parse(readFileSync(readyFile, 'utf8')) };
}

async function measure() {
  await client.listJobs({ parent: PARENT }, { autoPaginate: false });
  const createMs = await timed(() =>
    client.createJob({ parent: PARENT, jobId: 'campaign', job: job(taskCount) }),
  );
  const getJob = [];
  const getTask = [];
  const page = [];
  let state = 'QUEUED';
  let pageToken = '';
  let mostBytes = 0;
  const until = performance.now() + Number(options.seconds) * 1000;
  for (let n = 0; performance.now() < until; n += 1) {
    getJob.push(
      await timed(async () => {
        const [got] = await client.getJob({ name: NAME });
        state = got.status.state;
      }),
    );
    getTask.push(await timed(() => client.getTask({ name: `${GROUP}/tasks/${(n * 7919) % taskCount}` })));
    page.push(
      await timed(async () => {
        const request = { parent: GROUP, pageSize: 1000, pageToken };
        const [, , answer] = await client.listTasks(request, { autoPaginate: false });
        pageToken = answer.nextPageToken;
      }),
    );
    mostBytes = Math.max(mostBytes, residentBytes());
    await wait(5);
  }
  const listed = [];
  const listMs = await timed(async () => {
    for (let token = ''; ; ) {
      const request = { parent: GROUP, pageSize: 1000, pageToken: token };
      const [tasks, , answer] = await client.listTasks(request, { autoPaginate: false });
      listed.push(tasks.length);
      token = answer.nextPageToken;
      if (token === '') return;
    }
  });
  const clock = await (await fetch(`http://127.0.0.1:${emulator.httpPort}/emulator/v1/clock`)).json();
  return {
    tasks: taskCount,
    speed: Number(options.speed),
    state,
    campaignHours: clock.campaignSeconds / 3600,
    createJobMs: createMs,
    getJobMs: quantiles(getJob),
    getTaskMs: quantiles(getTask),
    pageOf1000Ms: quantiles(page),
    listAllMs: listMs,
    listedTasks: listed.reduce((sum, count) => sum + count, 0),
    memoryMb: Math.max(mostBytes, residentBytes()) / 1e6,
    load: loadavg()[0],
  };
}

async function timed(work) {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { calls: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** The emulator's memory as the kernel counts it (Linux). */
function residentBytes() {
  const status = readFileSync(`/proc/${emulator.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

function job(count) {
  return {
    taskGroups: [
      {
        taskCount: count,
        parallelism: Math.min(count, 500),
        taskCountPerNode: 1,
        taskSpec: {
          runnables: [{ container: { imageUri: 'us-docker.pkg.dev/p/r/image:1' } }],
          computeResource: { cpuMilli: 4000, memoryMib: 15_000 },
          maxRetryCount: 10,
        },
      },
    ],
    allocationPolicy: {
      instances: [{ policy: { machineType: 'g2-standard-4', provisioningModel: 'SPOT' } }],
    },
  };
}

function print(report) {
  const ms = (value) => value.toFixed(2);
  const row = (name, { calls, p50, p95, max }) => [name, String(calls), ms(p50), ms(p95), ms(max)];
  const { tasks, speed, state, campaignHours, memoryMb, load } = report;
  process.stdout.write(
    `${tasks} tasks at speed ${speed}: ${state} after ${campaignHours.toFixed(1)} campaign hours, ` +
      `${memoryMb.toFixed(0)} MB, load ${load.toFixed(1)}\n` +
      `CreateJob ${ms(report.createJobMs)} ms, all ${report.listedTasks} tasks listed in ${ms(report.listAllMs)} ms\n`,
  );
  const rows = [
    ['call', 'calls', 'p50 ms', 'p95 ms', 'max ms'],
    row('GetJob', report.getJobMs),
    row('GetTask', report.getTaskMs),
    row('page of 1,000', report.pageOf1000Ms),
  ];
  for (const [name, ...cells] of rows) {
    process.stdout.write(`${name.padEnd(14)}${cells.map((cell) => cell.padStart(9)).join('')}\n`);
  }
}
