import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BarReport } from '../../src/exec/collect/barReport.js';
import type { Leg } from '../../src/exec/collect/legs.js';
import type { CollectSource } from '../../src/exec/collect/source.js';
import { windowFacts } from '../../src/exec/collect/windowFacts.js';
import { replay } from '../../src/exec/ledger.js';
import { homeOfTask } from '../../src/plan/homes.js';
import type { Plan } from '../../src/plan/plan.js';
import { keyPart, outputObject, resultObject } from '../../src/plan/taskObjects.js';
import type { TaskResult } from '../../src/plan/taskRecords.js';
import { taskIdentity } from '../../src/plan/workDigest.js';
import type { WorkWindow } from '../../src/scenario/scenario.js';
import { FakeBatch, FakeClock } from './fakeBatch.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

const FIXTURES = fileURLToPath(new URL('./fixtures/methane-dhdl/', import.meta.url));

/** 13 windows of methane in water, 1,500 steps of 2 fs each, as GROMACS 2022.5 wrote them. */
export const WINDOWS = 13;
export const STEPS = 1500;
export const energies = (state: number): string => readFileSync(join(FIXTURES, `${state}.xvg`), 'utf8');
/** What its `gmx bar -b 0.4 -temp 298.15 -prec 4` said of them. */
export const BAR_TOTAL = { dG: 5.5564, error: 1.8528 };

