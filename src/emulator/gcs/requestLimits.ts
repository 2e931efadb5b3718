import type { Scenario } from '../../scenario/scenario.js';
import { Bucket } from '../../sim/world/bucket.js';
import { ObjectRateLimit } from '../../sim/world/objectRateLimit.js';
import { tooMany } from './gcsError.js';

const SEE = 'Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429.';

/** One write request as a bucket's limit saw it. */
export interface WriteArrival {
  bucket: string;
  /** Campaign seconds. */
  at: number;
  admitted: boolean;
}

/**
 * How many requests a bucket and an object name take: the simulator's own limits, with the scenario's parameters, in
 * the emulator's campaign time.
 */
export class RequestLimits {
  readonly #settings: Scenario['bucket'];
  readonly #now: () => number | null;
  readonly #onWrite: (arrival: WriteArrival) => void;
  readonly #buckets = new Map<string, Bucket>();
  readonly #objects: ObjectRateLimit;

  /**
   * `now`: campaign seconds, never falling; null: time has not begun, and nothing is refused, because capacity that
   * never comes back could not be waited for. `onWrite` hears of every write request, in order.
   */
  constructor(
    settings: Scenario['bucket'],
    now: () => number | null,
    onWrite: (arrival: WriteArrival) => void = () => {},
  ) {
    this.#settings = settings;
    this.#objects = new ObjectRateLimit(settings.objectWritesPerSecond);
    this.#now = now;
    this.#onWrite = onWrite;
  }

  /** Counts one request; throws 429. */
  admit(bucket: string, access: 'read' | 'write'): void {
    const at = this.#now();
    if (at === null) return;
    const limit = this.#of(bucket);
    const admitted = access === 'write' ? limit.write(at) : limit.read(at);
    if (access === 'write') this.#onWrite({ bucket, at, admitted });
    if (!admitted)
      throw tooMany(`The bucket ${bucket} exceeded the rate limit for ${access} requests. ${SEE}`);
  }

  /** Counts one change of an object; throws 429. */
  admitChange(bucket: string, name: string): void {
    const at = this.#now();
    if (at === null || this.#objects.admits(`${bucket}/${name}`, at)) return;
    throw tooMany(
      `The object ${bucket}/${name} exceeded the rate limit for object mutation operations ` +
        `(create, update, and delete). ${SEE}`,
    );
  }

  #of(name: string): Bucket {
    let bucket = this.#buckets.get(name);
    if (!bucket) {
      bucket = new Bucket(this.#settings, false);
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }
}
