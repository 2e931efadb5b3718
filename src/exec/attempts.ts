import { MINIMUM_BILLED_SECONDS } from '../plan/vmPrice.js';
import type { PortTask } from './port.js';
import type { TaskTimes } from './storageUse.js';

/** Exit code of a Spot preemption. https://cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes */
export const PREEMPTED = 50001;
/** Batch's own codes begin here. */
const BATCH_CODES = 50_000;
/**
 * Codes of the task image that say nothing about the window itself: fenced by a newer attempt, stopped by a signal,
 * store unreachable, slow VM, accelerator not usable, time limit. docs/tasks.md
 */
const CIRCUMSTANCES = new Set([75, 76, 77, 81, 82, 83]);

/** What the task events of one job add up to. Times are seconds since the Unix epoch. */
export interface JobAccount {
  /** Runs of a task on a VM: an attempt begins when a VM is given the task. */
  attempts: number;
  preemptions: number;
  /** VMs that were ever named. */
  vms: number;
  /**
   * Each VM from its first ASSIGNED event to the end of its last task (to `now` while one is on it), at least one
   * minute. Batch does not tell how long a VM lived before or after.
   */
  vmSeconds: number;
  /** Indices of the tasks that succeeded, rising. */
  succeeded: number[];
  /** Task indices that ended without success. */
  failed: number;
  /** Of these, the ones whose last attempt ended by an error of its own. */
  ownErrors: { index: number; exitCode: number }[];
  /** Attempts that ended without success. */
  endings: AttemptEnding[];
  /** Starts of the attempts that run now. */
  openRuns: number[];
  /** Tasks that are over and whose last end no event tells yet: events may come late. */
  untold: number;
  /** The last end of an attempt; null before any. */
  endTime: number | null;
  times: TaskTimes;
}

/** An attempt that ended without success. */
export interface AttemptEnding {
  index: number;
  exitCode: number;
  /** Seconds for which the task ran; 0: it never did. */
  ranSeconds: number;
  /** "us-central1-a/123"; null: no event names it. */
  vm: string | null;
  at: number;
  description: string;
}

interface Life {
  first: number;
  last: number;
  /** Tasks that are on the VM now. */
  open: number;
}

