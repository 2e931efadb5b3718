import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inputError } from '../../scenario/errors.js';

/** Locks that this process itself holds: after a crash a process may get the number of its predecessor. */
const HELD = new Set<string>();

/** One store at a time may use a folder. */
export class FolderLock {
  readonly #path: string;

  /** Throws an InputError while another living process holds it; that of a process that was killed is taken over. */
  constructor(folder: string) {
    this.#path = join(resolve(folder), 'lock');
    const holder = pidIn(this.#path);
    const held = holder === process.pid ? HELD.has(this.#path) : holder !== null && isAlive(holder);
    if (held) {
      throw inputError({
        file: this.#path,
        path: 'pid',
        found: `${holder}, a process that is running`,
        expected: 'a data folder that no other emulator uses',
      });
    }
    rmSync(this.#path, { force: true });
    const file = openSync(this.#path, 'wx', 0o600);
    try {
      writeSync(file, `${process.pid}\n`);
    } finally {
      closeSync(file);
    }
    HELD.add(this.#path);
  }

  release(): void {
    HELD.delete(this.#path);
    rmSync(this.#path, { force: true });
  }
}

function pidIn(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** It has ended, and only its parent has not looked yet. The state follows the command in brackets (proc(5)). */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
