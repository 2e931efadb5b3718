/** Where in the request the cause lies, as some of Google's errors say. */
export interface ErrorLocation {
  locationType: string;
  location: string;
}

/**
 * A refusal in the words of Cloud Storage.
 * Source of statuses and reasons: https://cloud.google.com/storage/docs/json_api/v1/status-codes
 */
export class GcsError extends Error {
  override name = 'GcsError';
  readonly status: number;
  readonly reason: string;
  readonly domain: string;
  readonly location: ErrorLocation | null;

  constructor(
    status: number,
    reason: string,
    message: string,
    { domain = 'global', location = null }: { domain?: string; location?: ErrorLocation | null } = {},
  ) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.domain = domain;
    this.location = location;
  }

  /** The JSON body. */
  body(): object {
    const { status: code, message, domain, reason, location } = this;
    return { error: { code, message, errors: [{ message, domain, reason, ...location }] } };
  }
}

export function invalid(message: string): GcsError {
  return new GcsError(400, 'invalid', message);
}

export function required(message: string): GcsError {
  return new GcsError(400, 'required', message);
}

export function noSuchBucket(): GcsError {
  return new GcsError(404, 'notFound', 'The specified bucket does not exist.');
}

export function noSuchObject(bucket: string, name: string): GcsError {
  return new GcsError(404, 'notFound', `No such object: ${bucket}/${name}`);
}

export function nothingHere(method: string, path: string): GcsError {
  return new GcsError(404, 'notFound', `Not Found: ${method} ${path}`);
}

export function conditionNotMet(header: 'If-Match' | 'If-None-Match' = 'If-Match'): GcsError {
  return new GcsError(
    412,
    'conditionNotMet',
    'At least one of the pre-conditions you specified did not hold.',
    {
      location: { locationType: 'header', location: header },
    },
  );
}

/** A read of what the client has already: an answer without a body. */
export function notModified(): GcsError {
  return new GcsError(304, 'notModified', 'Not Modified');
}

export function conflict(message: string): GcsError {
  return new GcsError(409, 'conflict', message);
}

export function tooMany(message: string): GcsError {
  return new GcsError(429, 'rateLimitExceeded', message, { domain: 'usageLimits' });
}
