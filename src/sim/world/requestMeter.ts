/** Counts requests: all of them, the largest number in a whole second, and the rate of the last whole minute. */
export class RequestMeter {
  total = 0;
  peakPerSecond = 0;
  private second = -1;
  private inSecond = 0;
  private minute = -1;
  private inMinute = 0;
  private lastMinute = 0;

  count(t: number): void {
    this.total += 1;
    const second = Math.floor(t);
    if (second === this.second) {
      this.inSecond += 1;
    } else {
      this.second = second;
      this.inSecond = 1;
      this.turnTo(Math.floor(second / 60));
    }
    this.inMinute += 1;
    if (this.inSecond > this.peakPerSecond) this.peakPerSecond = this.inSecond;
  }

  /** Requests a second over the last whole minute before `t`. */
  rateAt(t: number): number {
    this.turnTo(Math.floor(t / 60));
    return this.lastMinute / 60;
  }

  private turnTo(minute: number): void {
    if (minute === this.minute) return;
    this.lastMinute = minute === this.minute + 1 ? this.inMinute : 0;
    this.minute = minute;
    this.inMinute = 0;
  }
}
