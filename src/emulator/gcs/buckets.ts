import { type BucketRecord, newBucket, patchedBucket } from './bucketRecord.js';
import type { BucketEntry } from './catalogue.js';
import { conflict } from './gcsError.js';
import type { JsonObject } from './json.js';
import { checkBucketName, compareNames } from './names.js';
import { checkPreconditions, type Preconditions } from './preconditions.js';
import type { Store } from './store.js';

/** What the JSON API does with buckets. Knows nothing of HTTP; refusals are GcsErrors. */
export class Buckets {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Throws 404. */
  entry(name: string): BucketEntry {
    return this.#store.entry(name);
  }

  get(name: string, conditions: Preconditions): BucketRecord {
    const { record } = this.#store.entry(name);
    checkConditions(record, conditions, 'read');
    return record;
  }

  /** All of them, by name. */
  list(): BucketRecord[] {
    const records = [...this.#store.catalogue.buckets.values()].map(({ record }) => record);
    return records.sort((a, b) => compareNames(a.name, b.name));
  }

  async insert(name: string, json: JsonObject): Promise<BucketRecord> {
    checkBucketName(name);
    if (this.#store.catalogue.buckets.has(name)) {
      throw conflict('Your previous request to create the named bucket succeeded and you already own it.');
    }
    const record = newBucket(name, json, this.#store.now());
    this.#store.change({ kind: 'bucket', record });
    await this.#store.vault.settled();
    return record;
  }

  async patch(name: string, json: JsonObject, conditions: Preconditions): Promise<BucketRecord> {
    const { record: before } = this.#store.entry(name);
    checkConditions(before, conditions, 'write');
    const record = patchedBucket(before, json, this.#store.now());
    this.#store.change({ kind: 'bucket', record });
    await this.#store.vault.settled();
    return record;
  }

  async remove(name: string, conditions: Preconditions): Promise<void> {
    const { record, objects } = this.#store.entry(name);
    checkConditions(record, conditions, 'write');
    if (objects.size > 0) throw conflict('The bucket you tried to delete is not empty.');
    this.#store.change({ kind: 'bucketGone', name });
    await this.#store.vault.settled();
  }
}

/** A bucket has no generation. */
function checkConditions(record: BucketRecord, conditions: Preconditions, access: 'read' | 'write'): void {
  const { metageneration } = record;
  const { ifMetagenerationMatch, ifMetagenerationNotMatch } = conditions;
  checkPreconditions(
    { ifGenerationMatch: null, ifGenerationNotMatch: null, ifMetagenerationMatch, ifMetagenerationNotMatch },
    { generation: 1, metageneration },
    access,
  );
}
