import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answering } from '../answering.js';
import type { FaultRule, Faults } from '../faults.js';
import type { HttpStreams } from '../httpServer.js';
import { isPercentEncodedUtf8 } from '../percentEncoding.js';
import { accountOf, checkPermission, isAllowed, type Refuses, type StorageAuth } from './access.js';
import { bucketCall } from './bucketCalls.js';
import { Buckets } from './buckets.js';
import type { Answer, Call, GcsRequest } from './call.js';
import { ignoringRefusal } from './effects.js';
import { selectFields } from './fields.js';
import { GcsError, invalid, nothingHere } from './gcsError.js';
import { objectCall } from './objectCalls.js';
import { objectResource } from './objectResource.js';
import { Objects } from './objects.js';
import { chunksOf, dropRest, jsonOf } from './requestBody.js';
import type { RequestLimits } from './requestLimits.js';
import { ResumableUploads } from './resumable.js';
import type { Store } from './store.js';
import { uploadCall } from './uploadCalls.js';

export interface StorageServerOptions {
  store: Store;
  /** Absent: nothing is ever refused for its rate. */
  limits?: RequestLimits;
  /** Absent: everyone may do everything. */
  auth?: StorageAuth;
  /** Absent: nothing is refused to everyone. */
  refuses?: Refuses;
  faults?: Faults;
  /** Time stands still while an answer is worked out. */
  answering: Answering;
}

/**
 * Cloud Storage's JSON API, version 1, for the HTTP server. Paths are accepted with and without `/storage/v1`, uploads
 * also at `/resumable/upload`, as the clients send them.
 */
export class StorageServer {
  readonly objects: Objects;
  readonly buckets: Buckets;
  readonly #uploads: ResumableUploads;
  readonly #options: StorageServerOptions;

  constructor(options: StorageServerOptions) {
    this.#options = options;
    this.objects = new Objects(options.store);
    this.buckets = new Buckets(options.store);
    this.#uploads = new ResumableUploads(options.store, this.objects);
  }

  readonly stream: HttpStreams = (request, response) => {
    const place = placeOf(request.url ?? '/');
    return place === null ? null : this.#serve(request, response, place);
  };

