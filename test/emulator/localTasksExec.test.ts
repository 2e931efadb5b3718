import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, type ProcessMark } from '../../src/exec/processAlive.js';
import { parseJournal } from '../../src/plan/journal.js';
import { replayJournal } from '../../src/sim/replayJournal.js';
import { processesWith, until } from './localTasksToys.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const RUN = 'local';

function canRun(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Counts to 60 in steps of 20 ms from what its checkpoint holds; in the middle it waits to be let on. */
const COUNT = (folder: string): string => `#!/bin/bash
step=$(cat state.chk 2> /dev/null || echo 0)
while [ "$step" -lt 60 ]; do
  sleep 0.02
  [ "$step" -eq 30 ] && [ ! -e '${folder}/go' ] && continue
  step=$((step + 1))
  echo "$step" > state.new && mv state.new state.chk
  echo "$step 60" > progress.new && mv progress.new progress.txt
done
echo "counted to $step" > result.txt
`;

const SCENARIO = (folder: string): string => `
name: toy
campaign: { molecules: 1, windows: 4, taskDuration: { constant: 30s }, input: 1kB, output: 1kB }
work: { table: tasks.csv }
task: { adapter: command, command: [bash, ${folder}/count.sh], checkpointFiles: [state.chk],
        outputs: [result.txt], progress: progress.txt, maxRunDuration: 1h }
machine: { type: n2-standard-2, accelerator: null, bootDisk: { type: pd-balanced, size: 30GB } }
startup: { create: { constant: 1s }, boot: { constant: 1s }, driver: { constant: 1s }, pull: { constant: 1s } }
batch: { scheduleDelay: { constant: 1s } }
regions:
  us-central1:
    quota: { spotGpus: 8, onDemandGpus: 0, cpus: 100, diskGb: 1000 }
    price: { spot: 0.02, onDemand: 0.09 }
    hazard: { constant: { hourlySurvival: 1 } }
decisions: { strategy: checkpoint, parallelism: { us-central1: 2 }, provisioning: spot }
`;

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-exec-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  // The emulator outlives an executor that failed.
  const emulator = join(folder, '.fepcast/runs', RUN, 'emulator.process.json');
  if (existsSync(emulator)) stop(JSON.parse(readFileSync(emulator, 'utf8')));
  for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function stop(mark: ProcessMark): void {
  if (isAlive(mark)) process.kill(mark.pid, 'SIGKILL');
}

/** A plan for two VMs at once that ships a checkpoint every second. */
async function writePlan(): Promise<void> {
  writeFileSync(join(folder, 'count.sh'), COUNT(folder));
  writeFileSync(join(folder, 'toy.yaml'), SCENARIO(folder));
  const rows = [0, 1, 2, 3].map((window) => {
    writeFileSync(join(folder, `in${window}`), `input ${window}\n`);
    return `m0,${window},in${window}`;
  });
  writeFileSync(join(folder, 'tasks.csv'), `molecule,window,input\n${rows.join('\n')}\n`);
  const args = [MAIN, 'plan', 'toy.yaml', '--out', 'plan.json', '--replications', '1', '--json'];
  await promisify(execFile)(process.execPath, args, { cwd: folder });
  const file = join(folder, 'plan.json');
  const plan = JSON.parse(readFileSync(file, 'utf8'));
  const checkpoint = { policy: 'periodic', engineIntervalSeconds: 0, intervalSeconds: 1, jitterSeconds: 0 };
  Object.assign(plan.checkpoint, checkpoint, { firstPhase: 'none', flushOnNotice: true });
  plan.shards[0].parallelism = 2;
  writeFileSync(file, JSON.stringify(plan));
}

test.skipIf(!canRun())(
  'exec --rehearse --tasks local runs real tasks to their results through a preemption (skipped without Linux and curl)',
  async () => {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: run `npm run build` first');
    await writePlan();
    const args = ['exec', 'plan.json', '--rehearse', '--tasks', 'local', '--speed', '20', '--run-id', RUN];
    const child = spawn(process.execPath, [MAIN, ...args, '--json'], { cwd: folder });
    children.push(child);
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (part: Buffer) => {
      texts.stdout += part.toString();
    });
    child.stderr.on('data', (part: Buffer) => {
      texts.stderr += part.toString();
    });
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const run = join(folder, '.fepcast/runs', RUN);
    const log = (index: number, retry: number): string => {
      const file = join(run, `emulator.tasks/logs/us-central1/${RUN}-us-central1-w0/${index}-${retry}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    await until('two tasks run', () => {
      if (child.exitCode !== null) throw new Error(texts.stderr);
      return log(0, 0).includes('attempt 1') && log(1, 0).includes('attempt 1');
    });
    const { httpPort } = JSON.parse(readFileSync(join(run, 'emulator.ready.json'), 'utf8'));
    const world = [{ region: 'us-central1', kind: 'preempt', share: 1 }];
    const url = `http://127.0.0.1:${httpPort}/emulator/v1/faults`;
    const ordered = await fetch(url, { method: 'POST', body: JSON.stringify({ world }) });
    expect(ordered.status).toBe(200);
    // Tasks to be retried come last: new VMs take the other two first.
    await until('the other two run', () => log(2, 0) !== '' && log(3, 0) !== '');
    writeFileSync(join(folder, 'go'), '');

    expect(await exited, texts.stderr).toBe(0);
    expect(texts.stderr).toContain('at speed 20 waiting is shorter, but real work takes as long as it takes');
    expect(JSON.parse(texts.stdout)).toMatchObject({
      runId: RUN,
      state: 'succeeded',
      tasks: { total: 4, succeeded: 4 },
      attempts: 6,
      preemptions: 2,
    });
    expect(log(0, 1)).toContain('attempt 2');
    expect(readdirSync(join(run, 'emulator.tasks/vms'))).toEqual([]);
    expect(processesWith(folder)).toEqual([]);
    const journalFile = join(run, 'emulator.journal.jsonl');
    const outcome = JSON.parse(readFileSync(join(run, 'emulator.outcome.json'), 'utf8'));
    expect(replayJournal(parseJournal(readFileSync(journalFile, 'utf8'), journalFile))).toEqual(outcome);
  },
);
