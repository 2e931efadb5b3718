import { readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { Plan } from '../plan/plan.js';
import { type PlanFile, parsePlan, parsePlanFile } from '../plan/planFile.js';
import { inputError } from '../scenario/errors.js';
import { parseScenario } from '../scenario/parse.js';
import type { Scenario } from '../scenario/scenario.js';
import { listBucket, listFolder } from './listFiles.js';

export type Input = { kind: 'scenario'; scenario: Scenario } | { kind: 'plan'; plan: Plan };

const SCENARIO = 'a scenario (YAML)';
const PLAN = 'a plan (JSON, as `fepcast plan` writes it)';

export function loadScenario(file: string, overrides: readonly string[] = []): Scenario {
  const text = readText(file, SCENARIO);
  if (holdsPlan(file, text)) throw inputError({ file, found: 'a plan', expected: SCENARIO });
  return parseScenarioFile(text, file, overrides);
}

export function loadPlan(file: string): Plan {
  return parsePlan(readPlanText(file), file);
}

/** As the linter wants it: right in shape, and perhaps beyond what Batch allows. */
export function loadPlanFile(file: string): PlanFile {
  return parsePlanFile(readPlanText(file), file);
}

function readPlanText(file: string): string {
  const text = readText(file, PLAN);
  if (!holdsPlan(file, text)) throw inputError({ file, found: 'no JSON object with shards', expected: PLAN });
  return text;
}

/** A scenario or a plan, told apart by what the file holds. */
export function loadInput(file: string, overrides: readonly string[] = []): Input {
  const text = readText(file, `${SCENARIO} or ${PLAN}`);
  if (!holdsPlan(file, text)) return { kind: 'scenario', scenario: parseScenarioFile(text, file, overrides) };
  const override = overrides[0];
  if (override !== undefined) {
    const expected = 'no --set with a plan (its scenario has a hash): set it on the scenario and plan again';
    throw inputError({ file, path: '--set', found: `"${override}"`, expected });
  }
  return { kind: 'plan', plan: parsePlan(text, file) };
}

/** Files that a scenario names lie beside it. */
function parseScenarioFile(text: string, file: string, overrides: readonly string[]): Scenario {
  const folder = dirname(resolve(file));
  const readFile = (name: string): string => readFileSync(resolve(folder, name), 'utf8');
  const listFiles = (place: string): string[] =>
    place.startsWith('gs://') ? listBucket(place) : listFolder(resolve(folder, place));
  return parseScenario(text, { file, folder, overrides, readFile, listFiles });
}

/**
 * A plan is a JSON object with `shards`. JSON that does not parse counts as a plan by its file name or by that
 * word in it, so that a truncated plan.json is reported as broken JSON and not as odd YAML.
 */
function holdsPlan(file: string, text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'shards' in value;
  } catch {
    return extname(file) === '.json' || text.includes('"shards"');
  }
}

/** The text of a file that a person named; whatever is wrong with it is an InputError. */
export function readText(file: string, expected: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw inputError({ file, found: reason(error), expected });
  }
  if (text.trim() === '') throw inputError({ file, found: 'an empty file', expected });
  return text;
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EISDIR') return 'a directory';
  if (code === 'EACCES' || code === 'EPERM') return 'a file that may not be read';
  return `a file that cannot be read (${code})`;
}
