import type { IncomingMessage } from 'node:http';
import { parseJsonText } from '../jsonText.js';
import { invalid } from './gcsError.js';
import { isObject, type JsonObject } from './json.js';

/** How fast a body must flow, after a time of grace; a slower client is cut off. */
export interface Pace {
  bytesPerSecond: number;
  graceMs: number;
  checkMs: number;
}

const PACE: Pace = { bytesPerSecond: 1024, graceMs: 30_000, checkMs: 5_000 };
/** Metadata of objects and buckets, as JSON. */
const LARGEST_JSON_BYTES = 1_000_000;
/** Of the body of a refused request so much is read and dropped, so that the client gets to see the answer. */
const LARGEST_WASTE_BYTES = 2 ** 28;

/** The body chunk by chunk. `touch` is called for each: somebody is at work. Throws when the client goes away. */
export async function* chunksOf(
  request: IncomingMessage,
  touch: () => void,
  { bytesPerSecond, graceMs, checkMs }: Pace = PACE,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  const from = performance.now();
  const watch = setInterval(() => {
    const milliseconds = performance.now() - from;
    if (milliseconds > graceMs && bytes * 1000 < bytesPerSecond * milliseconds) request.destroy();
  }, checkMs);
  try {
    // A reader that stops half-way must not close the connection: there is an answer to send.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      touch();
      yield chunk;
    }
  } finally {
    clearInterval(watch);
  }
}

/** A whole small body. Throws 400 when it has more than `largest` bytes. */
export async function bytesOf(chunks: AsyncIterable<Buffer>, largest: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > largest) throw invalid(`The request body has more than ${largest} bytes.`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** The body as a JSON object; no body is an empty one. */
export async function jsonOf(chunks: AsyncIterable<Buffer>): Promise<JsonObject> {
  return parseJson(await bytesOf(chunks, LARGEST_JSON_BYTES));
}

/** Throws 400 for what is not an object in UTF-8. */
export function parseJson(bytes: Buffer): JsonObject {
  try {
    const parsed = parseJsonText(bytes) ?? {};
    if (isObject(parsed)) return parsed;
  } catch {
    // Falls through.
  }
  throw invalid('Parse Error');
}

/** Reads and drops what is left of the body; cuts the connection when that is too much. */
export async function dropRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > LARGEST_WASTE_BYTES) {
      request.destroy();
      return;
    }
  }
}
