import { COST_PARTS, type CostPart } from '../../plan/forecast.js';

/** What the campaign has used so far. Seconds and USD are added once per life, at its end. */
export class Tally {
  attempts = 0;
  preemptions = 0;
  checkpointsWritten = 0;
  checkpointsSkipped = 0;
  imagePulls = 0;
  billedSeconds = 0;
  lostSeconds = 0;
  usd: Record<CostPart, number> = Object.fromEntries(COST_PARTS.map((part) => [part, 0])) as Record<
    CostPart,
    number
  >;
  /** Reference events: run starts + life ends + write requests + finished uploads. */
  events = 0;
  writesBilled = 0;
  readsBilled = 0;
  /** Whole bytes of checkpoints that were overwritten, and of transfers between regions. */
  overwrittenBytes = 0;
  crossRegionBytes = 0;
  /** Bytes stored, and the sum of bytes x the time of their arrival: together the byte-seconds up to any moment. */
  storedBytes = 0;
  storedBytesTime = 0;

  store(bytes: number, t: number): void {
    this.storedBytes += bytes;
    this.storedBytesTime += bytes * t;
  }

  byteSecondsAt(t: number): number {
    return this.storedBytes * t - this.storedBytesTime;
  }
}
