import { readFileSync } from 'node:fs';

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessMark {
  pid: number;
  /** When it started, in the kernel's ticks since boot; null where the system does not say. */
  startTicks: string | null;
}

export function markOf(pid: number): ProcessMark {
  return { pid, startTicks: startTicksOf(pid) };
}

/** Whether that very process still runs. */
export function isAlive(mark: ProcessMark): boolean {
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const ticks = startTicksOf(mark.pid);
  return ticks === null || mark.startTicks === null || ticks === mark.startTicks;
}

/** Field 22 of /proc/PID/stat, counted after the command, which may itself hold spaces and brackets (proc(5)). */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
