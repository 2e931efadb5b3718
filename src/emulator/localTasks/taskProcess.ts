import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { AttemptLog } from './attemptLog.js';
import { sendSignal } from './procfs.js';

/** As shells and container engines say it: not found, cannot be run, ended by a signal. */
const EXIT_NOT_FOUND = 127;
const EXIT_CANNOT_RUN = 126;
const EXIT_SIGNAL = 128;

/** How long the last words of a process that has ended may take to arrive. Wall milliseconds. */
const LAST_WORDS_MS = 1_000;

export interface ProcessPlace {
  folder: string;
  environment: Record<string, string>;
  log: AttemptLog;
  /** Told of the process as soon as it exists. */
  started: (pid: number) => void;
}

/** A command of a task: a process that leads a group of its own. When it ends, its group ends with it. */
export class TaskProcess {
  /** Its exit code, 128 + n for signal n. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  #running = true;

  constructor([command = '', ...args]: readonly string[], place: ProcessPlace) {
    this.#child = spawn(command, args, {
      cwd: place.folder,
      env: place.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid, stdout, stderr } = this.#child;
    if (pid !== undefined) place.started(pid);
    if (stdout) place.log.take(stdout);
    if (stderr) place.log.take(stderr);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        place.log.line(`${command}: ${error.message}`);
        this.#running = false;
        resolve('code' in error && error.code === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
      });
      this.#child.once('exit', (code, signal) => {
        const exitCode = code ?? EXIT_SIGNAL + (signal === null ? 0 : constants.signals[signal]);
        this.kill();
        this.#running = false;
        // What escaped from the group may hold the pipes open for ever.
        const patience = setTimeout(() => resolve(exitCode), LAST_WORDS_MS);
        this.#child.once('close', () => {
          clearTimeout(patience);
          resolve(exitCode);
        });
      });
    });
  }

  /** Asks it to stop, alone: what it started is its own affair, as in a container that is stopped. */
  terminate(): void {
    if (this.#running && this.#child.pid !== undefined) sendSignal(this.#child.pid, 'SIGTERM');
  }

  /** Kills it and its group. */
  kill(): void {
    if (this.#running && this.#child.pid !== undefined) sendSignal(-this.#child.pid, 'SIGKILL');
  }
}
