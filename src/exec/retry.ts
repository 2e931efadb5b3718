import type { Clock } from '../plan/clock.js';
import { type BatchPort, PortError } from './port.js';

/** Truncated exponential back-off with full jitter, in campaign seconds. */
export interface RetryPolicy {
  baseSeconds: number;
  capSeconds: number;
  /** Calls in all, the first included. */
  maxTries: number;
}

/** Eight tries wait at most 1 + 2 + 4 + 8 + 16 + 32 + 60 s: two minutes, after which the executor's next round tries again. */
export const RETRY_POLICY: RetryPolicy = { baseSeconds: 1, capSeconds: 60, maxTries: 8 };

export interface RetryContext {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  signal?: AbortSignal | undefined;
  policy?: RetryPolicy;
}

/** Longest wait before try `failures + 1`, in seconds; the wait itself is uniform between 0 and this. */
export function backoffCeiling(policy: RetryPolicy, failures: number): number {
  return Math.min(policy.capSeconds, policy.baseSeconds * 2 ** (failures - 1));
}

/**
 * Calls until it succeeds, fails for good, or the tries are used up; then the last error is thrown.
 * The client's own retries are off: it never retries CreateJob, and RESOURCE_EXHAUSTED for no method.
 */
export async function withRetries<T>(call: () => Promise<T>, context: RetryContext): Promise<T> {
  const policy = context.policy ?? RETRY_POLICY;
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isRetryable(error) || failures >= policy.maxTries || context.signal?.aborted) throw error;
    }
    await context.clock.sleep(context.random() * backoffCeiling(policy, failures), context.signal);
  }
}

export function isRetryable(error: unknown): error is PortError & { readonly kind: 'RETRYABLE' } {
  return error instanceof PortError && error.kind === 'RETRYABLE';
}

/** The same port, every call retried. Safe for CreateJob and CancelJob because both carry a request id. */
export function retryingPort(port: BatchPort, context: RetryContext): BatchPort {
  return {
    createJob: (request) => withRetries(() => port.createJob(request), context),
    getJob: (region, jobId) => withRetries(() => port.getJob(region, jobId), context),
    listTasks: (region, jobId, token) => withRetries(() => port.listTasks(region, jobId, token), context),
    cancelJob: (region, jobId, requestId) =>
      withRetries(() => port.cancelJob(region, jobId, requestId), context),
    listJobs: (region, label, token) => withRetries(() => port.listJobs(region, label, token), context),
    close: () => port.close(),
  };
}
