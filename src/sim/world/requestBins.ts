/** Seconds in one page of bins; pages are made when somebody counts in them. */
const PAGE = 1 << 16;

/** Requests by whole second, counted in any order. */
export class RequestBins {
  total = 0;
  peakPerSecond = 0;
  private readonly pages: Uint16Array[] = [];

  count(t: number): void {
    const second = Math.floor(t);
    const page = this.pages[Math.floor(second / PAGE)] ?? this.addPage(second);
    const n = (page[second % PAGE] as number) + 1;
    page[second % PAGE] = n;
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
    while (this.pages.length <= Math.floor(second / PAGE)) this.pages.push(new Uint16Array(PAGE));
    return this.pages[Math.floor(second / PAGE)] as Uint16Array;
  }
}
