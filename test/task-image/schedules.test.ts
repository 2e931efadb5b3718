import { expect, test } from 'vitest';
import { Cloud } from './cloud.js';
import { chance, playSchedule } from './schedules.js';

/** Random schedules: a thousand with FEPCAST_SOAK, a hundred in CI, a few on a desk. FEPCAST_SEED plays one again. */
const COUNT = process.env.FEPCAST_SOAK ? 1000 : process.env.CI ? 100 : 24;
/** Schedules that are played at the same time. */
const AT_ONCE = 4;
/** Share of the storage's answers that are refused, cut off or lost. */
const TROUBLE = 0.25;
const STEPS = '200';

test(`${COUNT} random schedules of stops and losses end with the bytes of a run that was never stopped`, async () => {
  const whole = await uninterrupted();
  const one = process.env.FEPCAST_SEED;
  const seeds = one === undefined ? Array.from({ length: COUNT }, (_, i) => i + 1) : [Number(one)];
  const codes = new Map<number, number>();
  const work = seeds.values();
  const play = async (): Promise<void> => {
    for (const seed of work) {
      for (const code of await schedule(seed, whole)) codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, play));
  expect(codes.get(0)).toBe(seeds.length);
  // The schedules did cut attempts off, by signal or notice (76) and without a word (137). Rarely a request fails in all
  // its tries, a quarter of which do (77). Nothing else went wrong.
  if (one === undefined) {
    expect(codes.get(76)).toBeGreaterThan(0);
    expect(codes.get(137)).toBeGreaterThan(0);
    expect(codes.get(77) ?? 0).toBeLessThanOrEqual(COUNT / 100);
    expect([...codes.keys()].filter((code) => ![0, 76, 77, 137].includes(code))).toEqual([]);
  }
}, 3_600_000);

/** The exit codes of all attempts. */
async function schedule(seed: number, whole: string): Promise<number[]> {
  const draw = chance(seed + 0x5eed);
  const cloud = await Cloud.start({ seed: `schedule ${seed}`, tokensLiveSeconds: 0.2 });
  try {
    cloud.disturb(TROUBLE);
    const attempts = await playSchedule(cloud, seed, {
      blows: 1 + Math.floor(draw() * 4),
      within: 600,
      environment: { STUB_STEPS: STEPS, FEPCAST_TIME_SCALE: '0.005' },
    });
    cloud.faults.clear();
    const story = `seed ${seed}\n${attempts.map(({ story }) => story).join('\n')}`;
    expect(attempts.at(-1)?.code, story).toBe(0);
    expect(await cloud.output('stub.dat'), story).toBe(whole);
    const result = await cloud.result();
    expect(result?.stepsDone, story).toBe(Number(STEPS));
    const { lines, unreadable } = await cloud.claim();
    expect(unreadable, story).toBe(0);
    const starts = lines.filter(({ kind }) => kind === 'start').map(({ attempt }) => attempt);
    expect(starts, story).toEqual(starts.map((_, i) => i + 1));
    return attempts.map(({ code }) => code);
  } finally {
    await cloud.stop();
  }
}

async function uninterrupted(): Promise<string> {
  const cloud = await Cloud.start();
  try {
    expect(await cloud.runToEnd({ environment: { STUB_STEPS: STEPS } })).toEqual([0]);
    return await cloud.output('stub.dat');
  } finally {
    await cloud.stop();
  }
}
