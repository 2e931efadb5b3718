import seedrandom from 'seedrandom';
import type { Distribution } from '../scenario/scenario.js';
import { block, threefry } from './threefry.js';

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
    const rest = (attempt >>> 12) ^ ((n >>> 16) << 16);
    threefry(
      this.k0,
      this.k1 ^ rest,
      task,
      (attempt << ATTEMPT_SHIFT) | (purpose << PURPOSE_SHIFT) | (n & DRAW_MASK),
    );
  }

  /**
   * Uniform on [0, 1) with 32 bits: for jitter and back-off, of which there are many. Draws 2k and 2k + 1 are the two
   * words of one block; the caller keeps the second one in `odd[at]` until it is its turn.
   */
  uniform32(task: number, attempt: number, purpose: Purpose, n: number, odd: Int32Array, at: number): number {
    if ((n & 1) === 1) return ((odd[at] as number) >>> 0) / TWO_32;
    this.draw(task, attempt, purpose, n >>> 1);
    odd[at] = block[1] as number;
    return ((block[0] as number) >>> 0) / TWO_32;
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
