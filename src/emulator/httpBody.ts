import type { IncomingMessage } from 'node:http';
import { parseJsonText } from './jsonText.js';
import { StatusError } from './statusError.js';

/** Largest JSON body. Source: the limit of a job definition, https://docs.cloud.google.com/batch/quotas */
const LARGEST_BODY_BYTES = 1_000_000;
/** Of a body that is too large this much more is read and dropped, so that the client gets to see the answer. */
const LARGEST_WASTE_BYTES = 16_000_000;

/** The body as JSON; undefined when there is none. A client that has not sent it within `patienceMs` is cut off. */
export async function readJsonBody(request: IncomingMessage, patienceMs: number): Promise<unknown> {
  const bytes = await readBytes(request, patienceMs);
  try {
    return parseJsonText(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new StatusError('INVALID_ARGUMENT', `the body ${error.message}`);
  }
}

async function readBytes(request: IncomingMessage, patienceMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), patienceMs);
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk);
      else if (bytes > LARGEST_WASTE_BYTES) request.destroy();
    }
  } finally {
    clearTimeout(timer);
  }
  if (bytes > LARGEST_BODY_BYTES) {
    throw new StatusError('INVALID_ARGUMENT', `the body takes ${bytes} bytes, at most ${LARGEST_BODY_BYTES}`);
  }
  return Buffer.concat(chunks);
}
