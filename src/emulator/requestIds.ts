import { LIMITS } from '../plan/limits.js';
import type { ProtoObject } from '../plan/protoConvert.js';
import { type Place, placeName } from './names.js';
import { badRequest } from './statusError.js';

/** What a request id has been used for. */
export type Answered = { jobName: string } & (
  | { verb: 'create'; answer: ProtoObject }
  | { verb: 'cancel' | 'delete'; operation: string }
);

/**
 * The request ids of the last 60 minutes of campaign time: a request that is repeated with its id is answered as it
 * was the first time and has no second effect. After that the id is forgotten, and the repeat is a new request.
 */
export class RequestIds {
  /** In the order of their times. */
  readonly #answered = new Map<string, Answered & { at: number }>();

  /** What the same request was answered before; null for a new one. `jobName` null: any job. */
  earlier(
    place: Place,
    requestId: string,
    verb: Answered['verb'],
    jobName: string | null,
    now: number,
  ): Answered | null {
    this.#forget(now);
    const answered = requestId === '' ? undefined : this.#answered.get(keyOf(place, requestId));
    if (!answered) return null;
    if (answered.verb === verb && (jobName === null || answered.jobName === jobName)) return answered;
    const description = `was used before, to ${answered.verb} ${answered.jobName}`;
    throw badRequest([{ field: 'requestId', description }]);
  }

  remember(place: Place, requestId: string, answered: Answered, now: number): void {
    if (requestId !== '') this.#answered.set(keyOf(place, requestId), { ...answered, at: now });
  }

  #forget(now: number): void {
    for (const [key, { at }] of this.#answered) {
      if (now < at + LIMITS.requestIdRememberedSeconds.value) return;
      this.#answered.delete(key);
    }
  }
}

function keyOf(place: Place, requestId: string): string {
  return `${placeName(place)} ${requestId.toLowerCase()}`;
}
