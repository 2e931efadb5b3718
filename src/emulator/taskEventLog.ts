import type { TaskState } from '../sim/world/view.js';

const STATES: readonly TaskState[] = ['PENDING', 'ASSIGNED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'UNEXECUTED'];
const CODE_OF = new Map(STATES.map((state, code) => [state, code]));

export interface TaskEvent {
  from: TaskState;
  to: TaskState;
  /** Campaign seconds. */
  at: number;
  /** Number of the VM, -1 for none. */
  vm: number;
  exitCode: number | null;
}

const NONE = -1;
const FIRST_CAPACITY = 1024;

/**
 * Every state change of every task of one job: columns of numbers (22 bytes a change), chained by task from the
 * latest back. 13,000 tasks with ten changes each take about 6 MB at most.
 */
export class TaskEventLog {
  #count = 0;
  #at = new Float64Array(FIRST_CAPACITY);
  #from = new Uint8Array(FIRST_CAPACITY);
  #to = new Uint8Array(FIRST_CAPACITY);
  #vm = new Int32Array(FIRST_CAPACITY);
  #exitCode = new Int32Array(FIRST_CAPACITY);
  #previous = new Int32Array(FIRST_CAPACITY);
  #latest = new Int32Array(FIRST_CAPACITY).fill(NONE);

  add(task: number, event: TaskEvent): void {
    if (this.#count === this.#at.length) this.#grow();
    if (task >= this.#latest.length) this.#growTasks(task + 1);
    const row = this.#count;
    this.#at[row] = event.at;
    this.#from[row] = CODE_OF.get(event.from) ?? 0;
    this.#to[row] = CODE_OF.get(event.to) ?? 0;
    this.#vm[row] = event.vm;
    this.#exitCode[row] = event.exitCode ?? NONE;
    this.#previous[row] = this.#latest[task] ?? NONE;
    this.#latest[task] = row;
    this.#count += 1;
  }

  /** The changes of one task, oldest first. */
  of(task: number): TaskEvent[] {
    const events: TaskEvent[] = [];
    let row = this.#latest[task] ?? NONE;
    while (row !== NONE) {
      events.push(this.#row(row));
      row = this.#previous[row] ?? NONE;
    }
    return events.reverse();
  }

  #row(row: number): TaskEvent {
    const exitCode = this.#exitCode[row] ?? NONE;
    return {
      from: STATES[this.#from[row] ?? 0] ?? 'PENDING',
      to: STATES[this.#to[row] ?? 0] ?? 'PENDING',
      at: this.#at[row] ?? 0,
      vm: this.#vm[row] ?? NONE,
      exitCode: exitCode === NONE ? null : exitCode,
    };
  }

  #grow(): void {
    const size = this.#at.length * 2;
    this.#at = resized(this.#at, new Float64Array(size));
    this.#from = resized(this.#from, new Uint8Array(size));
    this.#to = resized(this.#to, new Uint8Array(size));
    this.#vm = resized(this.#vm, new Int32Array(size));
    this.#exitCode = resized(this.#exitCode, new Int32Array(size));
    this.#previous = resized(this.#previous, new Int32Array(size));
  }

  #growTasks(atLeast: number): void {
    const size = Math.max(atLeast, this.#latest.length * 2);
    this.#latest = resized(this.#latest, new Int32Array(size).fill(NONE));
  }
}

function resized<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
