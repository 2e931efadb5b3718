import { PortError } from '../port.js';

/** One thing that was looked at before a run. */
export interface Check {
  /** Short and stable: `quota us-central1`. */
  name: string;
  outcome: 'pass' | 'warn' | 'fail';
  /** One sentence. */
  message: string;
  /** A command that repairs it, to be pasted into a shell; null where nothing is to be repaired, or no command can. */
  repair: string | null;
  /** It failed because the caller may not do something: the command line ends with another exit code. */
  permission?: boolean;
}

export function passed(name: string, message: string): Check {
  return { name, outcome: 'pass', message, repair: null };
}

export function warned(name: string, message: string, repair: string | null = null): Check {
  return { name, outcome: 'warn', message, repair };
}

export function failed(name: string, message: string, repair: string | null = null): Check {
  return { name, outcome: 'fail', message, repair };
}

export function notPermitted(name: string, message: string, repair: string | null = null): Check {
  return { ...failed(name, message, repair), permission: true };
}

/** What a service told, or why it did not. */
export type Known<T> = { ok: true; value: T } | { ok: false; error: PortError };

/**
 * Asks, and takes a refusal as an answer. Anything but a PortError is thrown on, and so is an expired login: no check
 * means anything without one.
 */
export async function known<T>(question: Promise<T>): Promise<Known<T>> {
  try {
    return { ok: true, value: await question };
  } catch (error) {
    if (error instanceof PortError && error.kind !== 'UNAUTHENTICATED') return { ok: false, error };
    throw error;
  }
}

/** What a service said, to stand within a sentence. */
export function reasonOf(error: PortError): string {
  return error.message.replace(/\.+$/, '');
}

/** A warning for what could not be looked at. */
export function notVerified(name: string, error: PortError, repair: string | null = null): Check {
  return warned(name, `Not verified: ${reasonOf(error)}.`, repair);
}

/** 13000 -> "13,000", the same on every machine. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

export function listed(words: readonly string[]): string {
  return words.length <= 1 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
