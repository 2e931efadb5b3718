import { describe, expect, it } from 'vitest';
import { type Played, playSeed } from './virtualRun.js';

/** Campaigns in CI; all of them with FEPCAST_SOAK. FEPCAST_CRASH_SEED plays one again and tells its story. */
const IN_CI = 200;
const ALL = 2000;
const PER_TEST = 25;

const again = process.env.FEPCAST_CRASH_SEED;
const count = process.env.FEPCAST_SOAK === '1' ? ALL : IN_CI;
const seeds = Array.from({ length: count }, (_, i) => `virtual-${i}`);
const blocks = Array.from({ length: count / PER_TEST }, (_, i) =>
  seeds.slice(i * PER_TEST, (i + 1) * PER_TEST),
);

/** Of the ports, those that the executor calls; ListJobs only when a run is cancelled. */
const METHODS = [
  ...['createJob', 'getJob', 'listTasks'],
  ...['stat', 'read', 'write', 'copy', 'list', 'remove'],
];
/** So seldom that only all campaigns together are sure to have a death at it; killed.test.ts has one at each. */
const SELDOM = ['cancelJob'];

async function play(seed: string, tell?: (text: string) => void): Promise<Played> {
  const replay = `play it again: FEPCAST_CRASH_SEED=${seed} npx vitest run test/crash/virtual.test.ts`;
  let played: Played;
  try {
    played = await playSeed(seed, tell);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error}; ${replay}`, { cause: error });
  }
  expect(played.wrong, `seed ${seed}; ${replay}`).toEqual([]);
  return played;
}

describe('a campaign in virtual time whose executors are killed and held up, and whose calls go wrong', () => {
  if (again !== undefined) {
    it(`plays ${again} again`, async () => {
      const story: string[] = [];
      const end = await play(again, (text) => story.push(text)).finally(() => console.log(story.join('\n')));
      console.log(end);
    });
    return;
  }

  const all: Played[] = [];
  it.each(blocks.map((block) => ({ first: block[0], last: block.at(-1), block })))(
    'runs nothing twice and loses nothing ($first to $last)',
    async ({ block }) => {
      for (const seed of block) all.push(await play(seed));
    },
  );

  it('was killed and paused everywhere, and had waves, remainders, preemptions and cancels', () => {
    const sum = (what: (played: Played) => number): number =>
      all.reduce((total, played) => total + what(played), 0);
    expect(all.length).toBe(count);
    expect(sum(({ kills }) => kills)).toBeGreaterThan(3 * count);
    expect(sum(({ pauses }) => pauses)).toBeGreaterThan(count);
    expect(sum(({ exits }) => exits)).toBeGreaterThan(count);
    expect(sum(({ remainders }) => remainders)).toBeGreaterThan(2 * count);
    expect(sum(({ preemptions }) => preemptions)).toBeGreaterThan(5 * count);
    expect(sum(({ moves }) => moves)).toBeGreaterThan(count / 20);
    expect(sum(({ cancelled }) => Number(cancelled))).toBeGreaterThan(count / 10);
    const methods = new Set(all.flatMap(({ killedAt }) => killedAt.map((point) => point.split(' ')[0])));
    const expected = count === ALL ? [...METHODS, ...SELDOM] : METHODS;
    expect(expected.filter((method) => !methods.has(method))).toEqual([]);
  });
});
