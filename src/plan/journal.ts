import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import type { BatchJob } from './batchJob.js';

/**
 * What an emulator was told and when: with the World's scenario and seed this is all that its state depends on,
 * so replaying it gives that state again, after a restart and in `simulate`. One JSON document per line.
 */
export interface Journal {
  header: JournalHeader;
  commands: JournalCommand[];
  /** How far campaign time had gone, as far as the journal tells. Seconds. */
  lastTime: number;
  /** Characters up to the end of the last whole line; what follows was torn by a crash. */
  wholeCharacters: number;
}

export interface JournalHeader {
  version: 1;
  scenario: { sha256: string; resolved: Scenario };
  seed: string;
  /** Campaign second 0, in seconds since the Unix epoch. */
  epochSeconds: number;
  /** Campaign seconds per wall second. */
  speed: number;
}

/** `t`: campaign seconds at which the World was told. A `tick` only says that time had gone so far. */
export type JournalCommand =
  | {
      t: number;
      command: 'submit';
      project: string;
      region: string;
      jobId: string;
      requestId: string;
      job: BatchJob;
    }
  | {
      t: number;
      command: 'cancel' | 'delete';
      project: string;
      region: string;
      jobId: string;
      requestId: string;
    }
  | { t: number; command: 'tick' };

/** Throws an InputError for a whole line that is not a journal's; a torn last line is left out. */
export function parseJournal(text: string, file: string): Journal {
  const wholeCharacters = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, wholeCharacters).split('\n').slice(0, -1);
  const header = lines[0] === undefined ? null : parseLine(lines[0], file, 1);
  if (!isHeader(header)) {
    throw inputError({
      file,
      path: 'line 1',
      found: shorten(lines[0] ?? ''),
      expected: 'the header of a journal (version 1, scenario, seed, epochSeconds, speed)',
    });
  }
  const commands: JournalCommand[] = [];
  let lastTime = 0;
  for (const [index, line] of lines.slice(1).entries()) {
    const command = parseLine(line, file, index + 2);
    if (!isCommand(command) || command.t < lastTime) {
      throw inputError({
        file,
        path: `line ${index + 2}`,
        found: shorten(line),
        expected: `a submit, cancel, delete or tick with t of at least ${lastTime}`,
      });
    }
    lastTime = command.t;
    commands.push(command);
  }
  return { header, commands, lastTime, wholeCharacters };
}

function parseLine(line: string, file: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw inputError({ file, path: `line ${number}`, found: shorten(line), expected: 'a JSON document' });
  }
}

function isHeader(value: unknown): value is JournalHeader {
  if (!isObject(value) || !isObject(value.scenario)) return false;
  return (
    value.version === 1 &&
    typeof value.scenario.sha256 === 'string' &&
    isObject(value.scenario.resolved) &&
    typeof value.seed === 'string' &&
    Number.isSafeInteger(value.epochSeconds) &&
    typeof value.speed === 'number'
  );
}

function isCommand(value: unknown): value is JournalCommand {
  if (!isObject(value) || typeof value.t !== 'number' || !Number.isFinite(value.t)) return false;
  if (value.command === 'tick') return true;
  const names = [value.project, value.region, value.jobId, value.requestId];
  if (!names.every((name) => typeof name === 'string')) return false;
  if (value.command === 'submit') return isObject(value.job);
  return value.command === 'cancel' || value.command === 'delete';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LONGEST_SHOWN = 80;

function shorten(line: string): string {
  const text = line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}...` : line;
  return JSON.stringify(text);
}
