import { randomBytes } from 'node:crypto';
import type { Change } from './change.js';
import { digestsOf } from './checksums.js';
import { GcsError } from './gcsError.js';
import type { Body } from './objectRecord.js';
import type { Content, Draft, Vault } from './vault.js';

const DEFAULT_LARGEST_BYTES = 2 ** 31;

/** Keeps everything in memory: nothing waits for a disk, and nothing is left behind. */
export class MemoryVault implements Vault {
  readonly #largestBytes: number;
  #bytes = 0;

  constructor(largestBytes = DEFAULT_LARGEST_BYTES) {
    this.#largestBytes = largestBytes;
  }

  earlier(): Iterable<Change> {
    return [];
  }

  begin(): void {}

  record(): void {}

  async settled(): Promise<void> {}

  newDraft(): Draft {
    return new MemoryDraft((bytes) => this.#reserve(bytes));
  }

  async openDraft(file: string): Promise<Draft> {
    throw new Error(`there is no earlier process that could have left a draft ${file}`);
  }

  async read(body: Body, from: number, to: number): Promise<Buffer> {
    return bytesOf(body).subarray(from, to);
  }

  readNow(body: Body): Buffer {
    return bytesOf(body);
  }

  async copyOf(body: Body): Promise<Body> {
    const bytes = bytesOf(body);
    this.#reserve(bytes.length);
    return { bytes: bytes.subarray() };
  }

  discard(body: Body): void {
    if ('bytes' in body) this.#bytes -= body.bytes.length;
  }

  close(): void {}

  #reserve(bytes: number): void {
    if (this.#bytes + bytes > this.#largestBytes) {
      throw new GcsError(
        413,
        'uploadTooLarge',
        `The emulator keeps objects in memory, ${this.#largestBytes} bytes at most; give it a folder.`,
      );
    }
    this.#bytes += bytes;
  }
}

function bytesOf(body: Body): Buffer {
  if ('bytes' in body) return body.bytes;
  throw new Error(`the body ${body.file} is not in memory`);
}

class MemoryDraft implements Draft {
  readonly file = randomBytes(16).toString('hex');
  length = 0;
  readonly #reserve: (bytes: number) => void;
  #chunks: Buffer[] = [];

  constructor(reserve: (bytes: number) => void) {
    this.#reserve = reserve;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#reserve(bytes.length);
    this.#chunks.push(bytes);
    this.length += bytes.length;
  }

  async cutTo(length: number): Promise<void> {
    this.#reserve(length - this.length);
    this.#chunks = [Buffer.concat(this.#chunks).subarray(0, length)];
    this.length = length;
  }

  async rest(): Promise<void> {}

  async finish(): Promise<Content> {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return { body: { bytes }, size: bytes.length, ...digestsOf(bytes) };
  }

  async abandon(): Promise<void> {
    this.#reserve(-this.length);
    this.#chunks = [];
    this.length = 0;
  }
}
