import { LIMITS } from '../plan/limits.js';
import { StatusError } from './statusError.js';

const MINUTE = 60;

/** Batch's API rate limits: requests by region and minute of campaign time. */
export class RateLimit {
  readonly #minutes = new Map<string, { minute: number; read: number; mutation: number }>();

  /** Counts one request at `now` (campaign seconds); throws RESOURCE_EXHAUSTED when the minute is used up. */
  count(region: string, kind: 'read' | 'mutation', now: number): void {
    const minute = Math.floor(now / MINUTE);
    let used = this.#minutes.get(region);
    if (used?.minute !== minute) {
      used = { minute, read: 0, mutation: 0 };
      this.#minutes.set(region, used);
    }
    const limit = kind === 'read' ? LIMITS.readRequestsPerMinute : LIMITS.mutationRequestsPerMinute;
    if (used[kind] >= limit.value) {
      throw new StatusError(
        'RESOURCE_EXHAUSTED',
        `Quota exceeded: ${limit.value} ${kind} ${limit.unit} (${region})`,
      );
    }
    used[kind] += 1;
  }
}
