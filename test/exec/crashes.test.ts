import { describe, expect, it } from 'vitest';
import { replay } from '../../src/exec/ledger.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { FakeBatch, FakeClock } from './fakeBatch.js';
import { chance, FaultyCloud, Killed } from './faultyCloud.js';
import { ledgerOf, runInMemory } from './inMemory.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

const RUN = 'fc-crash';
/** Longer than a lease: whoever was killed does not hold the run any more. */
const LATER_SECONDS = 600;
/** A campaign of three regions' waves makes some hundred calls; nobody is killed more often than this. */
const MOST_DEATHS = 12;

const plan = planOf(
  { molecules: 6, windows: 5 },
  { waves: { size: 2, start: 'drained' }, remainder: { policy: 'sameRegion', maxRounds: 4 } },
  ['us-central1', 'us-east1'],
);

interface Ended {
  summary: ExecSummary;
  batch: FakeBatch;
  storage: MemoryStorage;
  deaths: number;
}

/** Processes that die one after another work on the run until one of them sees its end. */
async function untilTheEnd(seed: string, faults: number): Promise<Ended> {
  const clock = new FakeClock();
  const batch = new FakeBatch(clock);
  batch.failing = new Set([1, 17]);
  batch.preemptedOnce = new Set([4]);
  const storage = new MemoryStorage(() => clock.seconds);
  for (let deaths = 0; ; deaths += 1) {
    const life = `${seed}/${deaths}`;
    const dieAt = deaths < MOST_DEATHS ? 1 + Math.floor(chance(life, 'life') * 150) : null;
    const faulty = new FaultyCloud({ batch, storage }, { seed: life, faults, dieAt });
    try {
      const world = { batch, storage, clock, runId: RUN };
      const summary = await runInMemory(plan, world, { cloud: faulty.cloud, killed: true });
      return { summary, batch, storage, deaths };
    } catch (error) {
      if (!(error instanceof Killed)) throw new Error(`seed ${seed}, life ${deaths}`, { cause: error });
    }
    clock.seconds += LATER_SECONDS;
    // Batch remembers a request id for an hour or so: then only the job itself shows that it is ours.
    for (const job of batch.jobs.values()) job.requestId = 'forgotten';
  }
}

/** Campaign task -> how many jobs have run it to its end. */
function successes(batch: FakeBatch): Map<number, number> {
  const times = new Map<number, number>();
  for (const [, tasks] of batch.succeededByJob()) {
    for (const task of tasks) times.set(task, (times.get(task) ?? 0) + 1);
  }
  return times;
}

describe('a run whose processes die and whose calls fail', () => {
  const SEEDS = Array.from({ length: 40 }, (_, i) => `crash-${i}`);

  it.each(SEEDS)('ends with every window once and no job twice (%s)', async (seed) => {
    const faults = 0.05 + 0.15 * chance(seed, 'faults');
    const { summary, batch, storage } = await untilTheEnd(seed, faults);
    expect(summary, seed).toMatchObject({
      state: 'succeeded',
      tasks: { total: 30, succeeded: 30, failed: 0, running: 0, pending: 0 },
      molecules: { complete: 6, total: 6 },
    });
    expect([...successes(batch).values()], seed).toEqual(Array.from({ length: 30 }, () => 1));
    const { jobs } = replay(await ledgerOf(storage, RUN));
    expect(jobs.map(({ intended }) => intended.jobId).sort(), seed).toEqual([...batch.jobs.keys()].sort());
    for (const { submitted, final } of jobs) expect(submitted !== null && final !== null, seed).toBe(true);
  });

  it('does die, and often', async () => {
    let deaths = 0;
    for (const seed of SEEDS.slice(0, 5)) deaths += (await untilTheEnd(seed, 0.1)).deaths;
    expect(deaths).toBeGreaterThan(10);
  });
});
