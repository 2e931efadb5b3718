import type { WorldFault } from '../plan/journal.js';
import type { FaultSettings } from './faultFile.js';
import type { Faults } from './faults.js';
import { TRUE_VIEW, type ViewFaults } from './viewFaults.js';

/** What orders go to. */
export interface FaultTargets {
  readonly view: ViewFaults;
  order(...faults: readonly WorldFault[]): void;
}

/** Takes what is asked for to where it has its effect: the calls, the view, the World. */
export class FaultOrders {
  readonly #faults: Faults;
  readonly #targets: FaultTargets;
  readonly #world: WorldFault[] = [];

  constructor(faults: Faults, targets: FaultTargets) {
    this.#faults = faults;
    this.#targets = targets;
  }

  /** What is in force, and what was ordered of the World by this process. */
  get settings(): FaultSettings {
    return { calls: this.#faults.rules, view: { ...this.#targets.view }, world: [...this.#world] };
  }

  /** Throws a StatusError for a region that is not in the scenario; then nothing of the order has an effect. */
  add({ calls, view, world }: FaultSettings): void {
    this.#targets.order(...world);
    this.#world.push(...world);
    this.#faults.add(calls);
    Object.assign(this.#targets.view, view);
  }

  /** What has happened to the World, or is on its way there, stays. */
  clear(): void {
    this.#faults.clear();
    Object.assign(this.#targets.view, TRUE_VIEW);
  }
}
