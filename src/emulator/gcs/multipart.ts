import { invalid } from './gcsError.js';

/** Longest line of a part's head, and longest first part. */
const LONGEST_LINE_BYTES = 8192;
const LONGEST_METADATA_BYTES = 128 * 1024;

/** The boundary of a `multipart/related` body; gsutil and gcloud quote it with ', others with " or not at all. */
export function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2] ?? match?.[3];
  if (boundary === undefined) throw invalid('Missing boundary in multipart request.');
  return boundary;
}

/** Metadata and content of a multipart upload. */
export interface Parts {
  /** The first part, as text. */
  metadata: Buffer;
  /** Of the second part; null when it does not say. */
  contentType: string | null;
  /** The second part, as it arrives. */
  content: AsyncGenerator<Buffer>;
}

/** Takes a body of two parts apart while it arrives. Lines may end in CR LF or, as gcloud sends them, in LF. */
export async function readParts(chunks: AsyncIterable<Buffer>, boundary: string): Promise<Parts> {
  const input = new Input(chunks);
  let first = '';
  while (first.trim() === '') first = await input.line();
  if (first.trim() !== `--${boundary}`) throw malformed();
  const end = first.endsWith('\r') ? '\r\n' : '\n';
  const delimiter = Buffer.from(`${end}--${boundary}`);
  await headOf(input);
  const metadata = await input.upTo(delimiter, LONGEST_METADATA_BYTES);
  if ((await input.line()).trim() !== '') throw malformed();
  const head = await headOf(input);
  return { metadata, contentType: head.get('content-type') ?? null, content: content(input, delimiter) };
}

/** The header lines of a part, up to the empty one. */
async function headOf(input: Input): Promise<Map<string, string>> {
  const head = new Map<string, string>();
  for (;;) {
    const line = (await input.line()).trim();
    if (line === '') return head;
    const colon = line.indexOf(':');
    if (colon < 0) throw malformed();
    head.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

async function* content(input: Input, delimiter: Buffer): AsyncGenerator<Buffer> {
  for (;;) {
    const at = input.buffer.indexOf(delimiter);
    if (at < 0) {
      // The delimiter may have begun at the end of what is here.
      const safe = input.buffer.length - delimiter.length;
      if (safe > 0) yield input.take(safe);
      await input.more();
      continue;
    }
    while (input.buffer.length < at + delimiter.length + 2) await input.more();
    const closes = input.buffer.toString('latin1', at + delimiter.length, at + delimiter.length + 2) === '--';
    yield input.take(closes ? at : at + 1);
    if (closes) {
      await input.rest();
      return;
    }
  }
}

class Input {
  buffer: Buffer = Buffer.alloc(0);
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) throw malformed();
    this.buffer = this.buffer.length === 0 ? value : Buffer.concat([this.buffer, value]);
  }

  /** What follows the closing boundary means nothing. */
  async rest(): Promise<void> {
    for (;;) {
      const { done } = await this.#chunks.next();
      if (done) return;
    }
  }

  take(bytes: number): Buffer {
    const taken = this.buffer.subarray(0, bytes);
    this.buffer = this.buffer.subarray(bytes);
    return taken;
  }

  /** Up to the next line feed, without it. */
  async line(): Promise<string> {
    return (await this.upTo(Buffer.from('\n'), LONGEST_LINE_BYTES)).toString('utf8');
  }

  async upTo(end: Buffer, longest: number): Promise<Buffer> {
    for (;;) {
      const at = this.buffer.indexOf(end);
      if (at >= 0 && at <= longest) {
        const taken = this.take(at);
        this.take(end.length);
        return taken;
      }
      if (this.buffer.length > longest) throw malformed();
      await this.more();
    }
  }
}

function malformed(): Error {
  return invalid('Malformed multipart body.');
}
