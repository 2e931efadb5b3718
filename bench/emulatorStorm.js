/**
 * `node bench/emulatorStorm.js [--json] [--rounds 3]`: 300 concurrent uploads of the real `@google-cloud/storage`
 * client against the emulator (50 writes/s, burst 50, speed 1), aligned and jittered, beside what the simulator
 * forecasts of the same crowd: the share of 429s, and how long it takes until the uploads are durable. The emulator is
 * a process of its own; the clients count what they are answered.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Storage } from '@google-cloud/storage';
import seedrandom from 'seedrandom';
import { makePlan } from '../dist/plan/makePlan.js';
import { parseScenario } from '../dist/scenario/parse.js';
import { Campaign } from '../dist/sim/campaign.js';
import { median } from './median.js';
import { scenarioFile } from './workloads.js';

const UPLOADS = 300;
const CROWDS = [
  { name: 'aligned', spreadSeconds: 0 },
  { name: 'jittered over 2 s', spreadSeconds: 2 },
];
const SIMULATIONS = 50;
/** Of the forecast share of 429s. */
const MUST_DIFFER_LESS_THAN = 0.1;
const INTERVAL_SECONDS = 600;

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
});

const rows = [];
for (const { name, spreadSeconds } of CROWDS) {
  const runs = [];
  for (let round = 0; round < Number(options.rounds); round += 1) {
    note(`${name}, round ${round + 1} of ${options.rounds}`);
    runs.push(await realStorm(spreadSeconds, `${name} ${round}`));
  }
  const real = mean(runs);
  // A crowd of one process does not come at one instant: the forecast is of the crowd as it came.
  const came = spreadSeconds === 0 ? real.firstTriesSeconds : spreadSeconds;
  const latencySeconds = await idleLatency();
  const forecast = mean(
    Array.from({ length: SIMULATIONS }, (_, seed) => simulatedStorm(came, latencySeconds, `${seed}`)),
  );
  const difference = real.share / forecast.share - 1;
  rows.push({ name, real, forecast, difference, ok: Math.abs(difference) <= MUST_DIFFER_LESS_THAN });
}
console.log(options.json ? JSON.stringify(rows, null, 2) : table(rows));
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;

function stormScenario(spreadSeconds, latencySeconds) {
  const file = scenarioFile('campaign-13k');
  const overrides = [
    `campaign.molecules=${UPLOADS}`,
    'campaign.windows=1',
    `campaign.taskDuration.constant=${INTERVAL_SECONDS + 400}s`,
    'regions.us-central1.hazard.constant.hourlySurvival=1',
    `regions.us-central1.quota.spotGpus=${UPLOADS}`,
    `decisions.parallelism.us-central1=${UPLOADS}`,
    'startup.boot={"constant":"0s"}',
    'decisions.checkpoint.policy=periodic',
    `decisions.checkpoint.interval=${INTERVAL_SECONDS}s`,
    `decisions.checkpoint.jitter=${spreadSeconds}s`,
    'decisions.checkpoint.firstPhase=none',
    'checkpoint.size=0MB',
    'bucket.writesPerSecond=50/s',
    'bucket.burst=50',
    'bucket.maxTries=unlimited',
    `bucket.latency=${latencySeconds}s`,
  ];
  return parseScenario(readFileSync(file, 'utf8'), { file: fileURLToPath(file), overrides });
}

/** The first checkpoint of 300 tasks that begin at once. */
function simulatedStorm(spreadSeconds, latencySeconds, seed) {
  const scenario = stormScenario(spreadSeconds, latencySeconds);
  const durableAt = [];
  let stormAt = Number.POSITIVE_INFINITY;
  let refused = 0;
  const observer = {
    jobChanged() {},
    taskChanged(_job, _task, _from, to, at) {
      if (to === 'RUNNING') stormAt = Math.min(stormAt, at + INTERVAL_SECONDS);
    },
    bucketUsed(use, _job, _task, at) {
      if (use === 'requestRefused') refused += 1;
      if (use === 'checkpointWritten') durableAt.push(at);
    },
  };
  const campaign = new Campaign(makePlan(scenario), seed, { observer });
  for (let t = INTERVAL_SECONDS; !campaign.finished; t += INTERVAL_SECONDS) campaign.advance(t);
  return { ...measured(durableAt, stormAt, refused), firstTriesSeconds: spreadSeconds };
}

