import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Journal, type JournalCommand, type JournalHeader, parseJournal } from '../plan/journal.js';

/**
 * The journal on disk. A command is written and flushed before its answer goes out: what a client was told
 * survives any crash.
 */
export class JournalFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Opens the file for appending, cuts a torn last line off and returns what it held; `earlier` is null for a
   * new file, which then begins with `header`. Throws an InputError when the file is not a journal.
   */
  static open(path: string, header: JournalHeader): { file: JournalFile; earlier: Journal | null } {
    // A crash between creating the file and flushing its header leaves no whole line: nothing was promised yet.
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const earlier = text.includes('\n') ? parseJournal(text, path) : null;
    if (existsSync(path)) {
      truncateSync(path, earlier ? Buffer.byteLength(text.slice(0, earlier.wholeCharacters)) : 0);
    }
    const file = new JournalFile(openSync(path, 'a', 0o600));
    if (!earlier) {
      file.#append(header);
      flushFolder(dirname(path));
    }
    return { file, earlier };
  }

  record(command: JournalCommand): void {
    this.#append(command);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(line: JournalHeader | JournalCommand): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#descriptor, bytes, written);
    }
    fsyncSync(this.#descriptor);
  }
}

/** Makes a new file's name durable. */
function flushFolder(path: string): void {
  // Windows cannot open a folder.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