/** Adds up the tasks of one job, page by page, however many tasks share a VM one after another. */
export class JobAccounting {
  readonly #lives = new Map<string, Life>();
  readonly #succeeded: number[] = [];
  #failed = 0;
  readonly #ownErrors: { index: number; exitCode: number }[] = [];
  #attempts = 0;
  #untold = 0;
  #preemptions = 0;
  #endTime: number | null = null;
  readonly #times: TaskTimes = {
    runningSeconds: 0,
    started: 0,
    startedTimeSum: 0,
    finished: 0,
    finishedTimeSum: 0,
  };
  /** Starts of the runs that have not ended. */
  #openRuns: number[] = [];
  readonly #endings: AttemptEnding[] = [];

  add(tasks: readonly PortTask[]): void {
    for (const task of tasks) {
      if (task.state === 'SUCCEEDED') this.#succeeded.push(task.index);
      if (task.state === 'FAILED') this.#addFailure(task);
      this.#addEvents(task);
      const isOver = task.state === 'SUCCEEDED' || task.state === 'FAILED';
      if (isOver && !task.events.some(({ state }) => state === task.state)) this.#untold += 1;
    }
  }

  /** The sums as of `now` (seconds since the Unix epoch), which bills the VMs that still hold a task. */
  total(now: number): JobAccount {
    let vmSeconds = 0;
    for (const { first, last, open } of this.#lives.values()) {
      const end = open > 0 ? Math.max(now, last) : last;
      vmSeconds += Math.max(end - first, MINIMUM_BILLED_SECONDS);
    }
    return {
      attempts: this.#attempts,
      preemptions: this.#preemptions,
      vms: this.#lives.size,
      vmSeconds,
      succeeded: this.#succeeded.toSorted((a, b) => a - b),
      failed: this.#failed,
      ownErrors: this.#ownErrors.toSorted((a, b) => a.index - b.index),
      endings: this.#endings,
      openRuns: this.#openRuns,
      untold: this.#untold,
      endTime: this.#endTime,
      times: {
        ...this.#times,
        runningSeconds:
          this.#times.runningSeconds + this.#openRuns.reduce((sum, from) => sum + Math.max(0, now - from), 0),
      },
    };
  }

  #addFailure(task: PortTask): void {
    this.#failed += 1;
    const ends = task.events.filter(({ exitCode }) => exitCode !== null).toSorted((a, b) => a.time - b.time);
    const exitCode = ends.at(-1)?.exitCode ?? null;
    if (exitCode === null || exitCode === 0 || exitCode >= BATCH_CODES || CIRCUMSTANCES.has(exitCode)) return;
    this.#ownErrors.push({ index: task.index, exitCode });
  }

  #addEvents(task: PortTask): void {
    let onVm: string | null = null;
    let runFrom: number | null = null;
    let started = false;
    for (const event of inOrder(task.events)) {
      const begins = event.state === 'ASSIGNED' || (event.state === 'RUNNING' && onVm === null);
      const ends = event.state === 'FAILED' || event.state === 'SUCCEEDED';
      if (ends) this.#ended(event.time, event.exitCode);
      if (event.state === 'FAILED' && event.exitCode !== null) {
        this.#endings.push({
          index: task.index,
          exitCode: event.exitCode,
          ranSeconds: runFrom === null ? 0 : event.time - runFrom,
          vm: instanceOf(event.description) ?? onVm,
          at: event.time,
          description: event.description,
        });
      }
      if (runFrom !== null && ends) {
        this.#times.runningSeconds += event.time - runFrom;
        runFrom = null;
      }
      if (event.state === 'RUNNING') {
        runFrom = event.time;
        if (!started) {
          started = true;
          this.#times.started += 1;
          this.#times.startedTimeSum += event.time;
        }
      }
      if (event.state === 'SUCCEEDED') {
        this.#times.finished += 1;
        this.#times.finishedTimeSum += event.time;
      }
      if (onVm !== null && (begins || ends || event.state === 'PENDING')) {
        this.#leave(onVm, event.time);
        onVm = null;
      }
      if (begins) {
        this.#attempts += 1;
        // An event that names no VM is a VM of its own: nothing then says that it was used twice.
        onVm = instanceOf(event.description) ?? `unnamed ${task.index} ${this.#attempts}`;
        this.#enter(onVm, event.time);
      }
    }
    if (runFrom !== null) this.#openRuns.push(runFrom);
  }

  #ended(at: number, exitCode: number | null): void {
    if (exitCode === PREEMPTED) this.#preemptions += 1;
    this.#endTime = Math.max(this.#endTime ?? at, at);
  }

  #enter(vm: string, at: number): void {
    const life = this.#lives.get(vm);
    if (life === undefined) this.#lives.set(vm, { first: at, last: at, open: 1 });
    else {
      life.first = Math.min(life.first, at);
      life.open += 1;
    }
  }

  #leave(vm: string, at: number): void {
    const life = this.#lives.get(vm);
    if (life === undefined) return;
    life.last = Math.max(life.last, at);
    life.open -= 1;
  }
}

/** In which order events of one moment can have happened. */
const MOMENT = ['FAILED', 'PENDING', 'ASSIGNED', 'RUNNING', 'SUCCEEDED'];

/** Batch does not promise events in the order of time, and several may have the same. */
export function inOrder(events: PortTask['events']): PortTask['events'] {
  const rank = ({ state }: { state: string }): number => MOMENT.indexOf(state);
  return events.toSorted((a, b) => a.time - b.time || rank(a) - rank(b));
}

/** "... on zones/us-central1-a/instances/123 ..." -> "us-central1-a/123". */
export function instanceOf(description: string): string | null {
  const match = /zones\/([\w-]+)\/instances\/([\w-]+)/.exec(description);
  return match ? `${match[1]}/${match[2]}` : null;
}
