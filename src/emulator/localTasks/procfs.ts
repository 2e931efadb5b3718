import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessMark {
  pid: number;
  /** When it started, in the kernel's ticks since boot; null where the system does not say. */
  startTicks: string | null;
}

export function markOf(pid: number): ProcessMark {
  return { pid, startTicks: startTicksOf(pid) };
}

/** Whether that very process still runs; false where the system does not say when a process started. */
export function surelyRuns({ pid, startTicks }: ProcessMark): boolean {
  return startTicks !== null && startTicksOf(pid) === startTicks;
}

/** Field 22 of /proc/PID/stat, counted after the command, which may itself hold spaces and brackets (proc(5)). */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Processes that were started with this text in their environment, whatever group they are in; Linux only. */
export function processesWith(text: string): number[] {
  return pids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`).includes(text);
    } catch {
      // Gone, or not ours.
      return false;
    }
  });
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  } catch {
    return [];
  }
}

const LOOK_EVERY_MS = 10;
/** A process that is killed goes at once, unless the kernel itself is waiting for something on its behalf. */
const PATIENCE_MS = 5_000;

/** Kills every process that was started with this text in its environment, until there is none. */
export async function killAllWith(text: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let left = processesWith(text); left.length > 0; left = processesWith(text)) {
    if (performance.now() > deadline) return;
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    await wait(LOOK_EVERY_MS);
  }
}

/** To a process, or with a negative number to its group; one that is gone, or another user's, gets none. */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
