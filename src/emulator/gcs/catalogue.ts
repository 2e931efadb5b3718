import type { BucketRecord } from './bucketRecord.js';
import type { Change } from './change.js';
import type { Body, ObjectRecord } from './objectRecord.js';
import type { SessionRecord } from './sessionRecord.js';
import { SortedNames } from './sortedNames.js';

export interface BucketEntry {
  record: BucketRecord;
  readonly objects: Map<string, ObjectRecord>;
  readonly names: SortedNames;
}

/** So many finished uploads are remembered, for clients that have missed the answer. */
const REMEMBERED_SESSIONS = 10_000;

/** The state of the store: what all changes so far come to. */
export class Catalogue {
  readonly buckets = new Map<string, BucketEntry>();
  readonly sessions = new Map<string, SessionRecord>();
  lastGeneration = 0;
  readonly #finished: string[] = [];

  /** Returns the bodies that nothing refers to any more. */
  apply(change: Change): Body[] {
    switch (change.kind) {
      case 'bucket':
        this.#setBucket(change.record);
        return [];
      case 'bucketGone':
        this.buckets.delete(change.name);
        return [];
      case 'object':
        return this.#setObject(change.record, change.session);
      case 'objectGone':
        return this.#removeObject(change.bucket, change.name);
      case 'session':
        this.sessions.set(change.record.id, change.record);
        return [];
      case 'sessionCancelled':
        return this.#cancel(change.id);
      case 'sessionForgotten':
        return this.#forget(change.id);
      case 'generation':
        this.lastGeneration = Math.max(this.lastGeneration, change.last);
        return [];
    }
  }

  /** The shortest way to this state. */
  *asChanges(): Generator<Change> {
    yield { kind: 'generation', last: this.lastGeneration };
    for (const { record } of this.buckets.values()) yield { kind: 'bucket', record };
    for (const record of this.sessions.values()) yield { kind: 'session', record };
    for (const { objects } of this.buckets.values()) {
      for (const record of objects.values()) yield { kind: 'object', record };
    }
  }

  /** Names of the files that hold something: bodies of objects, and what open uploads have received. */
  usedFiles(): Set<string> {
    const used = new Set<string>();
    for (const { objects } of this.buckets.values()) {
      for (const { body } of objects.values()) if ('file' in body) used.add(body.file);
    }
    for (const { outcome, file } of this.sessions.values()) if (outcome === null) used.add(file);
    return used;
  }

  #setBucket(record: BucketRecord): void {
    const entry = this.buckets.get(record.name);
    if (entry) entry.record = record;
    else this.buckets.set(record.name, { record, objects: new Map(), names: new SortedNames() });
  }

  #setObject(record: ObjectRecord, session: string | undefined): Body[] {
    this.lastGeneration = Math.max(this.lastGeneration, record.generation);
    const entry = this.buckets.get(record.bucket);
    const before = entry?.objects.get(record.name);
    entry?.objects.set(record.name, record);
    entry?.names.add(record.name);
    if (session !== undefined) this.#finish(session, record);
    return before && !sameBody(before.body, record.body) ? [before.body] : [];
  }

  #removeObject(bucket: string, name: string): Body[] {
    const entry = this.buckets.get(bucket);
    const before = entry?.objects.get(name);
    entry?.objects.delete(name);
    entry?.names.delete(name);
    return before ? [before.body] : [];
  }

  #cancel(id: string): Body[] {
    const session = this.sessions.get(id);
    if (!session || session.outcome !== null) return [];
    this.#finish(id, 'cancelled');
    return [{ file: session.file }];
  }

  #forget(id: string): Body[] {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    return session && session.outcome === null ? [{ file: session.file }] : [];
  }

  #finish(id: string, outcome: SessionRecord['outcome']): void {
    const session = this.sessions.get(id);
    if (!session) return;
    this.sessions.set(id, { ...session, outcome });
    this.#finished.push(id);
    if (this.#finished.length > REMEMBERED_SESSIONS) this.sessions.delete(this.#finished.shift() ?? '');
  }
}

function sameBody(a: Body, b: Body): boolean {
  if ('file' in a) return 'file' in b && a.file === b.file;
  return 'bytes' in b && a.bytes === b.bytes;
}
