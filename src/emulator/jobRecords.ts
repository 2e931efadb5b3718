import type { BatchJobRecord } from './batchJobRecord.js';

/** The jobs that Batch shows, and which of them may still change by themselves. */
export class JobRecords {
  readonly #jobs = new Map<string, BatchJobRecord>();
  readonly #open = new Set<BatchJobRecord>();
  /** When the next finished job is old enough to be deleted by Batch itself. Campaign seconds. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  /** None will change by itself any more. */
  get allFinal(): boolean {
    return this.#open.size === 0;
  }

  add(record: BatchJobRecord): void {
    this.#jobs.set(record.name, record);
    this.#open.add(record);
  }

  /** Something is to become of it. */
  reopen(record: BatchJobRecord): void {
    this.#open.add(record);
  }

  has(name: string): boolean {
    return this.#jobs.has(name);
  }

  get(name: string): BatchJobRecord | undefined {
    return this.#jobs.get(name);
  }

  /** In the order in which they were accepted. */
  all(): Iterable<BatchJobRecord> {
    return this.#jobs.values();
  }

  /** The World has come to `now`: jobs that were deleted go once they are final, the others after their time. */
  settle(now: number): void {
    for (const record of this.#open) {
      if (!record.isFinal) continue;
      this.#open.delete(record);
      if (record.deleting) this.#jobs.delete(record.name);
      else this.#nextExpiry = Math.min(this.#nextExpiry, record.expiresAt);
    }
    if (now >= this.#nextExpiry) this.#deleteOld(now);
  }

  /** Batch deletes finished jobs by itself after 60 days. */
  #deleteOld(now: number): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const record of this.#jobs.values()) {
      if (this.#open.has(record)) continue;
      if (now >= record.expiresAt) this.#jobs.delete(record.name);
      else this.#nextExpiry = Math.min(this.#nextExpiry, record.expiresAt);
    }
  }
}
