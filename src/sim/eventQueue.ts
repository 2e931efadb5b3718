/**
 * The pending events: one for each id (a VM, a job, a region), ordered by time, and by id where times are equal, so
 * that the order does not depend on when an event was scheduled.
 */
export interface EventQueue {
  /** Id of the earliest event, -1 when there is none. */
  top(): number;
  /** Time of the earliest event, Infinity when there is none. */
  topTime(): number;
  /** Sets the event of `id`, in place of the one that it had. `time` may be Infinity, not NaN. */
  schedule(id: number, time: number): void;
  /** Drops the event of `id`, if it has one. */
  cancel(id: number): void;
}

/** Two forms of the queue with one order. */
export type QueueKind = 'heap' | 'wheel';
