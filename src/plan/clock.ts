/**
 * Campaign time. In `exec` it is the wall clock, in rehearsal the emulator's scaled clock, in `simulate` the
 * World's own time: whoever waits, waits on this.
 */
export interface Clock {
  /** Seconds since the Unix epoch, in campaign time. */
  now(): Promise<number>;
  /** Waits at least this many campaign seconds, and at least 20 ms of wall time. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>;
}
