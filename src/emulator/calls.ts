import type { Answering } from './answering.js';
import type { FaultService, Faults } from './faults.js';
import { type CUT, underFault } from './faultyCall.js';

/** How the calls of one service are answered: time stands still meanwhile, and some meet a fault. */
export class Calls {
  readonly #service: FaultService;
  readonly #answering: Answering;
  readonly #faults: Faults | null;

  constructor(service: FaultService, answering: Answering, faults: Faults | null = null) {
    this.#service = service;
    this.#answering = answering;
    this.#faults = faults;
  }

  /** The answer at once, unless the call meets a fault; `work` throws StatusErrors. */
  answer<T>(method: string, work: () => T): T | Promise<T | typeof CUT> {
    const fault = this.#faults?.decide(this.#service, method) ?? null;
    if (fault === null) return this.#answering(work);
    return underFault(fault, () => this.#answering(work));
  }

  /** Without a fault: for what belongs to a call that has been let through. */
  again<T>(work: () => T): T {
    return this.#answering(work);
  }
}
