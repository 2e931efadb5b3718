/**
 * What the World knows of every campaign task, whichever job runs it: durable progress, attempts, success.
 * Tasks of strangers' jobs get numbers after the campaign's own.
 */
export class TaskStore {
  /** Seconds of work in the newest durable checkpoint. */
  durable: Float64Array;
  /** What that work cost in VM time: it is lost money if the task never succeeds. */
  durableUsd: Float64Array;
  /** Attempts begun. */
  attempts: Int32Array;
  done: Uint8Array;
  /** 1 once a first checkpoint lies in the bucket. */
  stored: Uint8Array;
  moleculesComplete = 0;
  /** Campaign seconds at which the first molecule was complete; Infinity before. */
  firstMoleculeAt = Number.POSITIVE_INFINITY;
  /** When the last job that had the task left it without success; a job that takes it up again clears it. */
  private readonly leftAt = new Map<number, number>();
  /** Times at which molecules were completed, in that order; the first `moleculesComplete` are set. */
  readonly completedAt: Float64Array;
  private readonly windowsLeft: Uint32Array;
  private readonly windows: number;
  private readonly ownTasks: number;
  private next: number;

  constructor(molecules: number, windows: number) {
    this.ownTasks = molecules * windows;
    this.next = this.ownTasks;
    this.windows = windows;
    this.completedAt = new Float64Array(molecules);
    this.windowsLeft = new Uint32Array(molecules).fill(windows);
    this.durable = new Float64Array(this.ownTasks);
    this.durableUsd = new Float64Array(this.ownTasks);
    this.attempts = new Int32Array(this.ownTasks);
    this.done = new Uint8Array(this.ownTasks);
    this.stored = new Uint8Array(this.ownTasks);
  }

  /** Numbers for `count` tasks of a stranger's job; returns the first. */
  allot(count: number): number {
    const first = this.next;
    this.next += count;
    if (this.next > this.durable.length) {
      const length = Math.max(this.next, this.durable.length * 2);
      const grown = <T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T => {
        to.set(from);
        return to;
      };
      this.durable = grown(this.durable, new Float64Array(length));
      this.durableUsd = grown(this.durableUsd, new Float64Array(length));
      this.attempts = grown(this.attempts, new Int32Array(length));
      this.done = grown(this.done, new Uint8Array(length));
      this.stored = grown(this.stored, new Uint8Array(length));
    }
    return first;
  }

  /** Whether the campaign has a task of this number. */
  has(task: number): boolean {
    return task < this.ownTasks;
  }

  /** Its job is done with the task, which has no success and no retry left. */
  leave(task: number, t: number): void {
    if (task < this.ownTasks) this.leftAt.set(task, t);
  }

  /** A job has the tasks from `first` on, perhaps again: whoever runs what has a result puts all of it aside before. */
  takeUp(first: number, count: number): void {
    for (let task = first; task < first + count; task += 1) {
      if (this.leftAt.size > 0) this.leftAt.delete(task);
      if (this.done[task] === 1) {
        this.durable[task] = 0;
        this.durableUsd[task] = 0;
      }
    }
  }

  /** When each molecule that can no longer complete, as far as its jobs go, lost the first of its tasks; rising. */
  timesAtRisk(): number[] {
    const since = new Map<number, number>();
    for (const [task, t] of this.leftAt) {
      const molecule = Math.floor(task / this.windows);
      since.set(molecule, Math.min(t, since.get(molecule) ?? Number.POSITIVE_INFINITY));
    }
    return [...since.values()].sort((a, b) => a - b);
  }

  /** The task has its result; completes its molecule with the last window. */
  complete(task: number, t: number): void {
    if (this.done[task] === 1) return;
    this.done[task] = 1;
    if (task >= this.ownTasks) return;
    const molecule = Math.floor(task / this.windows);
    const left = (this.windowsLeft[molecule] as number) - 1;
    this.windowsLeft[molecule] = left;
    if (left > 0) return;
    this.completedAt[this.moleculesComplete] = t;
    this.moleculesComplete += 1;
    this.firstMoleculeAt = Math.min(this.firstMoleculeAt, t);
  }
}
