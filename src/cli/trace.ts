import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { playTraced } from '../sim/trace.js';

/** Text is gathered up to this many characters before it is written: events are small and many. */
const CHUNK_CHARACTERS = 1 << 16;

/** A file of JSON lines that is written as it grows; nothing is held back but the last chunk. */
export interface LineFile {
  write(line: unknown): void;
  close(): void;
}

/** Opens (and empties) the file of `--trace`, so that a bad place is known before any work. */
export function openTrace(file: string, input: string): LineFile {
  const expected = 'a file name in a folder of yours';
  if (sameFile(file, input)) throw inputError({ file, path: '--trace', found: 'the input itself', expected });
  let descriptor: number;
  try {
    descriptor = openSync(file, 'w');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw inputError({ file, path: '--trace', found: `a place that cannot be written (${code})`, expected });
  }
  let chunk = '';
  const flush = (): void => {
    const bytes = Buffer.from(chunk);
    chunk = '';
    // A pipe may take less than it is given.
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  };
  return {
    write(line) {
      chunk += `${JSON.stringify(line)}\n`;
      if (chunk.length >= CHUNK_CHARACTERS) flush();
    },
    close() {
      flush();
      closeSync(descriptor);
    },
  };
}

function sameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((file) => statSync(file, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/** Writes the events of replication 0 of the forecast; returns how many lines that made. */
export async function writeTrace(
  trace: LineFile,
  plan: Plan,
  { seed, uncertainty, signal }: { seed: string; uncertainty: boolean; signal: AbortSignal },
): Promise<number> {
  let lines = 0;
  const play = playTraced(plan, { seed, r: 0, uncertainty }, (event) => {
    trace.write(event);
    lines += 1;
  });
  while (!play.next().done) {
    // Ctrl-C is heard between two hours of the campaign.
    await nextTurn();
    signal.throwIfAborted();
  }
  trace.close();
  return lines;
}
