import { describe, expect, it } from 'vitest';
import { LEASE_SECONDS, LeaseHeldError, LeaseLostError } from '../../src/exec/lease.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { evidenceOf } from './evidence.js';
import { violations } from './invariants.js';
import { operate } from './operate.js';
import { RUN, smallPlan } from './smallPlan.js';
import { VirtualCloud } from './virtualCloud.js';
import { chance, type Fate, VirtualProcess } from './virtualProcess.js';
import { VirtualTime } from './virtualTime.js';

const plan = smallPlan();
const SEEDS = Array.from({ length: 20 }, (_, i) => `operators-${i}`);

async function world(seed: string) {
  const time = new VirtualTime();
  const cloud = new VirtualCloud(plan, seed, time);
  await cloud.open(plan);
  /** A process without faults that may be held up. */
  const start = (name: string, change: { fate?: Fate; takeOver?: boolean } = {}) => {
    const { fate = null, takeOver = false } = change;
    const process = new VirtualProcess(cloud, time, { seed: `${seed}/${name}`, faults: 0, fate });
    const work = operate({ plan, runId: RUN, process, time, name: `${seed}/${name}`, takeOver });
    return { process, work, end: work.catch((error: unknown) => error) };
  };
  return { time, cloud, start };
}

const isAll = (end: unknown): boolean =>
  (end as ExecSummary).state === 'succeeded' && (end as ExecSummary).tasks.succeeded === plan.campaign.tasks;

describe('two operators on one run', () => {
  it.each(SEEDS)('who come at the same instant: one acts, the other is told by whom (%s)', async (seed) => {
    const { time, cloud, start } = await world(seed);
    const operators = [start('anna'), start('ben')];
    const ends = await time.until(Promise.all(operators.map(({ end }) => end)));
    const refused = ends.filter((end) => end instanceof LeaseHeldError);
    expect(refused, seed).toHaveLength(1);
    expect(String(refused[0]), seed).toContain('anna@elsewhere, process 1 works on it since');
    expect(ends.filter(isAll), seed).toHaveLength(1);
    const idle = operators[ends.findIndex((end) => end instanceof LeaseHeldError)]?.process;
    // It may have tried to take the lease, in vain, and nothing else.
    expect(idle?.effects.get('createJob'), seed).toBeUndefined();
    expect(idle?.effects.get('write') ?? 0, seed).toBeLessThanOrEqual(1);
    expect(violations(await evidenceOf(cloud.ports, plan), new Map()), seed).toEqual([]);
  });

  it.each(SEEDS)(
    'of whom the first is only slow: the second takes over, the first does nothing more (%s)',
    async (seed) => {
      const { time, cloud, start } = await world(seed);
      const slow = start('slow', {
        fate: {
          counting: chance(seed, 'counting') < 0.5 ? 'changes' : 'all',
          atCall: 5 + Math.floor(chance(seed, 'call') * 25),
          moment: chance(seed, 'moment') < 0.5 ? 'before' : 'after',
          pauseSeconds: LEASE_SECONDS + 60 + 1200 * chance(seed, 'pause'),
        },
      });
      expect(await time.until(slow.process.ended), seed).toBe('paused');
      const takesIt = chance(seed, 'takes') < 0.5;
      if (!takesIt) {
        await expect(time.until(start('early').work), seed).rejects.toBeInstanceOf(LeaseHeldError);
        await time.until(time.sleep(LEASE_SECONDS));
      }
      const second = start('second', { takeOver: takesIt });
      const [first, last] = await time.until(Promise.all([slow.end, second.end]));
      expect(first, seed).toBeInstanceOf(LeaseLostError);
      expect(isAll(last), seed).toBe(true);
      // The ledger's holders, one after the other, are held against each other there.
      expect(violations(await evidenceOf(cloud.ports, plan), new Map()), seed).toEqual([]);
    },
  );
});
