import type { Readable } from 'node:stream';
import { compareDigests, digestsOf, type ExpectedDigests } from './checksums.js';
import { invalid, noSuchObject, required } from './gcsError.js';
import type { JsonObject } from './json.js';
import { checkObjectName } from './names.js';
import {
  NO_SETTINGS,
  type ObjectRecord,
  type ObjectSettings,
  patchedSettings,
  settingsOf,
} from './objectRecord.js';
import { type Preconditions, UNCONDITIONAL } from './preconditions.js';
import type { Store } from './store.js';
import type { Content, Draft } from './vault.js';

/** Names one object, or one generation of it. */
export interface ObjectAsked {
  bucket: string;
  name: string;
  /** null: whichever is live. Only live generations exist. */
  generation: string | null;
  conditions: Preconditions;
}

/** A new object: where it goes, and on what conditions. */
export interface InsertRequest {
  bucket: string;
  name: string;
  settings: ObjectSettings;
  conditions: Preconditions;
  expected: ExpectedDigests;
}

export interface ComposeRequest {
  bucket: string;
  name: string;
  settings: ObjectSettings;
  conditions: Preconditions;
  sources: ObjectSource[];
}

export interface ObjectSource {
  name: string;
  generation: string | null;
  conditions: Preconditions;
}

/** Source: https://docs.cloud.google.com/storage/quotas */
const MOST_COMPOSED = 32;

/** What the JSON API does with objects. Knows nothing of HTTP; refusals are GcsErrors. */
export class Objects {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Throws 404, 412, and 304 where the caller knows it already. */
  get({ bucket, name, ...asked }: ObjectAsked): ObjectRecord {
    return this.#store.existing(bucket, name, asked, 'read');
  }

  /** Null when there is none. Throws 404 for the bucket. */
  find(bucket: string, name: string): ObjectRecord | null {
    return this.#store.find(bucket, name);
  }

  /** Bytes `from` to `to` (excluded). */
  content(record: ObjectRecord, from = 0, to = record.size): Promise<Buffer | Readable> {
    return this.#store.vault.read(record.body, from, to);
  }

  newDraft(): Draft {
    return this.#store.vault.newDraft();
  }

  /** What can be said before the content is there: 400, 404, 403 and 412. */
  checkInsert({ bucket, name, conditions }: Pick<InsertRequest, 'bucket' | 'name' | 'conditions'>): void {
    this.#store.entry(bucket);
    checkObjectName(name);
    this.#store.checkReplace(bucket, name, conditions);
  }

  /** The content becomes the object, or is dropped. Durable when it resolves. */
  async insert(request: InsertRequest, content: Content, session?: string): Promise<ObjectRecord> {
    const record = this.#insert(request, content, session);
    await this.#store.vault.settled();
    return record;
  }

