import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { inputError } from '../../scenario/errors.js';
import { type Change, decodeChange, encodeChange } from './change.js';
import { flushFolderNow } from './flushFolder.js';
import { GcsError } from './gcsError.js';

const HEADER = JSON.stringify({ kind: 'fepcast-objects', version: 1 });
const READ_BYTES = 1 << 20;
const SCRATCH_BYTES = 1 << 16;
/** Of one UTF-16 unit in UTF-8. */
const LONGEST_CHARACTER_BYTES = 3;
/** A log is written anew at the start when it has so many lines more than its state needs. */
const TOLERATED_LINES = 10_000;

/**
 * The record of all changes: one line of JSON for each, appended. A line that is there counts, a torn last one does
 * not, so that a change happens wholly or not at all whenever the process is killed.
 */
export class ChangeLog {
  readonly #path: string;
  #descriptor: number;
  /** Bytes of whole lines. */
  #length = 0;
  /** Of these, bytes that a crash of the machine cannot take. */
  #durable = 0;
  #lines = 0;
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  #syncing: Promise<void> | null = null;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, 'a+', 0o600);
  }

  /** The changes in the file; what a crash has torn is cut off. Throws an InputError for a file that is no such log. */
  *read(): Generator<Change> {
    for (const line of this.#wholeLines()) {
      this.#lines += 1;
      if (this.#lines === 1) {
        if (line !== HEADER) throw this.#unreadable(line, HEADER);
        continue;
      }
      const change = decodeChange(line);
      if (change === null) throw this.#unreadable(line, 'one change of the store, as JSON');
      yield change;
    }
    ftruncateSync(this.#descriptor, this.#length);
    this.#durable = this.#length;
    if (this.#lines === 0) {
      this.#append(HEADER);
      fsyncSync(this.#descriptor);
      flushFolderNow(dirname(this.#path));
    }
  }

  /** Writes the log anew as `state` when most of it is history. */
  shorten(state: Iterable<Change>): void {
    const lines = [HEADER, ...[...state].map(encodeChange)];
    if (this.#lines - lines.length < Math.max(TOLERATED_LINES, lines.length)) return;
    const temporary = `${this.#path}.tmp`;
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, 'a+', 0o600);
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#length = 0;
    this.#lines = 0;
    for (const line of lines) this.#append(line);
    fsyncSync(descriptor);
    renameSync(temporary, this.#path);
    flushFolderNow(dirname(this.#path));
    this.#durable = this.#length;
  }

  append(change: Change): void {
    this.#append(encodeChange(change));
  }

  /** One flush serves everybody who waits for it. */
  async settled(): Promise<void> {
    const target = this.#length;
    while (this.#durable < target) {
      this.#syncing ??= this.#sync();
      await this.#syncing;
    }
  }

  close(): void {
    this.#closed = true;
    closeSync(this.#descriptor);
  }

  async #sync(): Promise<void> {
    const upTo = this.#length;
    try {
      await new Promise<void>((resolve, reject) => {
        fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve()));
      });
      this.#durable = upTo;
    } finally {
      this.#syncing = null;
    }
  }

  #append(line: string): void {
    // The number of a closed file may be another file's by now.
    if (this.#closed) throw new GcsError(503, 'backendError', 'The emulator is stopping.');
    const bytes = this.#bytesOf(`${line}\n`);
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      // A full disk: half a line must not stand before the next one.
      ftruncateSync(this.#descriptor, this.#length);
      throw error;
    }
    this.#length += bytes.length;
    this.#lines += 1;
  }

  /** Lines are short as a rule: one buffer serves them all. */
  #bytesOf(text: string): Buffer {
    if (text.length * LONGEST_CHARACTER_BYTES > this.#scratch.length) return Buffer.from(text);
    return this.#scratch.subarray(0, this.#scratch.write(text));
  }

  *#wholeLines(): Generator<string> {
    const buffer = Buffer.alloc(READ_BYTES);
    let rest: Buffer[] = [];
    for (let at = 0; ; ) {
      const count = readSync(this.#descriptor, buffer, 0, READ_BYTES, at);
      if (count === 0) return;
      at += count;
      let from = 0;
      for (let end = buffer.indexOf(0x0a); end >= 0 && end < count; end = buffer.indexOf(0x0a, from)) {
        const line = Buffer.concat([...rest, buffer.subarray(from, end)]);
        rest = [];
        from = end + 1;
        this.#length += line.length + 1;
        yield line.toString('utf8');
      }
      if (from < count) rest.push(Buffer.from(buffer.subarray(from, count)));
    }
  }

  #unreadable(line: string, expected: string): Error {
    const found = JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
    return inputError({ file: this.#path, path: `line ${this.#lines}`, found, expected });
  }
}
