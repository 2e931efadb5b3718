import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { PortError } from '../../src/exec/port.js';
import type {
  BucketInfo,
  ListPage,
  ListRequest,
  ObjectPlace,
  Precondition,
  StoragePort,
  StoredObject,
  WriteRequest,
} from '../../src/exec/storagePort.js';

interface Held {
  stored: StoredObject;
  content: Uint8Array;
}

/** Cloud Storage in memory: generations, preconditions, pages, strongly consistent. Buckets exist when named. */
export class MemoryStorage implements StoragePort {
  readonly calls: string[] = [];
  /** Asked before every call; an error that it returns is thrown instead. */
  fault: (call: string) => Error | null = () => null;
  /** Asked after a call has taken effect: the answer is lost. */
  answerLost: (call: string) => Error | null = () => null;
  pageSize = 100;
  readonly #objects = new Map<string, Held>();
  readonly #now: () => number;
  #generation = 1_000_000;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  async stat(object: ObjectPlace): Promise<StoredObject | null> {
    return this.#call(`stat ${place(object)}`, () => this.#objects.get(place(object))?.stored ?? null);
  }

  async read(
    object: ObjectPlace,
    options: { start?: number; end?: number; generation?: string } = {},
  ): Promise<Uint8Array> {
    return this.#call(`read ${place(object)}`, () => {
      const held = this.#objects.get(place(object));
      const { start = 0, end, generation } = options;
      if (held === undefined || (generation !== undefined && generation !== held.stored.generation)) {
        throw new PortError('NOT_FOUND', `no object ${place(object)}`);
      }
      return held.content.slice(start, end === undefined ? undefined : end + 1);
    });
  }

  async write(request: WriteRequest): Promise<StoredObject> {
    const content =
      'bytes' in request.source ? request.source.bytes.slice() : await readFile(request.source.file);
    return this.#call(`write ${place(request)}`, () => {
      this.#check(request, request);
      return this.#put(request, content, request.metadata ?? {});
    });
  }

  async copy({ from, to, ...condition }: Parameters<StoragePort['copy']>[0]): Promise<StoredObject> {
    return this.#call(`copy ${place(from)} ${place(to)}`, () => {
      const held = this.#objects.get(place(from));
      if (held === undefined) throw new PortError('NOT_FOUND', `no object ${place(from)}`);
      this.#check(to, condition);
      return this.#put(to, held.content, held.stored.metadata);
    });
  }

  async list({ bucket, prefix = '', pageToken }: ListRequest): Promise<ListPage> {
    return this.#call(`list ${bucket}/${prefix}`, () => {
      const names = [...this.#objects.keys()]
        .filter((name) => name.startsWith(`${bucket}/${prefix}`) && name > (pageToken ?? ''))
        .sort();
      const page = names.slice(0, this.pageSize);
      return {
        objects: page.map((name) => this.#objects.get(name)?.stored).filter((one) => one !== undefined),
        next: names.length > page.length ? (page.at(-1) ?? null) : null,
      };
    });
  }

  async remove(object: ObjectPlace & Precondition): Promise<boolean> {
    return this.#call(`remove ${place(object)}`, () => {
      if (!this.#objects.has(place(object))) return false;
      this.#check(object, object);
      return this.#objects.delete(place(object));
    });
  }

  async bucketInfo(bucket: string): Promise<BucketInfo> {
    return this.#call(`bucket ${bucket}`, () => ({
      name: bucket,
      location: 'US-CENTRAL1',
      locationType: 'region',
      storageClass: 'STANDARD',
      softDeleteSeconds: 0,
      retentionSeconds: 0,
      defaultHold: false,
      versioning: false,
      autoclass: false,
      kmsKey: null,
      lifecycle: [],
      requesterPays: false,
      uniformAccess: true,
      hierarchicalNamespace: false,
    }));
  }

  async testPermissions(_bucket: string, permissions: readonly string[]): Promise<string[]> {
    return this.#call('permissions', () => [...permissions]);
  }

  /** Names of all objects, `bucket/name`, in order. */
  names(): string[] {
    return [...this.#objects.keys()].sort();
  }

  text(object: ObjectPlace): string | null {
    const held = this.#objects.get(place(object));
    return held === undefined ? null : Buffer.from(held.content).toString('utf8');
  }

  /** Put there by somebody else, without a call being counted. */
  plant(object: ObjectPlace, text: string): StoredObject {
    return this.#put(object, Buffer.from(text), {});
  }

  count(verb: string): number {
    return this.calls.filter((call) => call.startsWith(`${verb} `)).length;
  }

  async #call<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    const error = this.fault(call);
    if (error) throw error;
    const answer = work();
    const lost = this.answerLost(call);
    if (lost) throw lost;
    return answer;
  }

  #check(object: ObjectPlace, { ifGenerationMatch }: Precondition): void {
    const found = this.#objects.get(place(object))?.stored.generation ?? '0';
    if (found !== ifGenerationMatch) {
      throw new PortError('PRECONDITION', `${place(object)}: generation ${found}, not ${ifGenerationMatch}`);
    }
  }

  #put(object: ObjectPlace, content: Uint8Array, metadata: Record<string, string>): StoredObject {
    this.#generation += 1;
    const stored: StoredObject = {
      bucket: object.bucket,
      name: object.name,
      bytes: content.length,
      generation: String(this.#generation),
      metageneration: '1',
      md5: createHash('md5').update(content).digest('base64'),
      crc32c: String(crc32(content)),
      updated: this.#now(),
      metadata: { ...metadata },
    };
    this.#objects.set(place(object), { stored, content });
    return stored;
  }
}

function place({ bucket, name }: ObjectPlace): string {
  return `${bucket}/${name}`;
}