  #insert(request: InsertRequest, content: Content, session: string | undefined): ObjectRecord {
    const { bucket, name, settings } = request;
    try {
      compareDigests(request.expected, content);
      this.checkInsert(request);
      return this.#store.put({ bucket, name, ...settings, ...content, componentCount: null }, session);
    } catch (error) {
      this.#store.discard(content.body);
      throw error;
    }
  }

  /** The same content once more, for a write that happens twice. */
  async copyOf(content: Content): Promise<Content> {
    return { ...content, body: await this.#store.vault.copyOf(content.body) };
  }

  /**
   * A small object at once, whatever is there: outlives this process, not a crash of the machine. Throws what an
   * insert would.
   */
  putNow(
    bucket: string,
    name: string,
    bytes: Buffer,
    settings: Partial<ObjectSettings>,
    conditions: Preconditions = UNCONDITIONAL,
  ): ObjectRecord {
    this.checkInsert({ bucket, name, conditions });
    const content = { body: { bytes }, size: bytes.length, ...digestsOf(bytes) };
    return this.#store.put({ bucket, name, ...NO_SETTINGS, ...settings, ...content, componentCount: null });
  }

  /** The whole content of an object at once; null when there is none. Throws 404 for the bucket. */
  readNow(bucket: string, name: string): Buffer | null {
    const record = this.#store.find(bucket, name);
    return record && this.#store.vault.readNow(record.body);
  }

  /** New custom metadata of an object that is there, under the same terms as `putNow`. */
  patchNow(record: ObjectRecord, metadata: Record<string, string>): void {
    const updatedAt = this.#store.now();
    const { metageneration } = record;
    this.#store.change({
      kind: 'object',
      record: {
        ...record,
        metadata: { ...record.metadata, ...metadata },
        metageneration: metageneration + 1,
        updatedAt,
      },
    });
  }

  /** `replace`: settings that the JSON does not name are cleared. */
  async patch(
    { bucket, name, ...asked }: ObjectAsked,
    json: JsonObject,
    replace: boolean,
  ): Promise<ObjectRecord> {
    const before = this.#store.existing(bucket, name, asked, 'write');
    const settings = patchedSettings(json, replace ? NO_SETTINGS : settingsOf(before));
    const record: ObjectRecord = {
      ...before,
      ...settings,
      metageneration: before.metageneration + 1,
      updatedAt: this.#store.now(),
    };
    this.#store.change({ kind: 'object', record });
    await this.#store.vault.settled();
    return record;
  }

  async remove({ bucket, name, ...asked }: ObjectAsked): Promise<void> {
    const record = this.#store.existing(bucket, name, asked, 'write');
    this.#store.checkMayGo(record, this.#store.entry(bucket).record);
    this.#store.change({ kind: 'objectGone', bucket, name });
    await this.#store.vault.settled();
  }

  async compose(request: ComposeRequest): Promise<ObjectRecord> {
    const { bucket, name, settings, conditions, sources } = request;
    this.checkInsert(request);
    if (sources.length === 0) throw required('Required parameter: sourceObjects');
    if (sources.length > MOST_COMPOSED) {
      throw invalid(
        `The number of source components provided (${sources.length}) exceeds the maximum (${MOST_COMPOSED})`,
      );
    }
    const records = sources.map((source) => this.#store.existing(bucket, source.name, source, 'write'));
    const { body, size, crc32c } = await this.#joined(records);
    try {
      this.#store.checkReplace(bucket, name, conditions);
    } catch (error) {
      this.#store.discard(body);
      throw error;
    }
    const componentCount = records.reduce((sum, record) => sum + (record.componentCount ?? 1), 0);
    const record = this.#store.put({
      bucket,
      name,
      ...settings,
      body,
      size,
      crc32c,
      md5Hash: null,
      componentCount,
    });
    await this.#store.vault.settled();
    return record;
  }

  /** Copies within the emulator. `settings` null: those of the source. */
  async rewrite(
    source: ObjectAsked,
    target: { bucket: string; name: string; settings: ObjectSettings | null; conditions: Preconditions },
  ): Promise<ObjectRecord> {
    const { bucket, name, conditions } = target;
    const { generation } = source;
    const from = this.#store.existing(
      source.bucket,
      source.name,
      { generation, conditions: source.conditions },
      'write',
    );
    this.checkInsert(target);
    const body = await this.#store.vault.copyOf(from.body).catch(() => {
      // Replaced or deleted meanwhile.
      throw noSuchObject(source.bucket, source.name);
    });
    try {
      this.#store.checkReplace(bucket, name, conditions);
    } catch (error) {
      this.#store.discard(body);
      throw error;
    }
    const { size, crc32c, md5Hash, componentCount } = from;
    const settings = target.settings ?? { ...settingsOf(from), temporaryHold: false, eventBasedHold: false };
    const record = this.#store.put({
      bucket,
      name,
      ...settings,
      body,
      size,
      crc32c,
      md5Hash,
      componentCount,
    });
    await this.#store.vault.settled();
    return record;
  }

  async #joined(records: readonly ObjectRecord[]): Promise<Content> {
    const draft = this.newDraft();
    try {
      const parts = await Promise.all(records.map((record) => this.content(record)));
      for (const part of parts) {
        if (Buffer.isBuffer(part)) await draft.write(part);
        else for await (const chunk of part) await draft.write(chunk);
      }
      return await draft.finish();
    } catch (error) {
      await draft.abandon();
      throw error;
    }
  }
}
