/**
 * `node bench/localTasks.js [--runs 10] [--state-dir DIR] [--json]`: whole runs of `scenarios/methane.yaml` as real
 * processes of this machine (needs `gmx`, two idle cores and two minutes a run), beside what `simulate` says of the
 * scenario as it is: nothing in the forecast comes from the runs. Runs that the state folder has already are not
 * repeated. z is the difference of the means over the forecast's sd / sqrt(runs).
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const REPLICATIONS = 500;
const root = fileURLToPath(new URL('..', import.meta.url));
const scenario = join(root, 'scenarios/methane.yaml');

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    'state-dir': { type: 'string', default: join(tmpdir(), 'fepcast-local-tasks') },
    json: { type: 'boolean', default: false },
  },
});
const stateDir = options['state-dir'];
const runs = Number(options.runs);
mkdirSync(stateDir, { recursive: true });

const plan = join(stateDir, 'plan.json');
fepcast('plan', scenario, '--objective', 'time', '--out', plan);
const { forecast } = JSON.parse(
  fepcast('simulate', scenario, '--replications', `${REPLICATIONS}`, '--uncertainty', 'off', '--json'),
);
const seen = Array.from({ length: runs }, (_, i) => localRun(`m${i + 1}`, `s${i + 1}`));

/** What is compared: of the forecast in seconds or numbers, of a run the same. */
const FIGURES = [
  ['attempts', 'attempts', 1],
  ['preemptions', 'preemptions', 1],
  ['lost work, s', 'lostWorkHours', 3600],
  ['checkpoints', 'checkpointsWritten', 1],
  ['makespan, s', 'makespanHours', 3600],
];
const rows = FIGURES.map(([label, field, unit]) => {
  const expected = { mean: forecast[field].mean * unit, sd: forecast[field].sd * unit };
  const found = meanAndSd(seen.map((run) => run[label]));
  const z = (found.mean - expected.mean) / (expected.sd / Math.sqrt(runs));
  return { label, forecast: expected, local: found, z };
});
const window = meanAndSd(seen.flatMap((run) => run.windowSeconds));
const losses = seen.flatMap((run) => run.losses);
console.log(options.json ? JSON.stringify({ runs, rows, window, losses }, null, 2) : report());

function report() {
  const shown = ({ mean, sd }) => `${mean.toFixed(1)} ± ${sd.toFixed(1)}`;
  return [
    '| | forecast, mean ± sd | local runs, mean ± sd | z |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      (row) => `| ${row.label} | ${shown(row.forecast)} | ${shown(row.local)} | ${row.z.toFixed(1)} |`,
    ),
    '',
    `${runs} runs. A window computes for ${shown(window)} s. ${losses.length} preemptions of computing windows lost`,
    `${shown(meanAndSd(losses))} s each, ${Math.max(...losses).toFixed(1)} s at most.`,
  ].join('\n');
}

/** Goes through one run, or reads one that is there. */
function localRun(runId, seed) {
  note(`run ${runId} of ${runs}`);
  const here = ['--state-dir', stateDir];
  fepcast(
    'exec',
    plan,
    '--rehearse',
    '--tasks',
    'local',
    '--run-id',
    runId,
    '--seed',
    seed,
    '--yes',
    ...here,
  );
  fepcast('collect', runId, '--no-analysis', ...here);
  const folder = join(stateDir, 'runs', runId);
  const { metrics } = JSON.parse(readFileSync(join(folder, 'emulator.outcome.json'), 'utf8'));
  const results = globSync(join(folder, 'results/tasks/**/result.json')).map((file) =>
    JSON.parse(readFileSync(file, 'utf8')),
  );
  const ends = results.flatMap(({ attempts }) => attempts.filter(({ kind }) => kind === 'end'));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return {
    attempts: metrics.attempts,
    preemptions: metrics.preemptions,
    'lost work, s': sum(results.map(({ lostSeconds }) => lostSeconds)),
    // A task ships a last checkpoint before it publishes, which the model has not.
    checkpoints: sum(ends.map(({ checkpoints }) => checkpoints)) - results.length,
    'makespan, s': metrics.makespanHours * 3600,
    windowSeconds: results.map(({ usefulSeconds }) => usefulSeconds),
    losses: ends.filter(({ reason }) => reason === 'preempted').map(lostSeconds),
  };
}

/** Computing since the last checkpoint that was shipped, at the pace of the attempt. */
function lostSeconds({ restoredStep, step, syncedStep, seconds }) {
  const steps = step - (restoredStep ?? 0);
  return steps === 0 ? 0 : ((step - syncedStep) / steps) * seconds.compute;
}

function fepcast(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    stdio,
    encoding: 'utf8',
    cwd: root,
  });
}

function meanAndSd(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

function note(text) {
  process.stderr.write(`${text}\n`);
}
