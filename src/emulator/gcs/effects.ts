import type { Answer, Effect } from './call.js';
import { GcsError } from './gcsError.js';

/** An effect that can simply be done again. */
export function repeatable(work: () => Promise<Answer>): Effect {
  return async (twice) => {
    if (twice) await ignoringRefusal(work);
    return work();
  };
}

/** Nobody is told how it went. */
export async function ignoringRefusal(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A refusal is as lost as an answer; anything else is the emulator's own fault.
    if (!(error instanceof GcsError)) throw error;
  }
}
