import type { Violation } from '../plan/protoJson.js';

/** Google's error codes as gRPC and as HTTP number them. Source: google/rpc/code.proto. */
export const STATUS_CODES = {
  INVALID_ARGUMENT: { grpc: 3, http: 400 },
  NOT_FOUND: { grpc: 5, http: 404 },
  ALREADY_EXISTS: { grpc: 6, http: 409 },
  PERMISSION_DENIED: { grpc: 7, http: 403 },
  RESOURCE_EXHAUSTED: { grpc: 8, http: 429 },
  FAILED_PRECONDITION: { grpc: 9, http: 400 },
  UNIMPLEMENTED: { grpc: 12, http: 501 },
  INTERNAL: { grpc: 13, http: 500 },
} as const;

export type StatusName = keyof typeof STATUS_CODES;

/** A refusal as Google's services give it; `violations` become the details (google.rpc.BadRequest). */
export class StatusError extends Error {
  override name = 'StatusError';
  readonly status: StatusName;
  readonly violations: readonly Violation[];

  constructor(status: StatusName, message: string, violations: readonly Violation[] = []) {
    super(message);
    this.status = status;
    this.violations = violations;
  }
}

/** INVALID_ARGUMENT with its details; the message names the first violation. */
export function badRequest(violations: readonly Violation[]): StatusError {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = first ? `${first.field} ${first.description}${more}` : 'invalid request';
  return new StatusError('INVALID_ARGUMENT', message, violations);
}

export function notFound(name: string): StatusError {
  return new StatusError('NOT_FOUND', `resource ${name} not found`);
}
