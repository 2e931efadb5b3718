import { PortError } from './port.js';
import { backoffCeiling, isRetryable, RETRY_POLICY, type RetryContext } from './retry.js';

/**
 * Failures that time, or a person, can mend without anything being lost: a service that does not answer, a login that
 * has ended. A refusal, bad input or a lost lease is none.
 */
export function canWait(error: unknown): error is PortError {
  return isRetryable(error) || (error instanceof PortError && error.kind === 'UNAUTHENTICATED');
}

/** What to tell whoever watches while it is waited. */
export function waitingWords(error: PortError): string {
  return error.kind === 'UNAUTHENTICATED'
    ? 'the login has ended: run `gcloud auth application-default login`; the jobs go on, and so does this run then'
    : `no answer, trying again: ${error.message}`;
}

/**
 * Calls until there is an answer or a failure that waiting cannot mend. Only an abort ends the waiting. Each call has
 * its own tries already; this goes on after them.
 */
export async function patiently<T>(
  call: () => Promise<T>,
  context: Pick<RetryContext, 'clock' | 'random' | 'signal'> & { onWait?: (error: PortError) => void },
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!canWait(error) || context.signal?.aborted) throw error;
      context.onWait?.(error);
    }
    await context.clock.sleep(context.random() * backoffCeiling(RETRY_POLICY, failures), context.signal);
  }
}
