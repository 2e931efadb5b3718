import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Answering } from './answering.js';
import { isLocalHost, LOOPBACK } from './loopback.js';
import { STATUS_CODES, StatusError } from './statusError.js';

/** A request that has been read: JSON body parsed, query parameters in the API's own spelling. */
export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

/** Answers requests below some path; null: the path is not one of its own. Throws StatusErrors. */
export type HttpRoutes = (request: HttpRequest) => unknown;

/** Largest body. Source: the limit of a job definition, https://docs.cloud.google.com/batch/quotas */
const LARGEST_BODY_BYTES = 1_000_000;

/**
 * Serves JSON on loopback. `port` 0 takes a free one.
 */
export async function startHttpServer(
  routes: readonly HttpRoutes[],
  port: number,
  answering: Answering,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    handle(routes, request, answering)
      .then((answer) => send(response, 200, answer))
      .catch((error: unknown) => sendError(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the HTTP server has no port');
  return {
    port: address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Whoever is in the middle of a request gets a moment to read the answer.
        setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS).unref();
      }),
  };
}

const LAST_ANSWERS_MS = 200;

/** The answer as JSON text. */
async function handle(
  routes: readonly HttpRoutes[],
  request: IncomingMessage,
  answering: Answering,
): Promise<string> {
  if (!isLocalHost(request.headers.host)) {
    throw new StatusError('PERMISSION_DENIED', 'the Host header must name the loopback interface');
  }
  const url = new URL(request.url ?? '/', `http://${LOOPBACK}`);
  const parsed: HttpRequest = {
    method: request.method ?? 'GET',
    path: decoded(url.pathname),
    query: url.searchParams,
    body: await readBody(request),
  };
  return answering(() => {
    for (const route of routes) {
      const answer = route(parsed);
      if (answer !== null) return JSON.stringify(answer);
    }
    throw new StatusError('NOT_FOUND', `there is nothing at ${parsed.method} ${parsed.path}`);
  });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `the path ${path} is not valid`);
  }
}

/** The body as JSON; undefined when there is none. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // The rest is read and dropped, so that the client gets to see the answer.
    if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > LARGEST_BODY_BYTES) {
    throw new StatusError('INVALID_ARGUMENT', `the body takes ${bytes} bytes, at most ${LARGEST_BODY_BYTES}`);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new StatusError('INVALID_ARGUMENT', 'the body is not JSON');
  }
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const refusal =
    thrown instanceof StatusError
      ? thrown
      : new StatusError('INTERNAL', `the emulator failed: ${String(thrown)}`);
  const code = STATUS_CODES[refusal.status].http;
  const details = refusal.violations.length === 0 ? {} : { details: [badRequestDetail(refusal)] };
  const error = { code, message: refusal.message, status: refusal.status, ...details };
  send(response, code, JSON.stringify({ error }));
}

function badRequestDetail({ violations }: StatusError): object {
  return { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations };
}

function send(response: ServerResponse, code: number, json: string): void {
  response.writeHead(code, { 'content-type': 'application/json; charset=utf-8' });
  response.end(json);
}
