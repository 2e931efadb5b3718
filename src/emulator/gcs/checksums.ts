import { createHash, type Hash } from 'node:crypto';
import { crc32c } from './crc32c.js';
import { invalid } from './gcsError.js';

/** Base64, CRC32C big-endian, as Cloud Storage writes them. */
export interface Digests {
  crc32c: string;
  md5Hash: string;
}

/** What a client says that the content is; null: it says nothing. */
export interface ExpectedDigests {
  crc32c: string | null;
  md5Hash: string | null;
}

export const NOTHING_EXPECTED: ExpectedDigests = { crc32c: null, md5Hash: null };

/** Both digests of a stream of bytes. */
export class Checksums {
  readonly #md5: Hash = createHash('md5');
  #crc = 0;

  update(bytes: Uint8Array): void {
    this.#md5.update(bytes);
    this.#crc = crc32c(bytes, this.#crc);
  }

  /** Ends the stream. */
  digests(): Digests {
    return { crc32c: crcText(this.#crc), md5Hash: this.#md5.digest('base64') };
  }
}

export function digestsOf(bytes: Uint8Array): Digests {
  const checksums = new Checksums();
  checksums.update(bytes);
  return checksums.digests();
}

function crcText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/** `x-goog-hash: crc32c=AAAAAA==,md5=...`; the header may also come twice, which Node joins with a comma. */
export function expectedInHeaders(headers: Record<string, string | string[] | undefined>): ExpectedDigests {
  const expected: ExpectedDigests = { crc32c: null, md5Hash: null };
  for (const part of String(headers['x-goog-hash'] ?? '').split(',')) {
    const [name, value] = splitAt(part.trim(), '=');
    if (name === 'crc32c') expected.crc32c = value;
    if (name === 'md5') expected.md5Hash = value;
  }
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string') expected.md5Hash = md5;
  return expected;
}

export function bothExpected(first: ExpectedDigests, second: ExpectedDigests): ExpectedDigests {
  return { crc32c: first.crc32c ?? second.crc32c, md5Hash: first.md5Hash ?? second.md5Hash };
}

/** Throws 400 when the content is not what the client said. */
export function compareDigests(expected: ExpectedDigests, found: Digests): void {
  if (expected.md5Hash !== null && expected.md5Hash !== found.md5Hash) {
    throw invalid(
      `Provided MD5 hash "${expected.md5Hash}" doesn't match calculated MD5 hash "${found.md5Hash}".`,
    );
  }
  if (expected.crc32c !== null && expected.crc32c !== found.crc32c) {
    throw invalid(`Provided CRC32C "${expected.crc32c}" doesn't match calculated CRC32C "${found.crc32c}".`);
  }
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
