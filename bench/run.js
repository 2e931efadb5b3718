/**
 * `npm run bench [-- --quick | --rounds 5 | --only sync | --json]`: what the speed figures come from. Every figure is
 * a median over rounds; a round runs every workload once, each in a process of its own, so that whatever else the
 * machine does falls on all of them alike. CPU time includes the compiler's and the collector's threads. Reference
 * events are those of the event-by-event engine, whatever an engine does inside.
 */
import { execFile } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { openPool } from '../dist/sim/workers.js';
import { median } from './median.js';
import { formatTable } from './table.js';
import { planOf, scenarioFile, workloads } from './workloads.js';

const TASKS_PER_MOLECULE = 13;
const MUST = { coldSeconds: 0.35, speedup: 1.6, bytesPerTask: 24 };
/** Kinds of draws from a keyed stream, and the most that one may cost in nanoseconds. */
const DRAWS = [
  ['uniform32', 5],
  ['uniform53', null],
  ['exponential', null],
  ['normal', null],
];

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const secondsPerRound = options.quick ? 0.3 : 1;
const loadBefore = loadavg();

const rows = [
  ...(await replications()),
  ...(await row('cold', 'cold start', coldStarts)),
  ...(await row('workers', '1 against 2 workers', workers)),
  ...(await row('draws', 'random draws', draws)),
  ...(await row('memory', 'memory', memory)),
];
const report = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  load: { before: loadBefore[0], after: loadavg()[0] },
  rounds,
  rows,
};
console.log(options.json ? JSON.stringify(report, null, 2) : formatTable(report));

/** The rows of one kind, unless `--only` names another. */
async function row(key, label, measure) {
  if (!key.includes(options.only) && !label.includes(options.only)) return [];
  note(label);
  return measure();
}

async function replications() {
  const chosen = workloads.filter(
    ({ name, quick }) => name.includes(options.only) && (quick || !options.quick),
  );
  const runs = new Map(chosen.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name } of chosen) {
      note(`round ${round + 1} of ${rounds}: ${name}`);
      runs.get(name).push(JSON.parse(await child('replications.js', [name, `${secondsPerRound}`])));
    }
  }
  return chosen.map(({ name, fold, mustMs, mustNsPerEvent }) => {
    const own = runs.get(name);
    const of = (key) => median(own.map((run) => run[key]));
    const byMs = mustMs !== null;
    return {
      name,
      value: byMs ? of('cpuMs') : of('nsPerEvent'),
      unit: byMs ? 'ms' : 'ns/event',
      must: mustMs ?? mustNsPerEvent,
      cpuMs: of('cpuMs'),
      cpuMsMin: Math.min(...own.map((run) => run.cpuMs)),
      cpuMsMax: Math.max(...own.map((run) => run.cpuMs)),
      wallMs: of('wallMs'),
      nsPerEvent: of('nsPerEvent'),
      events: of('events'),
      folded: own.every((run) => run.folded),
      asked: fold ? 'folded' : 'by events',
    };
  });
}

/** The whole process of `fepcast simulate`, one replication. */
async function coldStarts() {
  const times = { 'campaign-13k': [], 'thirteen-thousand': [] };
  for (let i = 0; i < (options.quick ? 1 : 2 * rounds); i += 1) {
    for (const [scenario, seconds] of Object.entries(times)) {
      const file = fileURLToPath(scenarioFile(scenario));
      const arguments_ = ['simulate', file, '--replications', '1', '--workers', '1', '--json'];
      const startedAt = performance.now();
      await child('../dist/cli/main.js', arguments_);
      seconds.push((performance.now() - startedAt) / 1_000);
    }
  }
  return Object.entries(times).map(([scenario, seconds]) => ({
    name: `cold: fepcast simulate ${scenario}, 1 replication`,
    value: median(seconds),
    unit: 's',
    must: MUST.coldSeconds,
  }));
}

/** The same replications with `--workers 1` (in this thread) and with 2, all warm. */
async function workers() {
  const plan = planOf({ scenario: 'campaign-13k', overrides: [] });
  const replicationsEach = options.quick ? 8 : 64;
  const pools = [await openPool(1), await openPool(2)];
  const seconds = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    for (const [i, pool] of pools.entries()) {
      const startedAt = performance.now();
      await Promise.all(
        Array.from({ length: replicationsEach }, (_, r) =>
          pool.run({ plan, seed: 'bench', r, uncertainty: false }),
        ),
      );
      // The first round warms the threads up.
      if (round >= 0) seconds[i].push((performance.now() - startedAt) / 1_000);
    }
  }
  for (const pool of pools) await pool.close();
  const speedup = median(seconds[0].map((one, i) => one / seconds[1][i]));
  return [
    {
      name: `2 workers against 1, ${replicationsEach} replications folded`,
      value: speedup,
      unit: 'times',
      must: MUST.speedup,
      atLeast: true,
    },
  ];
}

async function draws() {
  const rows = [];
  for (const [name, must] of DRAWS) {
    const ns = [];
    for (let round = 0; round < rounds; round += 1) ns.push(Number(await child('draws.js', [name])));
    rows.push({ name: `draw: ${name}`, value: median(ns), unit: 'ns', must });
  }
  return rows;
}

/** Peak memory with many tasks over that with 13, by task; slots grow alike. */
async function memory() {
  const molecules = options.quick ? 10_000 : 100_000;
  const rows = [];
  for (const engine of ['fold', 'events']) {
    if (options.quick && engine === 'events') continue;
    const bytes = [];
    for (let i = 0; i < (options.quick ? 1 : 3); i += 1) {
      const few = Number(await child('memory.js', ['1', '1', engine]));
      const many = Number(await child('memory.js', [`${molecules}`, `${molecules / 2}`, engine]));
      bytes.push((many - few) / (molecules * TASKS_PER_MOLECULE));
    }
    rows.push({
      name: `memory: ${molecules * TASKS_PER_MOLECULE} tasks ${engine === 'fold' ? 'folded' : 'by events'}`,
      value: median(bytes),
      unit: 'bytes/task',
      must: options.quick ? null : MUST.bytesPerTask,
    });
  }
  return rows;
}

/** What the program prints when it runs in a process of its own. */
async function child(program, arguments_) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...arguments_], {
    maxBuffer: 64 * 2 ** 20,
  });
  return stdout;
}

function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
