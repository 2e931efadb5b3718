import type { Readable } from 'node:stream';
import type { Change } from './change.js';
import type { Digests } from './checksums.js';
import type { Body } from './objectRecord.js';

/** The finished content of an object to be. */
export interface Content extends Digests {
  body: Body;
  size: number;
}

/** Bytes on their way to become the content of an object. */
export interface Draft {
  /** Names its bytes, in the vault. */
  readonly file: string;
  /** Bytes so far. */
  readonly length: number;
  write(bytes: Buffer): Promise<void>;
  /** Drops what lies behind the first `length` bytes. */
  cutTo(length: number): Promise<void>;
  /** All bytes so far survive a crash; the draft can be written to again. */
  rest(): Promise<void>;
  /** Ends it: all bytes survive a crash. */
  finish(): Promise<Content>;
  abandon(): Promise<void>;
}

/** Where the bytes of objects and the record of all changes are kept: on disk, or in memory. */
export interface Vault {
  /** The changes that an earlier process recorded, oldest first. */
  earlier(): Iterable<Change>;
  /** Called once, when `earlier` has been applied: `state` is what it came to, `used` the files that it refers to. */
  begin(state: Iterable<Change>, used: ReadonlySet<string>): void;
  /** Takes effect at once and outlives this process; also a crash of the machine, once `settled`. */
  record(change: Change): void;
  /** Everything recorded so far survives a crash of the machine. */
  settled(): Promise<void>;
  newDraft(): Draft;
  /** The draft of an earlier process, by its file. */
  openDraft(file: string): Promise<Draft>;
  /** Bytes `from` to `to` (excluded). */
  read(body: Body, from: number, to: number): Promise<Buffer | Readable>;
  /** All bytes at once, for small bodies. */
  readNow(body: Body): Buffer;
  /** The same bytes once more. */
  copyOf(body: Body): Promise<Body>;
  /** Nothing refers to it any more; whoever reads it may read on. */
  discard(body: Body): void;
  close(): void;
}
