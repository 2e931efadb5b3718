import type { FileMetadata } from '@google-cloud/storage';
import { PortError, type PortErrorKind } from './port.js';
import type { BucketInfo, LifecycleRule, StoredObject } from './storagePort.js';

/** The client's answers in the port's own terms: numbers come as texts, unset fields not at all. */
export function readObject(metadata: FileMetadata): StoredObject {
  const { bucket, name, generation } = metadata;
  if (!bucket || !name || generation === undefined) {
    throw new PortError('OTHER', `Cloud Storage answered with an object without a name or a generation`);
  }
  return {
    bucket,
    name,
    bytes: Number(metadata.size ?? 0),
    generation: String(generation),
    metageneration: String(metadata.metageneration ?? 1),
    md5: metadata.md5Hash ?? null,
    crc32c: metadata.crc32c ?? null,
    updated: secondsOf(metadata.updated),
    metadata: Object.fromEntries(
      Object.entries(metadata.metadata ?? {}).flatMap(([key, value]) =>
        value === null || value === undefined ? [] : [[key, String(value)]],
      ),
    ),
  };
}

function secondsOf(time: string | undefined): number {
  const milliseconds = Date.parse(time ?? '');
  return Number.isNaN(milliseconds) ? 0 : milliseconds / 1000;
}

/** Fields of https://cloud.google.com/storage/docs/json_api/v1/buckets#resource; the client types but a part of them. */
interface BucketResource {
  name?: string | undefined;
  location?: string | undefined;
  locationType?: string | undefined;
  storageClass?: string | undefined;
  softDeletePolicy?: { retentionDurationSeconds?: string | number | undefined } | undefined;
  retentionPolicy?: { retentionPeriod?: string | number | undefined } | null | undefined;
  defaultEventBasedHold?: boolean | undefined;
  versioning?: { enabled?: boolean | undefined } | undefined;
  autoclass?: { enabled?: boolean | undefined } | null | undefined;
  encryption?: { defaultKmsKeyName?: string | undefined } | null | undefined;
  lifecycle?: { rule?: readonly LifecycleResource[] | undefined } | null | undefined;
  billing?: { requesterPays?: boolean | undefined } | undefined;
  iamConfiguration?: { uniformBucketLevelAccess?: { enabled?: boolean | undefined } | undefined } | undefined;
  hierarchicalNamespace?: { enabled?: boolean | undefined } | undefined;
}

interface LifecycleResource {
  action?: { type?: string | undefined } | string | undefined;
  condition?: { age?: number | undefined; matchesPrefix?: readonly string[] | undefined } | undefined;
}

export function readBucket(bucket: string, resource: BucketResource): BucketInfo {
  return {
    name: resource.name ?? bucket,
    location: resource.location ?? '',
    locationType: resource.locationType ?? 'region',
    storageClass: resource.storageClass ?? 'STANDARD',
    softDeleteSeconds: Number(resource.softDeletePolicy?.retentionDurationSeconds ?? 0),
    retentionSeconds: Number(resource.retentionPolicy?.retentionPeriod ?? 0),
    defaultHold: resource.defaultEventBasedHold ?? false,
    versioning: resource.versioning?.enabled ?? false,
    autoclass: resource.autoclass?.enabled ?? false,
    kmsKey: resource.encryption?.defaultKmsKeyName ?? null,
    lifecycle: (resource.lifecycle?.rule ?? []).map(readRule),
    requesterPays: resource.billing?.requesterPays ?? false,
    uniformAccess: resource.iamConfiguration?.uniformBucketLevelAccess?.enabled ?? false,
    hierarchicalNamespace: resource.hierarchicalNamespace?.enabled ?? false,
  };
}

function readRule({ action, condition }: LifecycleResource): LifecycleRule {
  return {
    action: typeof action === 'string' ? action : (action?.type ?? ''),
    ageDays: condition?.age ?? null,
    matchesPrefix: [...(condition?.matchesPrefix ?? [])],
  };
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes; 408, 429 and 5xx are to be tried again. */
const KINDS: Record<number, PortErrorKind> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'RETRYABLE',
  409: 'RETRYABLE',
  412: 'PRECONDITION',
  416: 'INVALID_ARGUMENT',
  429: 'RETRYABLE',
};

/** A 403 with one of these reasons is a limit, not a refusal. */
const LIMIT_REASONS = ['rateLimitExceeded', 'userRateLimitExceeded'];

/** What the token server answers when a login has ended. https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
const LOGIN_ENDED = ['invalid_grant', 'invalid_rapt'];

/** Long enough for the service's own sentence. */
const LONGEST_MESSAGE = 300;

/** An error of the client as a PortError that says which call failed. A signed URL or a token is never quoted. */
export function storageError(error: unknown, call: string): PortError {
  if (error instanceof PortError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const text = (errorBody(message)?.message ?? message).replace(/\s+/g, ' ');
  const clean = text.replace(/\?\S*/g, '?...').replace(/\b(Bearer|ya29\.)\S*/gi, '$1...');
  return new PortError(kindOf(error), `${call}: ${clean.slice(0, LONGEST_MESSAGE)}`);
}

function kindOf(error: unknown): PortErrorKind {
  if (!(error instanceof Error)) return 'OTHER';
  if (hasLoginEnded(error)) return 'UNAUTHENTICATED';
  const code = 'code' in error ? error.code : undefined;
  const status = typeof code === 'number' ? code : Number(code);
  if (!Number.isInteger(status)) {
    return isNetworks(error) ? 'RETRYABLE' : 'OTHER';
  }
  if (status === 403 && reasonsOf(error).some((reason) => LIMIT_REASONS.includes(reason))) return 'RETRYABLE';
  return KINDS[status] ?? (status >= 500 ? 'RETRYABLE' : 'OTHER');
}

/**
 * No answer came, or a broken one: ECONNRESET, ENOTFOUND, a time-out, a body that does not match its checksum. The
 * error of a local file (it has a path) is none of the network's.
 */
function isNetworks(error: Error): boolean {
  if ('path' in error) return false;
  const type = 'type' in error ? String(error.type) : error.name;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(system|request-timeout|FetchError|AbortError|TimeoutError)$/.test(type) ||
    /^(E[A-Z]+|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE|CONTENT_DOWNLOAD_MISMATCH)$/.test(code)
  );
}

export function hasLoginEnded(error: Error): boolean {
  const data: unknown =
    'response' in error && typeof error.response === 'object' && error.response !== null
      ? 'data' in error.response
        ? error.response.data
        : undefined
      : undefined;
  const named = typeof data === 'object' && data !== null && 'error' in data ? data.error : undefined;
  return typeof named === 'string' && LOGIN_ENDED.includes(named);
}

function reasonsOf(error: Error): string[] {
  const inner = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [...inner, ...(errorBody(error.message)?.errors ?? [])].flatMap((one: unknown) =>
    typeof one === 'object' && one !== null && 'reason' in one ? [String(one.reason)] : [],
  );
}

/** A refused download carries the whole answer as its message; null for any other message. */
function errorBody(message: string): { message?: string; errors?: unknown[] } | null {
  if (!message.startsWith('{')) return null;
  try {
    const { error }: { error?: { message?: unknown; errors?: unknown } } = JSON.parse(message);
    return {
      ...(typeof error?.message === 'string' ? { message: error.message } : {}),
      ...(Array.isArray(error?.errors) ? { errors: error.errors } : {}),
    };
  } catch {
    return null;
  }
}
