/** Seconds in one page of bins; pages are made when somebody counts in them. */
const PAGE_BITS = 16;
const PAGE = 1 << PAGE_BITS;

/** Requests by whole second, counted in any order. */
export class RequestBins {
  total = 0;
  peakPerSecond = 0;
  private readonly pages: Uint16Array[] = [];

  /** `t`: seconds of campaign time, less than 2^31. */
  count(t: number): void {
    const second = t | 0;
    const page = this.pages[second >> PAGE_BITS] ?? this.addPage(second);
    const n = (page[second & (PAGE - 1)] as number) + 1;
    page[second & (PAGE - 1)] = n;
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
    for (const page of this.pages) {
      for (const n of page) {
        if (n + missing > burst) return false;
        missing = n + Math.max(0, missing - rate);
      }
    }
    return true;
  }

  /** Every page up to that of `second`: a scan must not pass over a gap. */
  private addPage(second: number): Uint16Array {
    while (this.pages.length <= second >> PAGE_BITS) this.pages.push(new Uint16Array(PAGE));
    return this.pages[second >> PAGE_BITS] as Uint16Array;
  }
}
