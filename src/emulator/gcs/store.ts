import type { BucketRecord } from './bucketRecord.js';
import { type BucketEntry, Catalogue } from './catalogue.js';
import type { Change } from './change.js';
import { GcsError, noSuchBucket, noSuchObject } from './gcsError.js';
import { isoTime } from './json.js';
import type { Body, ObjectRecord } from './objectRecord.js';
import { retainedUntil } from './objectResource.js';
import { checkPreconditions, type Preconditions } from './preconditions.js';
import type { Vault } from './vault.js';

/** The state of Cloud Storage and its vault, kept in step: what all operations are made of. */
export class Store {
  readonly catalogue = new Catalogue();
  readonly vault: Vault;
  readonly #now: () => number;

  /** Takes up what an earlier process left. `now`: milliseconds since the Unix epoch, in campaign time. */
  constructor(vault: Vault, now: () => number) {
    this.vault = vault;
    this.#now = now;
    for (const change of vault.earlier()) this.catalogue.apply(change);
    vault.begin(this.catalogue.asChanges(), this.catalogue.usedFiles());
  }

  now(): number {
    return this.#now();
  }

  /** Takes effect, durable once the vault has settled. */
  change(change: Change): void {
    this.vault.record(change);
    for (const body of this.catalogue.apply(change)) this.vault.discard(body);
  }

  /** Throws 404. */
  entry(bucket: string): BucketEntry {
    const entry = this.catalogue.buckets.get(bucket);
    if (!entry) throw noSuchBucket();
    return entry;
  }

  find(bucket: string, name: string): ObjectRecord | null {
    return this.entry(bucket).objects.get(name) ?? null;
  }

  /** Throws 404, also when it is not of this generation, and 304 or 412 when a condition does not hold. */
  existing(
    bucket: string,
    name: string,
    asked: { generation: string | null; conditions: Preconditions },
    access: 'read' | 'write',
  ): ObjectRecord {
    const record = this.find(bucket, name);
    if (!record || (asked.generation !== null && asked.generation !== String(record.generation))) {
      throw noSuchObject(bucket, name);
    }
    checkPreconditions(asked.conditions, record, access);
    return record;
  }

  /** Throws 412 when a condition does not hold, 403 when what is there must stay. */
  checkReplace(bucket: string, name: string, conditions: Preconditions): void {
    const { record, objects } = this.entry(bucket);
    const found = objects.get(name) ?? null;
    checkPreconditions(conditions, found, 'write');
    if (found) this.checkMayGo(found, record);
  }

  /** Throws 403 while a hold or the bucket's retention policy protects the object. */
  checkMayGo(record: ObjectRecord, bucket: BucketRecord): void {
    const object = `Object '${record.bucket}/${record.name}'`;
    const hold = record.temporaryHold ? 'Temporary' : record.eventBasedHold ? 'Event-Based' : null;
    if (hold !== null) {
      throw new GcsError(
        403,
        'objectUnderActiveHold',
        `${object} is under active ${hold} hold and cannot be deleted, overwritten or archived until hold is removed.`,
      );
    }
    const until = retainedUntil(record, bucket.retention);
    if (until !== null && this.#now() < until) {
      throw new GcsError(
        403,
        'retentionPolicyNotMet',
        `${object} is subject to bucket's retention policy and cannot be deleted, overwritten or archived until ${isoTime(until)}`,
      );
    }
  }

  /** Puts a new generation of an object in the place of whatever is there. */
  put(
    object: Omit<ObjectRecord, 'generation' | 'metageneration' | 'createdAt' | 'updatedAt'>,
    session?: string,
  ): ObjectRecord {
    const now = this.#now();
    // Like Google's, generations are microseconds; they rise over deletes, and over restarts.
    const generation = Math.max(this.catalogue.lastGeneration + 1, Math.floor(now * 1000));
    const record: ObjectRecord = {
      ...object,
      eventBasedHold: object.eventBasedHold || this.entry(object.bucket).record.defaultEventBasedHold,
      generation,
      metageneration: 1,
      createdAt: now,
      updatedAt: now,
    };
    this.change({ kind: 'object', record, ...(session === undefined ? {} : { session }) });
    return record;
  }

  discard(body: Body): void {
    this.vault.discard(body);
  }
}
