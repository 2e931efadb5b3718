import type { z } from 'zod';
import type { Mismatch } from './description.js';
import { InputError, inputError } from './errors.js';
import { scenarioNode } from './fields/scenario.js';
import { found } from './found.js';
import { formatPath, type Path, parsePath, valueAt } from './paths.js';
import type { Scenario } from './scenario.js';
import { resolvedSchema } from './zodSchemas.js';

export interface Where {
  file?: string | undefined;
  /** Of the scenario inside the file. */
  path?: string | undefined;
}

/** More tasks than any campaign; a task number must stay a small integer. */
export const MOST_TASKS = 10_000_000;

// The description is checked against the type Scenario where it is written (fields/scenario.ts).
const schema = resolvedSchema(scenarioNode) as z.ZodType<Scenario>;

/**
 * A resolved scenario, checked in full: every key is there, none is unknown, every value is possible and agrees
 * with the others. Nothing is filled in. Throws InputError.
 */
export function checkResolvedScenario(value: unknown, where: Where): Scenario {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw firstIssue(parsed.error, where);
  const scenario = parsed.data;
  for (const { at = [], found, expected } of disagreements(scenario)) {
    throw inputError({ ...place(where, at), found, expected });
  }
  return scenario;
}

/** The issue that explains most: an unknown key is often why another one is missing. */
export function firstIssue(error: z.ZodError, where: Where): InputError {
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0]!;
  const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const { file, path } = place(where, [...(issue.path as (string | number)[]), ...key]);
  const at = [file, path].filter((part) => part !== undefined && part !== '').map((part) => `${part}: `);
  return new InputError(`${at.join('')}${issue.message}`);
}

function place(where: Where, path: Path): { file?: string; path?: string } {
  const inside = formatPath([
    ...(where.path === undefined || where.path === '' ? [] : [where.path]),
    ...path,
  ]);
  return { ...(where.file !== undefined && { file: where.file }), ...(inside !== '' && { path: inside }) };
}

function* disagreements({ campaign, regions, decisions, cloud, ...rest }: Scenario): Generator<Mismatch> {
  const names = Object.keys(regions);
  if (names.length === 0) yield { at: ['regions'], found: 'an empty map', expected: 'at least one region' };
  const tasks = campaign.molecules * campaign.windows;
  if (tasks > MOST_TASKS) {
    const found = `${campaign.molecules} molecules x ${campaign.windows} windows = ${tasks} tasks`;
    yield { at: ['campaign'], found, expected: `at most ${MOST_TASKS} tasks` };
  }
  yield* strangers(['decisions', 'parallelism'], decisions.parallelism, names);
  if (Object.values(decisions.parallelism).every((vms) => vms === 0)) {
    yield { at: ['decisions', 'parallelism'], found: 'no VMs', expected: 'VMs in at least one region' };
  }
  const { timeOfDay } = rest.spot;
  if (timeOfDay !== null && timeOfDay.dayToHour <= timeOfDay.dayFromHour) {
    yield {
      at: ['spot', 'timeOfDay', 'dayToHour'],
      found: String(timeOfDay.dayToHour),
      expected: `an hour after dayFromHour, which is ${timeOfDay.dayFromHour}`,
    };
  }
  if (cloud !== null) yield* strangers(['cloud', 'regions'], cloud.regions, names);
  yield* workOf(campaign, rest.work);
  yield* taskProblems(rest.task);
  yield* strayGuesses({ campaign, regions, decisions, cloud, ...rest });
}

/** The work and the counts of the campaign are two ways to say the same. */
function* workOf({ molecules, windows }: Scenario['campaign'], work: Scenario['work']): Generator<Mismatch> {
  if (work === null) return;
  if (work.table === null) {
    yield { at: ['work'], found: 'no tasks', expected: 'a table, or inputs with a pattern' };
    return;
  }
  const counts = { molecules: work.table.molecules.length, windows: work.table.windows.length };
  for (const [key, said] of [
    ['molecules', molecules],
    ['windows', windows],
  ] as const) {
    if (said === counts[key]) continue;
    const expected = `${counts[key]}, as in ${work.table.file} (or nothing: it is counted there)`;
    yield { at: ['campaign', key], found: String(said), expected };
  }
}

/** Each adapter has its own keys. */
function* taskProblems(task: Scenario['task']): Generator<Mismatch> {
  if (task.adapter === 'command') {
    if (task.command.length > 0) return;
    const expected = 'the program and its arguments (adapter command)';
    yield { at: ['task', 'command'], found: 'an empty list', expected };
    return;
  }
  for (const key of ['command', 'checkpointFiles', 'outputs', 'doneFile', 'progress'] as const) {
    const value = task[key];
    if (value === null || value.length === 0) continue;
    yield { at: ['task', key], found: found(value), expected: 'nothing, unless the adapter is command' };
  }
}

function* strangers(at: Path, table: Record<string, unknown>, names: readonly string[]): Generator<Mismatch> {
  for (const name of Object.keys(table)) {
    if (names.includes(name)) continue;
    yield {
      at: [...at, name],
      found: 'a region that the scenario lacks',
      expected: `one of ${names.join(', ')}`,
    };
  }
}

function* strayGuesses(scenario: Scenario): Generator<Mismatch> {
  for (const [path, { low, high }] of Object.entries(scenario.guesses)) {
    const steps = parsePath(path);
    const value = steps === null || steps[0] === 'guesses' ? undefined : valueAt(scenario, steps);
    if (typeof value !== 'number') {
      yield {
        at: ['guesses', path],
        found: 'the path of no number',
        expected: 'the path of a quantity of this scenario',
      };
    } else if (value < low || value > high) {
      yield {
        at: ['guesses', path],
        found: `${found(value)} outside ${low} to ${high}`,
        expected: 'a range that holds the value',
      };
    }
  }
}
