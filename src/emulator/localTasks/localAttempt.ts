import type { Step } from './runnables.js';
import { type ProcessPlace, TaskProcess } from './taskProcess.js';

/** What a container engine exits with when it cannot run a container at all. */
const EXIT_NOT_RUN = 125;
/** Batch's code for a time-out, of the task or of one runnable. */
const EXIT_TIME_LIMIT = 50005;

export interface AttemptPlace extends Omit<ProcessPlace, 'environment'> {
  /** The whole environment of a runnable, given what its job asks for. */
  environmentOf: (own: Record<string, string>) => Record<string, string>;
  /** Wall milliseconds of so many campaign seconds. */
  wallMs: (campaignSeconds: number) => number;
  /** Campaign seconds between SIGTERM and SIGKILL for a runnable whose time is over. */
  graceSeconds: number;
}

/** One attempt as real processes: its runnables one after another, the background ones beside them. */
export class LocalAttempt {
  readonly #place: AttemptPlace;
  readonly #processes = new Set<TaskProcess>();
  #stopping = false;

  constructor(place: AttemptPlace) {
    this.#place = place;
  }

  /** The exit code of the first runnable that failed, else 0. After `terminate` it means nothing. */
  async run(steps: readonly Step[]): Promise<number> {
    let exitCode = 0;
    const beside: Promise<number>[] = [];
    for (const step of steps) {
      if (this.#stopping) break;
      if (exitCode !== 0 && !step.alwaysRun) continue;
      const running = this.#runStep(step);
      if (step.background) {
        beside.push(running);
        continue;
      }
      const code = await running;
      if (exitCode === 0 && !step.ignoreExitStatus) exitCode = code;
    }
    // What runs in the background ends with the last of the others, and its exit code does not count.
    this.kill();
    await Promise.all(beside);
    return exitCode;
  }

  /** SIGTERM to what runs now; nothing more is begun. */
  terminate(): void {
    this.#stopping = true;
    for (const process of this.#processes) process.terminate();
  }

  kill(): void {
    this.#stopping = true;
    for (const process of this.#processes) process.kill();
  }

  async #runStep(step: Step): Promise<number> {
    const { folder, environmentOf, log, started } = this.#place;
    const command = step.command(folder);
    if (typeof command === 'string') {
      log.line(command);
      return EXIT_NOT_RUN;
    }
    const environment = environmentOf(step.environment);
    const process = new TaskProcess(command, { folder, environment, log, started });
    this.#processes.add(process);
    const limit = step.timeoutSeconds === null ? null : this.#limit(process, step.timeoutSeconds);
    const exitCode = await process.exited;
    this.#processes.delete(process);
    return limit?.over() ? EXIT_TIME_LIMIT : exitCode;
  }

  #limit(process: TaskProcess, seconds: number): { over: () => boolean } {
    let isOver = false;
    const { wallMs, graceSeconds } = this.#place;
    let timer = setTimeout(() => {
      isOver = true;
      process.terminate();
      timer = setTimeout(() => process.kill(), wallMs(graceSeconds));
    }, wallMs(seconds));
    return {
      over: () => {
        clearTimeout(timer);
        return isOver;
      },
    };
  }
}
