import type { EventQueue } from '../eventQueue.js';
import { type Fleet, Pending } from './fleet.js';

/** The one pending event of each VM. */
export class Agenda {
  private readonly fleet: Fleet;
  private readonly queue: EventQueue;

  constructor(fleet: Fleet, queue: EventQueue) {
    this.fleet = fleet;
    this.queue = queue;
  }

  /** Sets the VM's next event, or its end where that comes first. */
  arm(vm: number, pending: number, at: number): void {
    const { fleet } = this;
    const end = fleet.endAt[vm] as number;
    const early = at < end;
    const next = early ? at : end;
    fleet.pending[vm] = early ? pending : Pending.end;
    fleet.nextAt[vm] = next;
    this.queue.schedule(2 * vm, next);
  }
}
