import { setTimeout as wait } from 'node:timers/promises';
import type { FaultRule } from './faults.js';
import { StatusError, statusOfHttp } from './statusError.js';

/** What a call comes to when the connection is to be cut instead of an answer. */
export const CUT = Symbol('the connection is cut');

const UNAVAILABLE = 503;

/** A call that meets a fault: `effect` does what the call asks for and gives the answer. */
export async function underFault<T>(fault: FaultRule, effect: () => T): Promise<T | typeof CUT> {
  switch (fault.kind) {
    case 'refuse':
      throw faultStatus(fault);
    case 'loseAnswer':
      attempt(effect);
      throw faultStatus(fault);
    case 'duplicate':
      attempt(effect);
      return effect();
    case 'delay':
      await wait((fault.seconds ?? 1) * 1000);
      return effect();
    case 'reset':
      return CUT;
    case 'resetAfter':
      attempt(effect);
      return CUT;
  }
}

/** Nobody is told how it went. */
function attempt(effect: () => unknown): void {
  try {
    effect();
  } catch (error) {
    // A refusal is as lost as an answer; anything else is the emulator's own fault.
    if (!(error instanceof StatusError)) throw error;
  }
}

/** The status that a fault answers with. */
export function faultStatus({ status = UNAVAILABLE, kind }: FaultRule): StatusError {
  return new StatusError(statusOfHttp(status), `injected fault: ${kind} with ${status}`, [], status);
}