async function realStorm(spreadSeconds, seed) {
  return withEmulator(async (url, scenario) => {
    const bucket = clientOf(url).bucket('bucket');
    const random = seedrandom(seed);
    const { backoffBaseSeconds, backoffCapSeconds } = scenario.bucket;
    const durableAt = [];
    const firstTries = [];
    let refused = 0;
    const from = performance.now();
    const seconds = () => (performance.now() - from) / 1000;
    await Promise.all(
      Array.from({ length: UPLOADS }, async (_, number) => {
        if (spreadSeconds > 0) await wait(1000 * spreadSeconds * random());
        for (let tries = 0; ; tries += 1) {
          try {
            await bucket.file(`crowd/${number}`).save('x', { resumable: false, validation: false });
            if (tries === 0) firstTries.push(seconds());
            durableAt.push(seconds());
            return;
          } catch (error) {
            if (error.code !== 429) throw error;
            if (tries === 0) firstTries.push(seconds());
            refused += 1;
            await wait(1000 * random() * Math.min(backoffCapSeconds, backoffBaseSeconds * 2 ** tries));
          }
        }
      }),
    );
    return {
      ...measured(durableAt, 0, refused),
      firstTriesSeconds: Math.max(...firstTries) - Math.min(...firstTries),
    };
  });
}

/** One upload after another, nobody else there. */
async function idleLatency() {
  return withEmulator(async (url) => {
    const bucket = clientOf(url).bucket('bucket');
    const seconds = [];
    for (let i = 0; i < 30; i += 1) {
      const from = performance.now();
      await bucket.file(`idle/${i}`).save('x', { resumable: false, validation: false });
      seconds.push((performance.now() - from) / 1000);
    }
    return median(seconds);
  });
}

function measured(durableAt, from, refused) {
  const sorted = durableAt.map((at) => at - from).sort((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return {
    share: refused / (refused + sorted.length),
    p50: quantile(0.5),
    p90: quantile(0.9),
    last: sorted.at(-1),
  };
}

function mean(runs) {
  const keys = Object.keys(runs[0]);
  return Object.fromEntries(
    keys.map((key) => [key, runs.reduce((sum, run) => sum + run[key], 0) / runs.length]),
  );
}

function clientOf(url) {
  const retryOptions = { autoRetry: false };
  return new Storage({ apiEndpoint: url, projectId: 'p', useAuthWithCustomEndpoint: false, retryOptions });
}

/** An emulator process whose clock runs: limits begin with the first job. */
async function withEmulator(work) {
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-storm-'));
  const file = (name) => join(folder, name);
  const scenario = stormScenario(0, 0);
  const config = {
    scenario,
    seed: 'storm',
    speed: 1,
    storageFolder: file('objects'),
    buckets: [{ name: 'bucket', location: 'us-central1' }],
    readyFile: file('ready.json'),
    logFile: file('log'),
  };
  writeFileSync(file('config.json'), JSON.stringify(config));
  const entry = fileURLToPath(new URL('../dist/emulator/process.js', import.meta.url));
  const child = spawn(process.execPath, [entry, file('config.json')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!existsSync(file('ready.json'))) {
      if (child.exitCode !== null)
        throw new Error(`the emulator ended: ${readFileSync(file('log'), 'utf8')}`);
      await wait(20);
    }
    const url = `http://127.0.0.1:${JSON.parse(readFileSync(file('ready.json'), 'utf8')).httpPort}`;
    await startClock(url);
    return await work(url, scenario);
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startClock(url) {
  const job = {
    taskGroups: [
      {
        taskCount: 1,
        taskSpec: { runnables: [{ script: { text: 'true' } }], computeResource: { cpuMilli: 4000 } },
      },
    ],
    allocationPolicy: {
      instances: [{ policy: { machineType: 'g2-standard-4', provisioningModel: 'SPOT' } }],
    },
  };
  const path = '/v1/projects/p/locations/us-central1/jobs?jobId=clock';
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(job) });
  if (response.status !== 200) throw new Error(`the job was refused: ${await response.text()}`);
}

function table(all) {
  const lines = ['crowd              share of 429s       until durable, seconds: p50        p90       last'];
  for (const { name, real, forecast, difference, ok } of all) {
    const line = (what, { share, p50, p90, last }) =>
      `${what.padEnd(19)}${(100 * share).toFixed(1).padStart(8)} %${[p50, p90, last]
        .map((s) => s.toFixed(2).padStart(11))
        .join('')
        .padStart(57)}`;
    lines.push(name, line('  emulator', real), line('  forecast', forecast));
    lines.push(
      `  difference ${(100 * difference).toFixed(1)} % of the forecast share: ${ok ? 'ok' : 'OPEN'}`,
    );
  }
  return lines.join('\n');
}

function note(text) {
  process.stderr.write(`${text}\n`);
}
