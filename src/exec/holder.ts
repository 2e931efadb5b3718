import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { isAlive, markOf, type ProcessMark } from './processAlive.js';

/** Who acts on a run: enough for a person to find the process, and for another process to know that it has ended. */
export interface Holder extends ProcessMark {
  /** Unique to the process and its hold on the run. */
  id: string;
  host: string;
  user: string;
  /** The same for two processes only if they see the same process ids; null where the system does not tell. */
  processSpace: string | null;
}

export function thisProcess(id: string): Holder {
  return { ...markOf(process.pid), id, host: hostname(), user: userName(), processSpace: processSpace() };
}

/** "anna@login-3, process 4711" */
export function nameOf({ user, host, pid }: Pick<Holder, 'user' | 'host' | 'pid'>): string {
  return `${user}@${host}, process ${pid}`;
}

/** Sure that it has ended: it lived among the processes that we see, and is not there any more. */
export function hasEnded(holder: Holder): boolean {
  const here = processSpace();
  return here !== null && holder.processSpace === here && !isAlive(holder);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run with a user id that has no name.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** The boot of the kernel and the process namespace: two containers of one machine differ. See proc(5), namespaces(7). */
function processSpace(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}
