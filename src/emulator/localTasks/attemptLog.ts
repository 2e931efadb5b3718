import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

/** What an attempt may print; the rest is dropped, so that a babbling task cannot fill the disk. */
export const LARGEST_LOG_BYTES = 10_000_000;

/** What an attempt printed, both streams together, and what the runner has to say about it. */
export class AttemptLog {
  readonly #file: WriteStream;
  readonly #limit: number;
  #bytes = 0;

  /** Appends to the file at `path`. */
  constructor(path: string, limit = LARGEST_LOG_BYTES) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    // A full disk must not end the emulator; the task will notice it by itself.
    this.#file.on('error', () => {});
    this.#limit = limit;
  }

  take(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.#write(chunk));
    stream.on('error', () => {});
  }

  /** A line of the runner's own. */
  line(text: string): void {
    this.#file.write(`[emulator] ${text}\n`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#file.once('close', () => resolve());
      this.#file.end();
      if (this.#file.closed) resolve();
    });
  }

  #write(chunk: Buffer): void {
    const left = this.#limit - this.#bytes;
    if (left <= 0 || this.#file.writableEnded) return;
    this.#bytes += chunk.length;
    this.#file.write(chunk.subarray(0, left));
    if (this.#bytes >= this.#limit) this.#file.write(`\n[emulator] cut off after ${this.#limit} bytes\n`);
  }
}