  async #serve(request: IncomingMessage, response: ServerResponse, place: Place): Promise<void> {
    const touch = (): void => this.#options.answering(() => {});
    const asked = this.#asked(request, place, touch);
    let answer: Answer | typeof CUT;
    try {
      answer = await this.#answer(asked);
    } catch (error) {
      // A client that has gone away gets no answer.
      if (request.destroyed && !request.complete) return;
      answer = errorAnswer(error);
    }
    if (answer === CUT) {
      request.socket.resetAndDestroy();
      return;
    }
    await dropRest(request);
    await send(request, response, answer, asked.query.get('fields'));
  }

  async #answer(asked: GcsRequest): Promise<Answer | typeof CUT> {
    const { answering, faults, limits, auth = null } = this.#options;
    // What is wrong with it is said before anything happens.
    if (asked.malformed) throw invalid('Invalid percent-encoding or UTF-8 in the request URI.');
    selectFields({}, asked.query.get('fields'));
    const authorization = asked.headers.authorization;
    const bearer = typeof authorization === 'string' ? authorization : undefined;
    const call = this.#call(asked);
    if (call === null) throw nothingHere(asked.method, asked.rawPath);
    const account = accountOf(bearer, asked.query, call.permission, auth);
    checkPermission(account, call.permission, call.bucket, this.#options);
    const fault = faults?.decide('storage', call.name) ?? null;
    if (fault?.kind === 'refuse') throw injected(fault);
    if (fault?.kind === 'reset') return CUT;
    if (fault?.kind === 'delay') await wait((fault.seconds ?? 1) * 1000);
    if (call.bucket !== null && call.traffic !== null) limits?.admit(call.bucket, call.traffic);
    const work = async (): Promise<Answer> => {
      const effect = await call.prepare();
      return answering(() => effect(fault?.kind === 'duplicate'));
    };
    if (fault?.kind === 'loseAnswer') {
      await ignoringRefusal(work);
      throw injected(fault);
    }
    if (fault?.kind === 'resetAfter') {
      await ignoringRefusal(work);
      return CUT;
    }
    return work();
  }

  #asked(request: IncomingMessage, place: Place, touch: () => void): GcsRequest {
    const { method = 'GET', headers } = request;
    const chunks = (): AsyncIterable<Buffer> => chunksOf(request, touch);
    return {
      ...place,
      method,
      headers,
      base: `http://${headers.host}`,
      chunks,
      json: () => jsonOf(chunks()),
      admitChange: (bucket, name) => this.#options.limits?.admitChange(bucket, name),
    };
  }

  #call(asked: GcsRequest): Call | null {
    const [collection, bucket, o] = asked.path;
    if (collection === 'projects') return serviceAccountCall(asked);
    if (asked.endpoint === 'upload') {
      const isUpload = asked.path.length === 3 && bucket !== undefined && o === 'o';
      const parts = { objects: this.objects, uploads: this.#uploads, shown: this.#shown(asked) };
      return isUpload ? uploadCall(asked, bucket, parts) : null;
    }
    if (o === 'o' && asked.path.length > 3) {
      const isMedia = asked.endpoint === 'download';
      if (isMedia) asked.query.set('alt', 'media');
      return objectCall(asked, { objects: this.objects, shown: this.#shown(asked) });
    }
    return bucketCall(asked, { buckets: this.buckets, permitted: this.#permitted(asked) });
  }

  #shown(asked: GcsRequest): (record: Parameters<typeof objectResource>[0]) => Answer {
    const { store } = this.#options;
    return (record) => {
      const retention = store.catalogue.buckets.get(record.bucket)?.record.retention ?? null;
      return { status: 200, json: objectResource(record, retention, asked.base) };
    };
  }

  #permitted(asked: GcsRequest): (bucket: string, permissions: readonly string[]) => string[] {
    const { auth = null } = this.#options;
    return (bucket, permissions) => {
      const account = accountOf(String(asked.headers.authorization ?? ''), asked.query, null, auth);
      return permissions.filter((permission) => isAllowed(account, permission, bucket, this.#options));
    };
  }
}

/** What a call comes to when the connection is to be cut instead of an answer. */
const CUT = Symbol('the connection is cut');

type Place = Pick<GcsRequest, 'path' | 'endpoint' | 'query' | 'rawPath' | 'malformed'>;

const PATH =
  /^\/(?:storage\/v1\/)?(?:(?:resumable\/)?(upload|download)\/)?(storage\/v1\/)?(b(?:\/.*)?|projects\/[^/]+\/serviceAccount)$/;

/**
 * The path, taken apart before it is decoded: a name may hold slashes, dots and anything else. null: it is not for
 * Cloud Storage.
 */
function placeOf(url: string): Place | null {
  const [rawPath = '/', ...rest] = url.replace(/^https?:\/\/[^/]+/, '').split('?');
  const match = PATH.exec(rawPath);
  if (!match || (match[3]?.startsWith('projects/') && !rawPath.startsWith('/storage/'))) return null;
  const endpoint = match[1] === 'upload' || match[1] === 'download' ? match[1] : null;
  const segments = (match[3] ?? '').replace(/\/$/, '').split('/');
  const search = rest.join('?');
  const malformed = ![...segments, search].every(isPercentEncodedUtf8);
  const path = malformed ? segments : segments.map(decodeURIComponent);
  return { path, endpoint, rawPath, query: new URLSearchParams(search), malformed };
}

/** The account that the service itself would use: gcloud asks for it. */
function serviceAccountCall({ method, path }: GcsRequest): Call | null {
  if (method !== 'GET') return null;
  const json = {
    kind: 'storage#serviceAccount',
    email_address: `service-${path[1]}@gs-project-accounts.iam.gserviceaccount.com`,
  };
  return {
    name: 'projects.serviceAccount.get',
    permission: null,
    bucket: null,
    traffic: null,
    prepare: async () => async () => ({ status: 200, json }),
  };
}

const UNAVAILABLE = 503;

function injected({ status = UNAVAILABLE, kind }: FaultRule): GcsError {
  const reason = status === 429 ? 'rateLimitExceeded' : status >= 500 ? 'backendError' : 'injected';
  return new GcsError(status, reason, `injected fault: ${kind} with ${status}`);
}

function errorAnswer(error: unknown): Answer {
  const refusal =
    error instanceof GcsError
      ? error
      : new GcsError(500, 'internalError', `the emulator failed: ${String(error)}`);
  if (refusal.status === 304) return { status: 304 };
  const headers: Record<string, string> =
    refusal.status === 401 ? { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' } : {};
  return { status: refusal.status, headers, json: refusal.body() };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  fields: string | null,
): Promise<void> {
  if (response.destroyed) return;
  const { status, headers = {}, content } = answer;
  if (content === undefined) {
    const text =
      answer.json === undefined
        ? ''
        : JSON.stringify(status === 200 ? selectFields(answer.json, fields) : answer.json);
    const type = text === '' ? {} : { 'content-type': 'application/json; charset=UTF-8' };
    response.writeHead(status, {
      ...headers,
      ...type,
      ...(status === 204 || status === 304 ? {} : lengthOf(text)),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
    return;
  }
  response.writeHead(status, headers);
  if (request.method === 'HEAD') {
    if (content instanceof Readable) content.destroy();
    response.end();
    return;
  }
  // A client that stops reading or goes away ends the reading of the file with it.
  await pipeline(content instanceof Readable ? content : Readable.from([content]), response).catch(() => {
    response.destroy();
  });
}

function lengthOf(text: string): Record<string, string> {
  return { 'content-length': String(Buffer.byteLength(text)) };
}
