/**
 * Request capacity: tokens refill at `rate` a second up to `burst`; a request takes one or is refused (a 429).
 * Starts full. With `rate` null nothing is ever refused.
 */
export class TokenBucket {
  private readonly rate: number | null;
  private readonly burst: number;
  private tokens: number;
  private last = 0;

  constructor(rate: number | null, burst: number) {
    this.rate = rate;
    this.burst = burst;
    this.tokens = burst;
  }

  /** Asks for one token at time `t` (seconds, never falling). */
  take(t: number): boolean {
    if (this.rate === null) return true;
    this.tokens = Math.min(this.burst, this.tokens + this.rate * (t - this.last));
    this.last = t;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
