import seedrandom from 'seedrandom';
import type { Distribution } from '../scenario/scenario.js';
import { block, pair, threefry, threefryPair } from './threefry.js';

/**
 * What a draw is for. Part of every key: two plans that differ elsewhere see the same luck for the same purpose
 * of the same task and attempt (common random numbers), and no result depends on the order of the draws.
 */
export const Purpose = {
  work: 0,
  create: 1,
  boot: 2,
  driver: 3,
  image: 4,
  life: 5,
  spread: 6,
  failure: 7,
  timer: 8,
  backoff: 9,
  schedule: 10,
  /** Guesses are drawn from streams of their own seed, so they may share a number. */
  guess: 11,
  error: 11,
  shock: 12,
  stockout: 13,
  eviction: 14,
  /** Of regions, which are not evicted; a VM's own zone is a second draw of its life. */
  zone: 14,
  notice: 15,
} as const;

export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** Counter word: 12 bits of attempt, 4 of purpose, 16 of the draw's number; the attempt's rest goes to the key. */
const ATTEMPT_SHIFT = 20;
const PURPOSE_SHIFT = 16;
const DRAW_MASK = 0xffff;
/** Draws of 32 bits that are made at once, four words of two blocks: whoever draws them one by one keeps them. */
export const WORDS_AT_ONCE = 4;
const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** The random sequences of one replication, each named by (task, attempt, purpose); `n` counts its draws. */
export class Streams {
  private readonly k0: number;
  private readonly k1: number;

  /** `seed`: any text; equal texts give equal sequences. */
  constructor(seed: string) {
    const root = seedrandom(seed);
    this.k0 = root.int32();
    this.k1 = root.int32();
  }

  private draw(task: number, attempt: number, purpose: Purpose, n: number): void {
    threefry(this.k0, this.k1 ^ keyRest(attempt, n), task, counterOf(attempt, purpose, n));
  }

  /**
   * Uniform on [0, 1) with 32 bits: for jitter and back-off, of which there are many. Draws 2k and 2k + 1 are the two
   * words of one block. Two blocks are made at once: the caller keeps their words from `words[4 * at]` on, and draws
   * in turn (n = 0, 1, 2, ...).
   */
  uniform32(
    task: number,
    attempt: number,
    purpose: Purpose,
    n: number,
    words: Uint32Array,
    at: number,
  ): number {
    if ((n & 3) === 0) this.drawWords(task, attempt, purpose, n >>> 1, words, WORDS_AT_ONCE * at);
    return (words[WORDS_AT_ONCE * at + (n & 3)] as number) / TWO_32;
  }

  /** Block `n`, an even number, and the next one. */
  private drawWords(
    task: number,
    attempt: number,
    purpose: Purpose,
    n: number,
    words: Uint32Array,
    to: number,
  ): void {
    threefryPair(this.k0, this.k1 ^ keyRest(attempt, n), task, counterOf(attempt, purpose, n));
    words[to] = pair[0] as number;
    words[to + 1] = pair[1] as number;
    words[to + 2] = pair[2] as number;
    words[to + 3] = pair[3] as number;
  }

  /** Uniform on [0, 1) with 53 bits. */
  uniform(task: number, attempt: number, purpose: Purpose, n: number): number {
    this.draw(task, attempt, purpose, n);
    const high = (block[0] as number) >>> 5;
    const low = (block[1] as number) >>> 6;
    return (high * 67108864 + low) / TWO_53;
  }

  /** Exponential with mean 1. */
  exponential(task: number, attempt: number, purpose: Purpose, n: number): number {
    return -Math.log(1 - this.uniform(task, attempt, purpose, n));
  }

  /** Standard normal by Box and Muller: two uniforms, one branch. */
  normal(task: number, attempt: number, purpose: Purpose, n: number): number {
    const u1 = this.uniform(task, attempt, purpose, 2 * n);
    const u2 = this.uniform(task, attempt, purpose, 2 * n + 1);
    return Math.sqrt(-2 * Math.log(1 - u1)) * Math.cos(2 * Math.PI * u2);
  }

  /** One value of the distribution, in its own unit. */
  sample(distribution: Distribution, task: number, attempt: number, purpose: Purpose): number {
    if ('constant' in distribution) return distribution.constant;
    if ('lognormal' in distribution) {
      const { median, sigma } = distribution.lognormal;
      return median * Math.exp(sigma * this.normal(task, attempt, purpose, 0));
    }
    if ('uniform' in distribution) {
      const [low, high] = distribution.uniform;
      return low + (high - low) * this.uniform(task, attempt, purpose, 0);
    }
    if ('exponential' in distribution) {
      return distribution.exponential.mean * this.exponential(task, attempt, purpose, 0);
    }
    const { values } = distribution.empirical;
    return values[Math.floor(this.uniform(task, attempt, purpose, 0) * values.length)] as number;
  }
}

/** What of an attempt's and a draw's number the counter has no room for. */
function keyRest(attempt: number, n: number): number {
  return (attempt >>> 12) ^ ((n >>> 16) << 16);
}

function counterOf(attempt: number, purpose: Purpose, n: number): number {
  return (attempt << ATTEMPT_SHIFT) | (purpose << PURPOSE_SHIFT) | (n & DRAW_MASK);
}
