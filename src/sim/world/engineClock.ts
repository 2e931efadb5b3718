/**
 * The engine's own checkpoints: after every `interval` seconds of computing it writes a local checkpoint, which
 * stops it for `pause` seconds. Closed forms, so that no event is spent on them. With interval 0 the engine
 * writes only when the watchdog asks, and the caller keeps the account.
 */
export class EngineClock {
  readonly interval: number;
  readonly pause: number;

  constructor(interval: number, pause: number) {
    this.interval = interval;
    this.pause = pause;
  }

  /** Wall seconds to compute `work` seconds; nothing is written at the very end. */
  wallFor(work: number): number {
    if (this.interval === 0 || this.pause === 0) return work;
    return work + this.pause * Math.max(0, Math.ceil(work / this.interval) - 1);
  }

  /** Work done after `wall` seconds. */
  workAt(wall: number): number {
    if (this.interval === 0 || this.pause === 0) return wall;
    const cycle = this.interval + this.pause;
    const cycles = Math.floor(wall / cycle);
    return cycles * this.interval + Math.min(wall - cycles * cycle, this.interval);
  }

  /** Local checkpoints that are complete after `wall` seconds; the k-th holds k x interval of work. */
  writtenAt(wall: number): number {
    return Math.floor(wall / (this.interval + this.pause) + 1e-9);
  }

  /** Wall seconds at which local checkpoint number `k` (1, 2, ...) is complete. */
  wallOfCheckpoint(k: number): number {
    return k * (this.interval + this.pause);
  }
}
