import type { Violation } from '../plan/protoJson.js';
import { numberedName } from './projectNumber.js';
import { shortened } from './quoted.js';

/** Google's error codes as gRPC and as HTTP number them. Source: google/rpc/code.proto. */
export const STATUS_CODES = {
  CANCELLED: { grpc: 1, http: 499 },
  UNKNOWN: { grpc: 2, http: 500 },
  INVALID_ARGUMENT: { grpc: 3, http: 400 },
  DEADLINE_EXCEEDED: { grpc: 4, http: 504 },
  NOT_FOUND: { grpc: 5, http: 404 },
  ALREADY_EXISTS: { grpc: 6, http: 409 },
  PERMISSION_DENIED: { grpc: 7, http: 403 },
  RESOURCE_EXHAUSTED: { grpc: 8, http: 429 },
  FAILED_PRECONDITION: { grpc: 9, http: 400 },
  ABORTED: { grpc: 10, http: 409 },
  OUT_OF_RANGE: { grpc: 11, http: 400 },
  UNIMPLEMENTED: { grpc: 12, http: 501 },
  INTERNAL: { grpc: 13, http: 500 },
  UNAVAILABLE: { grpc: 14, http: 503 },
  DATA_LOSS: { grpc: 15, http: 500 },
  UNAUTHENTICATED: { grpc: 16, http: 401 },
} as const;

export type StatusName = keyof typeof STATUS_CODES;

/** Which error an HTTP status stands for, where several share it. */
const BY_HTTP: Record<number, StatusName> = {
  400: 'INVALID_ARGUMENT',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
};

/** The error of Google's that comes nearest to an HTTP status. */
export function statusOfHttp(http: number): StatusName {
  const known = BY_HTTP[http];
  if (known) return known;
  const names = Object.keys(STATUS_CODES) as StatusName[];
  return names.find((name) => STATUS_CODES[name].http === http) ?? 'UNKNOWN';
}

/**
 * Over gRPC a refusal travels in the head of the answer, of which clients take 8 KiB, base64 and percent-encoding
 * included. Source: GRPC_ARG_MAX_METADATA_SIZE in grpc's grpc_types.h. In characters.
 */
const LONGEST_MESSAGE = 400;
const LONGEST_FIELD = 200;
const MOST_OF_VIOLATIONS = 3500;

/** A refusal as Google's services give it; `violations` become the details (google.rpc.BadRequest). */
export class StatusError extends Error {
  override name = 'StatusError';
  readonly status: StatusName;
  readonly violations: readonly Violation[];
  /** HTTP status; the one of `status` unless another was asked for. */
  readonly http: number;

  constructor(
    status: StatusName,
    message: string,
    violations: readonly Violation[] = [],
    http: number = STATUS_CODES[status].http,
  ) {
    super(shortened(message, LONGEST_MESSAGE));
    this.status = status;
    this.violations = thatFit(violations);
    this.http = http;
  }
}

/** The first of them, long ones cut short. */
function thatFit(violations: readonly Violation[]): Violation[] {
  const fitting: Violation[] = [];
  let characters = 0;
  for (const violation of violations) {
    const field = shortened(violation.field, LONGEST_FIELD);
    const description = shortened(violation.description, LONGEST_MESSAGE);
    characters += field.length + description.length;
    if (characters > MOST_OF_VIOLATIONS) break;
    fitting.push({ field, description });
  }
  return fitting;
}

/** What goes wrong inside the emulator is its own fault, and said to be. */
export function asStatusError(thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  return new StatusError('INTERNAL', `the emulator failed: ${String(thrown)}`);
}

/** INVALID_ARGUMENT with its details; the message names the first violation. */
export function badRequest(violations: readonly Violation[]): StatusError {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = first ? `${first.field} ${first.description}${more}`.trimStart() : 'invalid request';
  return new StatusError('INVALID_ARGUMENT', message, violations);
}

export function notFound(name: string): StatusError {
  return new StatusError('NOT_FOUND', `resource ${numberedName(name)} not found`);
}
