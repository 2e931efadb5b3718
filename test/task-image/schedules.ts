import type { Cloud } from './cloud.js';

/** A small generator with a seed, so that a failing schedule can be played again (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What happens to an attempt, how many milliseconds after its begin. */
type Blow = { after: number; how: 'terminate' | 'preempt' | 'vanish' };

export interface PlayedAttempt {
  code: number;
  /** What happened to it and what it said, for the message of a failure. */
  story: string;
}

/** Runs a task through so many attempts that are cut off at random moments, then until it is done. */
export async function playSchedule(
  cloud: Cloud,
  seed: number,
  { blows, within, environment }: { blows: number; within: number; environment: Record<string, string> },
): Promise<PlayedAttempt[]> {
  const draw = chance(seed);
  const played: PlayedAttempt[] = [];
  while (played.length < blows + 12 && played.at(-1)?.code !== 0) {
    const attempt = await cloud.begin({ environment });
    const blow = played.length < blows ? drawBlow(draw, within) : null;
    const timer = blow ? setTimeout(() => attempt[blow.how](), blow.after) : null;
    const code = await attempt.exited;
    if (timer) clearTimeout(timer);
    const what = blow ? `${blow.how} after ${blow.after} ms, ` : '';
    played.push({ code, story: `attempt ${played.length + 1}: ${what}exit ${code}\n${attempt.log()}` });
  }
  return played;
}

function drawBlow(draw: () => number, within: number): Blow {
  const after = Math.round(draw() * within);
  const ways = ['terminate', 'preempt', 'vanish'] as const;
  return { after, how: ways[Math.floor(draw() * ways.length)] ?? 'vanish' };
}
