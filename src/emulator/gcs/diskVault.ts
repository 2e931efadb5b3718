import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, unlink } from 'node:fs';
import { type FileHandle, link, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { makeDataFolder } from '../dataFolder.js';
import type { Change } from './change.js';
import { ChangeLog } from './changeLog.js';
import { Checksums, type Digests } from './checksums.js';
import { flushFolder } from './flushFolder.js';
import { FolderLock } from './folderLock.js';
import type { Body } from './objectRecord.js';
import type { Content, Draft, Vault } from './vault.js';

/** Objects up to this size have no file of their own: they stand in the log, with their metadata. */
const LARGEST_INLINE_BYTES = 4096;
/** Bytes that are collected before they are written. */
const WRITE_BYTES = 1 << 20;

/**
 * Keeps the store in a folder: `changes.log`, and under `bodies` one file for the content of each object that is not
 * small. Files have random names; what an object is called stands in the log alone, so that no name leads anywhere.
 * A body is written and flushed before the line that refers to it: an object is there with all its bytes, or not.
 */
export class DiskVault implements Vault {
  readonly #bodies: string;
  readonly #log: ChangeLog;
  readonly #lock: FolderLock;

  /** Throws an InputError when another process uses the folder, or when it holds something else. */
  constructor(folder: string) {
    this.#bodies = join(folder, 'bodies');
    makeDataFolder(this.#bodies);
    this.#lock = new FolderLock(folder);
    try {
      this.#log = new ChangeLog(join(folder, 'changes.log'));
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  earlier(): Iterable<Change> {
    return this.#log.read();
  }

  begin(state: Iterable<Change>, used: ReadonlySet<string>): void {
    this.#log.shorten(state);
    for (const file of readdirSync(this.#bodies)) {
      if (!used.has(file)) rmSync(join(this.#bodies, file), { force: true });
    }
  }

  record(change: Change): void {
    this.#log.append(change);
  }

  settled(): Promise<void> {
    return this.#log.settled();
  }

  newDraft(): Draft {
    return new DiskDraft(this.#bodies, randomBytes(16).toString('hex'), { length: 0, exists: false });
  }

  async openDraft(file: string): Promise<Draft> {
    const size = await stat(join(this.#bodies, file)).then(
      (found) => found.size,
      () => null,
    );
    return new DiskDraft(this.#bodies, file, { length: size ?? 0, exists: size !== null });
  }

  async read(body: Body, from: number, to: number): Promise<Buffer | Readable> {
    if ('bytes' in body) return body.bytes.subarray(from, to);
    if (from >= to) return Buffer.alloc(0);
    const handle = await open(join(this.#bodies, body.file), 'r');
    return handle.createReadStream({ start: from, end: to - 1 });
  }

  readNow(body: Body): Buffer {
    return 'bytes' in body ? body.bytes : readFileSync(join(this.#bodies, body.file));
  }

  async copyOf(body: Body): Promise<Body> {
    if ('bytes' in body) return body;
    const file = randomBytes(16).toString('hex');
    await link(join(this.#bodies, body.file), join(this.#bodies, file));
    await flushFolder(this.#bodies);
    return { file };
  }

  discard(body: Body): void {
    // What cannot be removed now is at the next start.
    if ('file' in body) unlink(join(this.#bodies, body.file), () => {});
  }

  close(): void {
    this.#log.close();
    this.#lock.release();
  }
}

class DiskDraft implements Draft {
  readonly file: string;
  length: number;
  readonly #folder: string;
  #exists: boolean;
  /** Whether the file's name is durable. */
  #named = true;
  #handle: FileHandle | null = null;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** null: some bytes have not gone through it. */
  #checksums: Checksums | null;

  constructor(folder: string, file: string, { length, exists }: { length: number; exists: boolean }) {
    this.#folder = folder;
    this.file = file;
    this.length = length;
    this.#exists = exists;
    this.#checksums = length === 0 ? new Checksums() : null;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#checksums?.update(bytes);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.length += bytes.length;
    if (this.#pendingBytes >= WRITE_BYTES) await this.#flush();
  }

  async cutTo(length: number): Promise<void> {
    if (length === this.length) return;
    const handle = await this.#flush();
    await handle.truncate(length);
    this.length = length;
    this.#checksums = length === 0 ? new Checksums() : null;
  }

  async rest(): Promise<void> {
    const handle = await this.#flush();
    await handle.datasync();
    if (!this.#named) await flushFolder(this.#folder);
    this.#named = true;
    await handle.close();
    this.#handle = null;
  }

  async finish(): Promise<Content> {
    if (!this.#exists && this.length <= LARGEST_INLINE_BYTES) {
      return { body: { bytes: Buffer.concat(this.#pending) }, size: this.length, ...this.#digests() };
    }
    await this.rest();
    const digests = this.#checksums ? this.#digests() : await this.#readAgain();
    return { body: { file: this.file }, size: this.length, ...digests };
  }

  async abandon(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
    if (this.#exists) unlink(join(this.#folder, this.file), () => {});
  }

  async #flush(): Promise<FileHandle> {
    if (!this.#handle) {
      this.#handle = await open(join(this.#folder, this.file), this.#exists ? 'r+' : 'wx+', 0o600);
      this.#named = this.#exists;
      this.#exists = true;
    }
    const chunks = this.#pending;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (bytes > 0) await writeAll(this.#handle, chunks, this.length - bytes);
    return this.#handle;
  }

  #digests(): Digests {
    return (this.#checksums ?? new Checksums()).digests();
  }

  async #readAgain(): Promise<Digests> {
    const checksums = new Checksums();
    const handle = await open(join(this.#folder, this.file), 'r');
    for await (const chunk of handle.createReadStream({ highWaterMark: WRITE_BYTES }))
      checksums.update(chunk);
    return checksums.digests();
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Buffer[], at: number): Promise<void> {
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
