import { randomBytes } from 'node:crypto';
import { GcsError, invalid } from './gcsError.js';
import type { ObjectRecord } from './objectRecord.js';
import type { InsertRequest, Objects } from './objects.js';
import type { SessionRecord } from './sessionRecord.js';
import type { Store } from './store.js';
import type { Draft } from './vault.js';

/** Chunks but the last are multiples of this. Source: https://cloud.google.com/storage/docs/performing-resumable-uploads */
export const CHUNK_BYTES = 256 * 1024;
/** Source: https://cloud.google.com/storage/docs/resumable-uploads (a session lasts a week). */
const SESSION_MS = 7 * 24 * 3600 * 1000;

/** `Content-Range` of a PUT. null: not said. */
export interface ChunkRange {
  /** null: a question, not data. */
  first: number | null;
  last: number | null;
  total: number | null;
}

/** How far an upload is: all of it, or so many bytes. */
export type Progress = { record: ObjectRecord } | { received: number };

/** An open session with its bytes, while this process lives. */
interface Live {
  draft: Draft;
  /** The PUT that is at work; the next one waits for it. */
  busy: Promise<unknown>;
}

/** Resumable uploads. They outlive their client, and a restart of the emulator. */
export class ResumableUploads {
  readonly #store: Store;
  readonly #objects: Objects;
  readonly #live = new Map<string, Live>();

  constructor(store: Store, objects: Objects) {
    this.#store = store;
    this.#objects = objects;
  }

  /** Returns the upload id. */
  async open(request: InsertRequest, size: number | null): Promise<string> {
    this.#objects.checkInsert(request);
    this.#forgetOld();
    const id = randomBytes(24).toString('base64url');
    const draft = this.#objects.newDraft();
    const { bucket, name, settings, conditions, expected } = request;
    const record: SessionRecord = {
      id,
      bucket,
      name,
      settings,
      conditions,
      expected,
      size,
      openedAt: Date.now(),
      file: draft.file,
      outcome: null,
    };
    this.#live.set(id, { draft, busy: Promise.resolve() });
    this.#store.change({ kind: 'session', record });
    await this.#store.vault.settled();
    return id;
  }

  /** The bucket and name that the session is for. Throws 404 and 499. */
  session(id: string): SessionRecord {
    const session = this.#store.catalogue.sessions.get(id);
    if (!session) throw new GcsError(404, 'notFound', 'Upload session not found.');
    if (session.outcome === 'cancelled') throw cancelled();
    return session;
  }

  /** One PUT: its bytes, or a question. Chunks of one session are taken one after another. */
  async put(id: string, range: ChunkRange, chunks: AsyncIterable<Buffer>): Promise<Progress> {
    const { outcome } = this.session(id);
    if (outcome !== null && outcome !== 'cancelled') {
      await drained(chunks);
      return { record: outcome };
    }
    const live = await this.#liveOf(id);
    const work = live.busy.then(
      () => this.#take(id, live.draft, range, chunks),
      () => this.#take(id, live.draft, range, chunks),
    );
    live.busy = work.catch(() => {});
    return work;
  }

  async cancel(id: string): Promise<void> {
    this.session(id);
    const live = this.#live.get(id);
    this.#live.delete(id);
    this.#store.change({ kind: 'sessionCancelled', id });
    await live?.draft.abandon();
    await this.#store.vault.settled();
  }

  async #take(id: string, draft: Draft, range: ChunkRange, chunks: AsyncIterable<Buffer>): Promise<Progress> {
    const session = this.session(id);
    if (session.outcome !== null && session.outcome !== 'cancelled') return { record: session.outcome };
    const { first, total } = range;
    if (first === null) {
      await drained(chunks);
      return total === draft.length ? this.#finish(session, draft) : { received: draft.length };
    }
    if (first > draft.length) {
      await drained(chunks);
      throw invalid(
        `Invalid request. According to the Content-Range header, the upload offset is ${first} byte(s), ` +
          `which exceeds already uploaded size of ${draft.length} byte(s).`,
      );
    }
    const from = draft.length;
    await this.#receive(draft, first, range, chunks);
    const last = range.last ?? draft.length - 1;
    const isLast = total === null ? range.last === null : last + 1 === total;
    if (isLast) return this.#finish(session, draft, total);
    if ((last + 1 - first) % CHUNK_BYTES !== 0) {
      await draft.cutTo(from);
      throw invalid(
        `Invalid request. The number of bytes uploaded is required to be equal or greater than ${CHUNK_BYTES}, ` +
          `except for the final request (it's recommended to be the exact multiple of ${CHUNK_BYTES}). ` +
          `The received request contained ${last + 1 - first} bytes, which does not meet this requirement.`,
      );
    }
    await draft.rest();
    return { received: draft.length };
  }

  /** What is there already is not written again. What a broken connection leaves stays, in whole units. */
  async #receive(
    draft: Draft,
    first: number,
    { last }: ChunkRange,
    chunks: AsyncIterable<Buffer>,
  ): Promise<void> {
    let at = first;
    try {
      for await (const chunk of chunks) {
        if (last !== null && at + chunk.length > last + 1) throw moreThanSaid(last + 1 - first);
        const known = Math.max(0, draft.length - at);
        if (known < chunk.length) await draft.write(chunk.subarray(known));
        at += chunk.length;
      }
    } catch (error) {
      await draft.cutTo(draft.length - (draft.length % CHUNK_BYTES));
      await draft.rest();
      throw error;
    }
    if (last !== null && at !== last + 1) {
      throw invalid(`Content-Range promises ${last + 1 - first} bytes, the body has ${at - first}.`);
    }
  }

  async #finish(session: SessionRecord, draft: Draft, total: number | null = null): Promise<Progress> {
    const { id, bucket, name, settings, conditions, expected, size } = session;
    const promised = total ?? size;
    if (promised !== null && promised !== draft.length) {
      throw invalid(`The upload was to have ${promised} bytes, and has ${draft.length}.`);
    }
    const content = await draft.finish();
    this.#live.delete(id);
    try {
      const request = { bucket, name, settings, conditions, expected };
      return { record: await this.#objects.insert(request, content, id) };
    } catch (error) {
      // The content is gone, and the session with it.
      this.#store.change({ kind: 'sessionForgotten', id });
      throw error;
    }
  }

  async #liveOf(id: string): Promise<Live> {
    const live = this.#live.get(id);
    if (live) return live;
    const draft = await this.#store.vault.openDraft(this.session(id).file);
    const opened = this.#live.get(id) ?? { draft, busy: Promise.resolve() };
    this.#live.set(id, opened);
    return opened;
  }

  #forgetOld(): void {
    const before = Date.now() - SESSION_MS;
    for (const { id, openedAt } of this.#store.catalogue.sessions.values()) {
      // The oldest come first.
      if (openedAt >= before) return;
      this.#live.delete(id);
      this.#store.change({ kind: 'sessionForgotten', id });
    }
  }
}

/** Source: https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload */
export function cancelled(): GcsError {
  return new GcsError(499, 'clientClosedRequest', 'Client Closed Request');
}

function moreThanSaid(bytes: number): GcsError {
  return invalid(`The body has more than the ${bytes} bytes that Content-Range promises.`);
}

async function drained(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _chunk of chunks) {
    // Read, so that the client gets to see the answer.
  }
}
