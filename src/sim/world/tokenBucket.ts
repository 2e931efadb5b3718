/** How a token bucket grows under load; null: it does not. */
export type Growth = { doublingSeconds: number; maximum: number | null } | null;

/** Demand is measured over whole minutes; above this share of the capacity it grows. */
const MEASURED_SECONDS = 60;
const GROWS_ABOVE = 0.8;

/**
 * Request capacity: tokens refill at `rate` a second up to `burst`; a request takes one or is refused (a 429).
 * Starts full. With `rate` null nothing is ever refused. Under sustained load the rate (and the burst with it)
 * doubles every `doublingSeconds`, as docs.cloud.google.com/storage/docs/request-rate describes for clients.
 */
export class TokenBucket {
  private rate: number | null;
  private burst: number;
  private readonly growth: Growth;
  private tokens: number;
  private last = 0;
  private measuredFrom = 0;
  private asked = 0;

  constructor(rate: number | null, burst: number, growth: Growth = null) {
    this.rate = rate;
    this.burst = burst;
    this.growth = growth;
    this.tokens = burst;
  }

  /** Asks for one token at time `t` (seconds, never falling). */
  take(t: number): boolean {
    if (this.rate === null) return true;
    if (this.growth !== null) this.grow(t);
    this.tokens = Math.min(this.burst, this.tokens + this.rate * (t - this.last));
    this.last = t;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  private grow(t: number): void {
    const seconds = t - this.measuredFrom;
    if (this.growth !== null && this.rate !== null && seconds >= MEASURED_SECONDS) {
      if (this.asked / seconds > GROWS_ABOVE * this.rate) {
        const grown = this.rate * 2 ** (seconds / this.growth.doublingSeconds);
        const rate = Math.min(grown, Math.max(this.rate, this.growth.maximum ?? Number.POSITIVE_INFINITY));
        this.burst *= rate / this.rate;
        this.rate = rate;
      }
      this.measuredFrom = t;
      this.asked = 0;
    }
    this.asked += 1;
  }
}
