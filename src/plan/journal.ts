import { scenarioSha256 } from '../scenario/canonical.js';
import { inputError } from '../scenario/errors.js';
import { fillDefaults } from '../scenario/fillDefaults.js';
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
  /** From here time goes on: no client has been told of a later time. Seconds, at least `lastTime`. */
  resumeTime: number;
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
  /** Tasks are real processes, whose ends the journal tells; absent: the World times them. */
  tasks?: 'local';
}

/** Something that a tester makes happen to a region at a campaign second. */
export type WorldFault = { region: string; at: number } & (
  | {
      /** This share of the region's Spot VMs is taken away at once. */
      kind: 'preempt';
      share: number;
    }
  | {
      /**
       * For so many seconds `stockout`: no VM can be had; `imageUnavailable`: pulls that end fail with exit code 1;
       * `agentSilent`: no VM of the jobs submitted meanwhile ever reports, and Batch gives these jobs up.
       */
      kind: 'stockout' | 'imageUnavailable' | 'agentSilent';
      seconds: number;
    }
);

/**
 * `t`: campaign seconds at which the World was told. A `tick` only says that time had gone so far, and, with
 * `until`, that clients may have been told of times up to then.
 */
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
  /** A local task has ended; `jobNumber` counts the submits from 0. */
  | { t: number; command: 'end'; jobNumber: number; task: number; exitCode: number }
  | {
      t: number;
      command: 'cancelOperation' | 'deleteOperation';
      project: string;
      region: string;
      operationId: string;
    }
  | { t: number; command: 'fault'; fault: WorldFault }
  | { t: number; command: 'tick'; until?: number };

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
  let told = 0;
  for (const [index, line] of lines.slice(1).entries()) {
    const command = parseLine(line, file, index + 2);
    if (!isCommand(command) || command.t < lastTime) {
      throw inputError({
        file,
        path: `line ${index + 2}`,
        found: shorten(line),
        expected: `a submit, cancel, delete, end, fault or tick with t of at least ${lastTime}`,
      });
    }
    lastTime = command.t;
    if (command.command === 'tick') told = command.until ?? command.t;
    commands.push(command);
  }
  return {
    header: upToDate(header),
    commands,
    lastTime,
    resumeTime: Math.max(told, lastTime),
    wholeCharacters,
  };
}

/** With what the scenario of an older version lacks at its default, as a plan of that version is read. */
function upToDate(header: JournalHeader): JournalHeader {
  const { sha256, resolved } = header.scenario;
  // Another hash is somebody's own doing: whoever compares it is to see it.
  if (scenarioSha256(resolved) !== sha256) return header;
  const filled = fillDefaults(resolved).resolved as Scenario;
  return { ...header, scenario: { sha256: scenarioSha256(filled), resolved: filled } };
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
    typeof value.speed === 'number' &&
    (value.tasks === undefined || value.tasks === 'local')
  );
}

function isCommand(value: unknown): value is JournalCommand {
  if (!isObject(value) || typeof value.t !== 'number' || !Number.isFinite(value.t)) return false;
  switch (value.command) {
    case 'tick':
      return value.until === undefined || typeof value.until === 'number';
    case 'fault':
      return isObject(value.fault) && typeof value.fault.kind === 'string';
    case 'end':
      return [value.jobNumber, value.task, value.exitCode].every(isCount);
    case 'submit':
      return isObject(value.job) && areTexts(value.project, value.region, value.jobId, value.requestId);
    case 'cancel':
    case 'delete':
      return areTexts(value.project, value.region, value.jobId, value.requestId);
    case 'cancelOperation':
    case 'deleteOperation':
      return areTexts(value.project, value.region, value.operationId);
    default:
      return false;
  }
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LONGEST_SHOWN = 80;

function shorten(line: string): string {
  const text = line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}...` : line;
  return JSON.stringify(text);
}
