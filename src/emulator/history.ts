import type { JobState } from '../plan/snapshot.js';
import type { TaskState, WaitCause, WorldObserver } from '../sim/world/view.js';
import { waitText } from './jobNotes.js';
import { type TaskEvent, TaskEventLog } from './taskEventLog.js';

export interface JobEvent<State = JobState> {
  from: State;
  to: State;
  /** Campaign seconds. */
  at: number;
  reason: string;
}

/** Something that Batch says of a job while its state stays what it is. */
export interface JobNote {
  description: string;
  /** Campaign seconds. */
  at: number;
}

/** A task whose retries are used up, or that was not to be retried. */
export interface FailedTask extends TaskEvent {
  task: number;
}

/** What became of one job, as its status events tell it. */
export class JobHistory {
  readonly events: JobEvent[] = [];
  readonly notes: JobNote[] = [];
  readonly tasks = new TaskEventLog();
  /** Campaign seconds of the last change; null before the first. */
  changedAt: number | null = null;
  /** The latest failure by an exit code that no retry of the task has followed. */
  failed: FailedTask | null = null;
  /** What `failed` was before; the latest failure may turn out to be retried. */
  failedBefore: FailedTask | null = null;

  note(description: string, at: number): void {
    if (this.notes.length < MOST_NOTES) this.notes.push({ description, at });
  }
}

/** A job that waits again and again must not grow without end. */
const MOST_NOTES = 200;

/** Keeps what the World reports, by job number. */
export class History implements WorldObserver {
  readonly #jobs: JobHistory[] = [];
  /** By the number of the VM. */
  readonly #zones: (string | null)[] = [];

  job(job: number): JobHistory {
    let history = this.#jobs[job];
    if (!history) {
      history = new JobHistory();
      this.#jobs[job] = history;
    }
    return history;
  }

  /** Where a VM is or was; null where the World tells no zones apart. */
  zoneOf(vm: number): string | null {
    return this.#zones[vm] ?? null;
  }

  vmMade(_job: number, vm: number, zone: string | null): void {
    this.#zones[vm] = zone;
  }

  jobChanged(job: number, from: JobState, to: JobState, at: number, reason: string): void {
    const history = this.job(job);
    history.events.push({ from, to, at, reason });
    history.changedAt = at;
  }

  jobWaits(job: number, why: WaitCause, at: number): void {
    this.job(job).note(waitText(why), at);
  }

  taskChanged(
    job: number,
    task: number,
    from: TaskState,
    to: TaskState,
    at: number,
    vm: number,
    exitCode: number | null,
  ): void {
    const history = this.job(job);
    const event = { from, to, at, vm, exitCode };
    history.tasks.add(task, event);
    history.changedAt = at;
    if (to === 'FAILED' && exitCode !== null) {
      history.failedBefore = history.failed;
      history.failed = { task, ...event };
    } else if (from === 'FAILED' && history.failed?.task === task) {
      history.failed = history.failedBefore;
    }
  }
}
