import type { AuthClient } from 'google-auth-library';
import type { Clock } from '../../plan/clock.js';
import { wallClock } from '../clock.js';
import { PortError, type PortErrorKind } from '../port.js';
import { type RetryPolicy, withRetries } from '../retry.js';

/** The services that are asked before a run, and where Google answers for them. */
export const GOOGLE_ENDPOINTS = {
  artifactregistry: 'https://artifactregistry.googleapis.com',
  cloudbilling: 'https://cloudbilling.googleapis.com',
  cloudresourcemanager: 'https://cloudresourcemanager.googleapis.com',
  compute: 'https://compute.googleapis.com',
  iam: 'https://iam.googleapis.com',
  serviceusage: 'https://serviceusage.googleapis.com',
} as const;

export type GoogleService = keyof typeof GOOGLE_ENDPOINTS;
export type Endpoints = Readonly<Record<GoogleService, string>>;

/** All of them on the HTTP port of an emulator. */
export function emulatorEndpoints(httpPort: number): Endpoints {
  const origin = `http://127.0.0.1:${httpPort}`;
  return {
    artifactregistry: origin,
    cloudbilling: origin,
    cloudresourcemanager: origin,
    compute: origin,
    iam: origin,
    serviceusage: origin,
  };
}

export type Query = Readonly<Record<string, string | number | readonly string[]>>;

/** Reads of Google's REST APIs. Every failure is a ServiceError. */
export interface RestClient {
  get(service: GoogleService, path: string, query?: Query): Promise<unknown>;
  /** For the reads that are POSTs (testIamPermissions and the like): nothing is changed by them. */
  post(service: GoogleService, path: string, body: unknown): Promise<unknown>;
}

/** A refusal or a silence of one of the services. The message holds nothing of the request but its path. */
export class ServiceError extends PortError {
  readonly service: GoogleService;
  /** The API is switched off in the project: another thing than a missing permission, though both are 403. */
  readonly apiIsOff: boolean;
  constructor(kind: PortErrorKind, message: string, where: { service: GoogleService; apiIsOff?: boolean }) {
    super(kind, message);
    this.service = where.service;
    this.apiIsOff = where.apiIsOff ?? false;
  }
}

/** One answer on the wire, wall time; the price catalog's pages are the slowest of them. */
const CALL_TIMEOUT_MS = 15_000;
/** At most 0.5 + 1 + 2 s of waiting: somebody is looking on. */
const POLICY: RetryPolicy = { baseSeconds: 0.5, capSeconds: 8, maxTries: 4 };

export interface RestOptions {
  authClient: AuthClient;
  endpoints?: Endpoints;
  clock?: Clock;
  /** Uniform in [0, 1): the jitter of back-offs. */
  random?: () => number;
  signal?: AbortSignal | undefined;
  policy?: RetryPolicy;
  timeoutMs?: number;
}

export function restClient(options: RestOptions): RestClient {
  const { authClient, endpoints = GOOGLE_ENDPOINTS, random = Math.random, signal } = options;
  const { clock = wallClock(), policy = POLICY, timeoutMs = CALL_TIMEOUT_MS } = options;
  const call = (service: GoogleService, method: 'GET' | 'POST', path: string, query: Query, data?: unknown) =>
    withRetries(
      async () => {
        try {
          const answer = await authClient.request<unknown>({
            url: `${endpoints[service]}${path}${queryText(query)}`,
            method,
            timeout: timeoutMs,
            responseType: 'json',
            retry: false,
            ...(data === undefined ? {} : { data }),
            ...(signal ? { signal } : {}),
          });
          return answer.data;
        } catch (error) {
          signal?.throwIfAborted();
          throw serviceError(error, service, `${method} ${path}`);
        }
      },
      { clock, random, signal, policy },
    );
  return {
    get: (service, path, query = {}) => call(service, 'GET', path, query),
    post: (service, path, body) => call(service, 'POST', path, {}, body),
  };
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === 'object' ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function serviceError(thrown: unknown, service: GoogleService, what: string): ServiceError {
  const { status, body } = answerOf(thrown);
  if (status === null) {
    // No HTTP answer: the name did not resolve, the connection broke, or the time was up.
    return new ServiceError('RETRYABLE', `${service}: ${what}: ${oneLine(messageOf(thrown))}`, { service });
  }
  const text = body.message ?? `HTTP ${status}`;
  const apiIsOff =
    status === 403 &&
    (body.reasons.some((reason) => API_OFF_REASONS.has(reason)) ||
      /has not been used in project/i.test(text));
  const kind = kindOf(status, body.reasons);
  return new ServiceError(kind, `${service}: ${what}: ${oneLine(text)}`, { service, apiIsOff });
}

/** ErrorInfo reasons, new and old. Source: https://cloud.google.com/apis/design/errors */
const API_OFF_REASONS = new Set(['SERVICE_DISABLED', 'accessNotConfigured']);
/** Compute Engine answers 403 when its rate limits are hit. Source: https://cloud.google.com/compute/docs/api-rate-limits */
const RATE_REASONS = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED']);

function kindOf(status: number, reasons: readonly string[]): PortErrorKind {
  if (reasons.some((reason) => RATE_REASONS.has(reason))) return 'RETRYABLE';
  // The token server answers 400 or 401 to a login that was revoked or has expired.
  if (reasons.includes('invalid_grant')) return 'UNAUTHENTICATED';
  if (status === 400) return 'INVALID_ARGUMENT';
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'PERMISSION_DENIED';
  if (status === 404) return 'NOT_FOUND';
  if (status === 409) return 'ALREADY_EXISTS';
  return status === 408 || status === 429 || status >= 500 ? 'RETRYABLE' : 'OTHER';
}

interface ErrorBody {
  message: string | null;
  reasons: string[];
}

/** What the server said, out of the client library's error; status null: nothing was said. */
function answerOf(thrown: unknown): { status: number | null; body: ErrorBody } {
  const response = field(thrown, 'response');
  const status = field(response, 'status');
  return { status: typeof status === 'number' ? status : null, body: errorBody(field(response, 'data')) };
}

function errorBody(data: unknown): ErrorBody {
  const error = field(data, 'error');
  // OAuth: {"error": "invalid_grant", "error_description": "..."}.
  if (typeof error === 'string')
    return { message: textOf(field(data, 'error_description')), reasons: [error] };
  const listed = [...listOf(field(error, 'details')), ...listOf(field(error, 'errors'))];
  const reasons = listed
    .map((detail) => field(detail, 'reason'))
    .filter((reason) => typeof reason === 'string');
  return { message: textOf(field(error, 'message')), reasons };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function messageOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}

const LONGEST_MESSAGE = 300;

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE);
}
