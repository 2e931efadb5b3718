import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { InputError } from '../scenario/errors.js';
import { isAlive, markOf, type ProcessMark } from './processAlive.js';

/** Another process works on this run. */
export class RunLockedError extends InputError {
  override name = 'InputError';
}

interface Holder extends ProcessMark {
  since: string;
}

/**
 * One process at a time per run. The lock of a process that has ended is taken over, that of a living one is
 * refused with RunLockedError. Returns how to give it back.
 */
export async function lockRun(path: string, runId: string): Promise<() => Promise<void>> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify({ ...markOf(process.pid), since: new Date().toISOString() }));
  try {
    // A link of a complete file either appears or not: nobody ever reads half a lock.
    while (!(await tryLink(own, path))) await removeIfStale(path, own, runId);
  } finally {
    await rm(own, { force: true });
  }
  return () => rm(path, { force: true });
}

async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfStale(path: string, own: string, runId: string): Promise<void> {
  await refuseIfHeld(path, runId);
  // Two processes may find the same stale lock: what is moved away is looked at again before it is thrown away.
  const aside = `${own}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  try {
    await refuseIfHeld(aside, runId);
  } catch (error) {
    await tryLink(aside, path);
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function refuseIfHeld(path: string, runId: string): Promise<void> {
  const holder = await readHolder(path);
  if (holder === null || !isAlive(holder)) return;
  throw new RunLockedError(
    `run ${runId}: process ${holder.pid} works on it since ${holder.since}; wait for it or end it (lock: ${path})`,
  );
}

/** Null when the lock is gone or was damaged from outside: then it holds nobody. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return null;
    const startTicks =
      'startTicks' in value && typeof value.startTicks === 'string' ? value.startTicks : null;
    return { pid: value.pid, startTicks, since: 'since' in value ? String(value.since) : 'an unknown time' };
  } catch {
    return null;
  }
}

/** Whether a living process holds the lock. */
export async function isHeld(path: string): Promise<boolean> {
  try {
    await refuseIfHeld(path, '');
    return false;
  } catch (error) {
    if (error instanceof RunLockedError) return true;
    throw error;
  }
}
