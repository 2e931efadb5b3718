import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Answering } from './answering.js';
import { CUT } from './faultyCall.js';
import { readJsonBody } from './httpBody.js';
import { inUrl, isLocalHost, LOOPBACK } from './loopback.js';
import { isPercentEncodedUtf8 } from './percentEncoding.js';
import { quoted } from './quoted.js';
import { asStatusError, StatusError } from './statusError.js';

/** A request that has been read: JSON body parsed, query parameters in the API's own spelling. */
export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

/**
 * Answers requests below some path with JSON; null: the path is not one of its own. Throws StatusErrors. What is
 * given back may be a promise of the answer, or of CUT; then it has taken care of the clock itself.
 */
export type HttpRoutes = (request: HttpRequest) => unknown;

/** Takes a request over, body and answer as streams; null: not one of its own. A rejection becomes an error answer. */
export type HttpStreams = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | null;

/** Who is too slow is cut off, so that no client can hold connections for ever. Wall milliseconds. */
export interface HttpPatience {
  /** Until the head of a request is there. */
  headersMs: number;
  /** Until a JSON body is there. */
  bodyMs: number;
  /** Without a byte in either direction. */
  silenceMs: number;
}

const PATIENCE: HttpPatience = { headersMs: 10_000, bodyMs: 10_000, silenceMs: 120_000 };

export interface HttpServer {
  port: number;
  stop(): Promise<void>;
}

/**
 * Serves on loopback; `port` 0 takes a free one. `streams` are asked first, before the body is read.
 * Whoever a browser may have sent is refused: see `refuseStrangers`.
 */
export async function startHttpServer(
  routes: readonly HttpRoutes[],
  port: number,
  answering: Answering,
  options: { streams?: readonly HttpStreams[]; host?: string; patience?: Partial<HttpPatience> } = {},
): Promise<HttpServer> {
  const { streams = [], host = LOOPBACK } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const server = createServer(
    {
      headersTimeout: patience.headersMs,
      // An upload may take as long as it flows; `silenceMs` ends it when it does not.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1000, patience.headersMs),
    },
    (request, response) => {
      handle({ routes, streams, answering, bodyMs: patience.bodyMs }, request, response).catch(
        (error: unknown) => sendError(response, error),
      );
    },
  );
  server.timeout = patience.silenceMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
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

interface Parts {
  routes: readonly HttpRoutes[];
  streams: readonly HttpStreams[];
  answering: Answering;
  bodyMs: number;
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  refuseStrangers(request);
  const url = urlOf(request);
  for (const stream of parts.streams) {
    const taken = stream(request, response, url);
    if (taken !== null) return taken;
  }
  if (!isPercentEncodedUtf8(url.search)) {
    throw new StatusError('INVALID_ARGUMENT', `the query ${quoted(url.search)} is not percent-encoded UTF-8`);
  }
  const parsed: HttpRequest = {
    method: request.method ?? 'GET',
    path: decoded(url.pathname),
    query: url.searchParams,
    body: await readJsonBody(request, parts.bodyMs),
  };
  const answer = parts.answering(() => firstAnswer(parts.routes, parsed));
  if (typeof answer === 'string') {
    send(response, 200, answer);
    return;
  }
  const later = await answer;
  if (later === CUT) request.socket.resetAndDestroy();
  else send(response, 200, JSON.stringify(later));
}

/** JSON text, or the promise of an answer. */
function firstAnswer(routes: readonly HttpRoutes[], request: HttpRequest): string | Promise<unknown> {
  for (const route of routes) {
    const answer = route(request);
    if (answer instanceof Promise) return answer;
    if (answer !== null) return JSON.stringify(answer);
  }
  throw new StatusError('NOT_FOUND', `there is nothing at ${request.method} ${request.path}`);
}

/**
 * A page in a browser can send requests to any port of this machine. Those that it sends in its own name carry an
 * Origin; those that it smuggles in under a host name that resolves to loopback (DNS rebinding) carry that name.
 */
function refuseStrangers({ headers }: IncomingMessage): void {
  if (!isLocalHost(headers.host)) {
    throw new StatusError('PERMISSION_DENIED', 'the Host header must name the loopback interface');
  }
  if (headers.origin !== undefined) {
    throw new StatusError('PERMISSION_DENIED', 'a request with an Origin header comes from a web page');
  }
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url.startsWith('/') ? `http://${inUrl(LOOPBACK)}${url}` : url);
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `the request target ${quoted(url)} is not valid`);
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `the path ${quoted(path)} is not percent-encoded UTF-8`);
  }
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const refusal = asStatusError(thrown);
  // Half an answer cannot be taken back: the connection is cut, and the client sees that it is not whole.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const code = refusal.http;
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