/** A folder of its own, in which `bin` can be put on the PATH: a gmx that knows one answer. */
export function workplace(): { folder: string; bin: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-collect-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const answers = `case " $* " in *" --version "*) echo 'GROMACS version:    stand-in' ;;
  *" bar "*) echo "$*" >> '${folder}/asked'; cat '${FIXTURES}bar.out' ;; *) exit 1 ;; esac\n`;
  writeFileSync(join(bin, 'gmx'), `#!/bin/bash\n${answers}`);
  chmodSync(join(bin, 'gmx'), 0o755);
  return { folder, bin, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A campaign of molecules with these windows (default: 13 of one leg), each task with an input. */
export function campaignOf(
  molecules: readonly string[],
  windows: WorkWindow[] = Array.from({ length: WINDOWS }, (_, w) => ({
    leg: 'main',
    repeat: '0',
    window: String(w),
  })),
): Plan {
  const plan = planOf({ molecules: molecules.length, windows: windows.length });
  plan.work = {
    file: 'tasks.csv',
    sha256: 'a'.repeat(64),
    folder: '',
    molecules: [...molecules],
    windows,
    inputs: molecules.flatMap((_, m) => windows.map((_, w) => `in/${m}-${w}.tpr`)),
  };
  plan.scenario.resolved.analysis.equilibrationPs = 0.4;
  return plan;
}

const inputOf = (task: number): { sha256: string } => ({ sha256: sha256(`input ${task}`) });

/** What tells one window from another. */
export interface WindowOf {
  state: number;
  steps?: number;
  done?: number;
  temperature?: number;
  dhdl?: string | null;
}

/** A result as the GROMACS adapter writes it, of a second attempt; the first one was preempted half-way. */
export function resultOf(plan: Plan, task: number, of: WindowOf): TaskResult {
  const { state, steps = STEPS, done = steps, temperature = 298.15, dhdl = energies(state) } = of;
  const start = {
    kind: 'start' as const,
    run: 'run',
    job: 'job',
    index: task,
    retry: 0,
    vm: 'vm',
    zone: 'z',
  };
  const end = {
    kind: 'end' as const,
    checkpoints: 1,
    checkpointBytes: 100,
    largestCheckpointBytes: 100,
    retries: { '503': 2 },
    seconds: { restore: 1, compute: 1800, sync: 3 },
  };
  return {
    version: 1,
    ...taskIdentity(plan, task, inputOf(task).sha256),
    task,
    run: 'run',
    job: 'job',
    at: 1_750_010_000,
    attempts: [
      { ...start, attempt: 1, id: 'a', at: 1_750_000_000 },
      {
        ...end,
        attempt: 1,
        at: 1_750_001_800,
        exit: 76,
        reason: 'preempted',
        restoredStep: null,
        step: done / 2,
        syncedStep: done / 2,
      },
      { ...start, attempt: 2, id: 'b', retry: 1, at: 1_750_002_000 },
      {
        ...end,
        attempt: 2,
        at: 1_750_003_800,
        exit: 0,
        reason: 'done',
        restoredStep: done / 2,
        step: done,
        syncedStep: done,
      },
    ],
    stepsDone: done,
    stepsPlanned: steps,
    usefulSeconds: 3400,
    lostSeconds: 200,
    input: inputOf(task).sha256,
    image: 'image',
    outputs: dhdl === null ? [] : [{ name: 'dhdl.xvg', bytes: dhdl.length, sha256: sha256(dhdl) }],
    science: {
      engine: 'gromacs',
      version: '2022.5',
      nsPerDay: 140,
      lambda: state,
      temperature,
      dtPs: 0.002,
      seed: 1,
    },
  };
}

/** Puts the result of a task where it belongs, and its energies. */
export function publish(storage: MemoryStorage, plan: Plan, task: number, of: WindowOf): TaskResult {
  const bucket = homeOfTask(plan, task).resultsBucket;
  const result = resultOf(plan, task, of);
  storage.plant({ bucket, name: resultObject(result) }, JSON.stringify(result));
  const { dhdl = energies(of.state) } = of;
  if (dhdl !== null) storage.plant({ bucket, name: outputObject(result, 'dhdl.xvg') }, dhdl);
  return result;
}

/** A run whose cloud is in memory. */
export function sourceOf(plan: Plan): { source: CollectSource; storage: MemoryStorage; run: RunOf } {
  const clock = new FakeClock();
  const storage = new MemoryStorage();
  const ledger = replay([
    { kind: 'run-started', at: 0, runId: 'run', planId: 'p', project: 'p', source: 'execute', by: '' },
    {
      kind: 'job-intended',
      at: 0,
      jobId: 'job',
      requestId: 'r',
      specHash: 's',
      shard: plan.shards[0] as Plan['shards'][number],
      round: 0,
      tasks: [{ first: 0, count: plan.campaign.tasks }],
    },
  ]);
  const cloud = { batch: new FakeBatch(clock), storage };
  const source = { cloud, clock, inputOf, ledger, isGoogle: true, close: async () => undefined };
  const about = { source: 'execute' as const, project: 'p', state: 'gs://state' };
  return { source, storage, run: { runId: 'run', plan, about } };
}

interface RunOf {
  runId: string;
  plan: Plan;
  about: { source: 'execute'; project: string; state: string };
}

/** A leg of these windows, without any storage. */
export function legOf(windows: readonly (WindowOf & { name?: string; missing?: string })[], names = {}): Leg {
  const plan = campaignOf(
    ['m'],
    windows.map((_, w) => ({ leg: 'main', repeat: '0', window: `w${w}` })),
  );
  const what = { molecule: 'm', leg: 'main', repeat: '0', ...names };
  return {
    ...what,
    key: [what.molecule, what.leg, what.repeat].map(keyPart).join('/'),
    windows: windows.map((window, task) => {
      const result = window.missing === undefined ? resultOf(plan, task, { dhdl: 'x', ...window }) : null;
      return {
        ...what,
        task,
        key: `m/main/0/w${task}`,
        window: window.name ?? `w${task}`,
        result,
        facts: result === null ? null : windowFacts(plan, result, () => plan.shards[0] ?? null),
        missing: window.missing ?? null,
      };
    }),
  };
}

/** A report as the script would write it on a leg of `legOf`. */
export function reportOn(windows: number, change: Partial<BarReport> = {}): BarReport {
  return {
    version: 1,
    key: 'm/main/0',
    digest: 'd',
    method: 'BAR',
    engine: 'gromacs 2022.5',
    beginPs: 0.4,
    temperature: 298.15,
    message: null,
    undersampled: false,
    total: { from: 0, to: windows - 1, dG: 10, error: 0.4 },
    points: Array.from({ length: windows - 1 }, (_, i) => ({
      from: i,
      to: i + 1,
      dG: 1,
      error: (i + 1) / 10,
    })),
    windows: Array.from({ length: windows }, (_, state) => ({
      rows: 16,
      firstPs: 0,
      lastPs: 3,
      stepPs: 0.2,
      problem: null,
      temperature: 298.15,
      state,
      lambda: [state / (windows - 1)],
    })),
    ...change,
  };
}
