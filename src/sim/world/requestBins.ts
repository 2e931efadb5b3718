/** Requests by whole second, counted in any order. */
export class RequestBins {
  total = 0;
  peakPerSecond = 0;
  private bins = new Uint16Array(1 << 16);

  count(t: number): void {
    const second = Math.floor(t);
    if (second >= this.bins.length) this.grow(second);
    const n = (this.bins[second] as number) + 1;
    this.bins[second] = n;
    this.total += 1;
    if (n > this.peakPerSecond) this.peakPerSecond = n;
  }

  /**
   * Whether a token bucket (`rate` a second, `burst` when full) certainly refuses none of these requests, wherever
   * in their seconds they lie: with e the tokens that may be missing at the start of a second, n requests fit if
   * n + e <= burst, and then at most n + max(0, e - rate) are missing at the start of the next. The refill within
   * the second is left out, so the answer "no" may be too careful.
   */
  neverRunsDry(rate: number | null, burst: number): boolean {
    if (rate === null) return true;
    // No second asks for more than the refill: nothing is carried over beyond one second's requests.
    if (this.peakPerSecond <= rate && 2 * this.peakPerSecond <= burst) return true;
    let missing = 0;
    for (const n of this.bins) {
      if (n + missing > burst) return false;
      missing = n + Math.max(0, missing - rate);
    }
    return true;
  }

  private grow(second: number): void {
    const larger = new Uint16Array(Math.max(second + 1, this.bins.length * 4));
    larger.set(this.bins);
    this.bins = larger;
  }
}
