import type { CheckpointPlan } from '../../plan/plan.js';
import type { Scenario } from '../../scenario/scenario.js';

/**
 * The limit of one object's name: after a write of it was taken, any other one within 1/rate seconds is refused (a
 * 429), however idle the bucket is. Refused writes do not prolong the wait. Cloud Storage takes one write a second of
 * one name: docs.cloud.google.com/storage/quotas ("Maximum rate of writes to the same object name").
 */
export class ObjectRateLimit {
  private readonly gapSeconds: number;
  /** When each name was last written, oldest first; names that may be written again are forgotten. */
  private readonly lastWrite = new Map<number | string, number>();

  /** `writesPerSecond` of one name; null: unlimited. */
  constructor(writesPerSecond: number | null) {
    this.gapSeconds = writesPerSecond === null ? 0 : 1 / writesPerSecond;
  }

  /** One write of `object` at `at` (seconds, never falling); false is a 429. */
  admits(object: number | string, at: number): boolean {
    if (this.gapSeconds === 0) return true;
    this.forget(at);
    if (this.lastWrite.has(object)) return false;
    this.lastWrite.set(object, at);
    return true;
  }

  private forget(at: number): void {
    for (const [object, written] of this.lastWrite) {
      if (at - written < this.gapSeconds) return;
      this.lastWrite.delete(object);
    }
  }
}

/** Whether tasks write their checkpoint's object again sooner than a bucket takes one name; else nothing has to count. */
export function rewritesFast(
  { policy, intervalSeconds }: CheckpointPlan,
  { objectWritesPerSecond }: Scenario['bucket'],
): boolean {
  const hasInterval = policy === 'periodic' || policy === 'aligned';
  return hasInterval && objectWritesPerSecond !== null && intervalSeconds < 1 / objectWritesPerSecond;
}
