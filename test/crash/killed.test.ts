import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import { connectPorts, REHEARSAL_PROJECT } from '../../src/exec/connection.js';
import { isAlive, markOf } from '../../src/exec/processAlive.js';
import { runPaths } from '../../src/exec/runFolder.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Outcome } from '../../src/plan/forecast.js';
import { evidenceOf } from './evidence.js';
import type { Due, Order, Said } from './execChild.js';
import { rerunTimes, violations } from './invariants.js';
import { RERUN, RUN, smallPlan } from './smallPlan.js';

/** The built package: what is killed is what users run. */
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const CHILD = fileURLToPath(new URL('./execChild.ts', import.meta.url));
const SEED = '1';
/** Campaign seconds per wall second: a round of the executor is its shortest sleep. */
const SPEED = 3000;
/** One emulator, and one campaign, for each share of the points. */
const GROUPS = 4;
const FEWEST_POINTS = 300;
/** Campaigns, and reruns in each, in which the points are looked for again that were not reached before. */
const MOST_ROUNDS = 4;
const MOST_RERUNS = 12;
/** What a VM does before and after its tasks, Batch does not tell. A window counted twice would be several percent. */
const COST_TOLERANCE = 0.01;
const TIMEOUT_MS = 600_000;

const plan = smallPlan();
/** Points at which an executor has died, in any campaign. */
const hit = new Set<string>();
/** All points of a run that nobody kills. */
let points: string[] = [];
let folder: string;
const children = new Set<ChildProcess>();
let next: Executor | null = null;

beforeAll(async () => {
  if (!existsSync(join(DIST, 'exec/run.js'))) throw new Error('dist/ is missing: run `npm run build` first');
  folder = await mkdtemp(join(tmpdir(), 'fepcast-killed-'));
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** An executor that has loaded its code and waits for its order. */
class Executor {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor() {
    const child = spawn(process.execPath, ['--max-old-space-size=512', '--no-warnings', CHILD, DIST], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    });
    this.#child = child;
    children.add(child);
    this.#exit = once(child, 'exit').finally(() => children.delete(child));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString('utf8');
    });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Lets it run, and tells how it ended. */
  async run(order: Order): Promise<Exclude<Said, { kind: 'ready' }>> {
    await this.#hear();
    this.#child.stdin?.end(`${JSON.stringify(order)}\n`);
    const said = await this.#hear();
    await this.#exit;
    if (said === null || said.kind === 'ready') throw new Error(`it ended by itself: ${this.#errors}`);
    return said;
  }

  async #hear(): Promise<Said | null> {
    const line = await this.#lines.next();
    return line.done ? null : JSON.parse(line.value);
  }
}

/** The next executor loads its code while this one runs. */
function execute(order: Order): ReturnType<Executor['run']> {
  const executor = next ?? new Executor();
  next = new Executor();
  return executor.run(order);
}

/**
 * A run, and reruns of a part of it as long as `again` says so, by executors of which each is killed at the first point
 * that is due, until one sees the end; then everything that the cloud and the files hold is looked at. Gives the points
 * that were passed.
 */
async function campaign(
  name: string,
  due: Omit<Due, 'hit'>,
  again: (reruns: number) => boolean = (reruns) => reruns < 1,
): Promise<Set<string>> {
  const stateDir = join(folder, name);
  const paths = runPaths(stateDir, RUN);
  const passed = new Set<string>();
  const untilEnd = async (command: () => Promise<Order['command']>): Promise<ExecSummary> => {
    for (;;) {
      const end = await execute({
        command: await command(),
        runId: RUN,
        stateDir,
        planFile: join(folder, 'plan.json'),
        seed: SEED,
        speed: SPEED,
        rerun: [...RERUN],
        due: { ...due, hit: [...hit] },
      });
      if (end.kind === 'done') {
        for (const point of end.passed) passed.add(point);
        const summary = end.summary as ExecSummary;
        expect(summary).toMatchObject({ state: 'succeeded', tasks: { succeeded: plan.campaign.tasks } });
        return summary;
      }
      expect(hit.has(end.point)).toBe(false);
      hit.add(end.point);
    }
  };
  const written = async (): Promise<number> =>
    (await readFile(paths.ledger, 'utf8')).split('run-reopened').length - 1;
  let last: ExecSummary;
  let reruns = 0;
  try {
    last = await untilEnd(async () => 'exec');
    for (; again(reruns); reruns += 1) {
      const before = await written();
      // Whoever finds that the rerun was written down goes on with it.
      last = await untilEnd(async () => ((await written()) > before ? 'resume' : 'rerun'));
    }
  } finally {
    await endEmulator(paths.emulatorProcess);
  }
  const { emulatorJournal, emulatorStorage } = paths;
  const emulator = await startEmulator({
    scenario: plan.scenario.resolved,
    seed: `${SEED}/0`,
    speed: 1,
    journalFile: emulatorJournal,
    storage: { folder: emulatorStorage },
  });
  const cloud = await connectPorts({ pid: process.pid, ...emulator }, REHEARSAL_PROJECT);
  try {
    const evidence = await evidenceOf(cloud, plan);
    expect(violations(evidence, rerunTimes(RERUN, reruns)), name).toEqual([]);
    const ledger = evidence.ledger.map(({ text }) => text).join('');
    expect(await readFile(paths.ledger, 'utf8'), name).toBe(ledger);
    const answer = await fetch(`http://127.0.0.1:${emulator.httpPort}/emulator/v1/outcome`);
    const { metrics } = (await answer.json()) as Outcome;
    expect(Math.abs((last.costUsd ?? 0) / metrics.costUsd - 1), name).toBeLessThan(COST_TOLERANCE);
    return passed;
  } finally {
    await cloud.batch.close();
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** An executor that was killed when all was done has left it behind. */
async function endEmulator(file: string): Promise<void> {
  const { pid } = JSON.parse(await readFile(file, 'utf8')) as { pid: number };
  const mark = markOf(pid);
  if (!isAlive(mark)) return;
  process.kill(pid, 'SIGKILL');
  while (isAlive(mark)) await new Promise((resolve) => setTimeout(resolve, 10));
}

const NOWHERE = { only: [], share: { index: 0, of: 1 } };

describe('executors that are killed before and after every call and every change of a file', {
  timeout: TIMEOUT_MS,
}, () => {
  it('end as one that nobody kills', async () => {
    points = [...(await campaign('undisturbed', NOWHERE))];
    expect(points.length).toBeGreaterThan(FEWEST_POINTS);
    expect(hit.size).toBe(0);
  });

  it.each(Array.from({ length: GROUPS }, (_, index) => ({ index })))(
    'run nothing twice and lose nothing (share $index)',
    async ({ index }) => {
      await campaign(`share-${index}`, { only: null, share: { index, of: GROUPS } });
    },
  );

  it('have died everywhere', async () => {
    // What follows the end of a run lets one executor die for each end.
    const left = (): string[] => points.filter((point) => !hit.has(point));
    for (let round = 0; round < MOST_ROUNDS && left().length > 0; round += 1) {
      const only = left();
      await campaign(
        `rest-${round}`,
        { ...NOWHERE, only },
        (reruns) => reruns < Math.min(only.length, MOST_RERUNS),
      );
    }
    expect(left()).toEqual([]);
    expect(hit.size).toBeGreaterThan(FEWEST_POINTS);
    console.log(`killed at ${hit.size} points, ${points.length} of them those of an undisturbed run`);
  });
});
