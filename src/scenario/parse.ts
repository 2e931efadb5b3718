import { parseDocument } from 'yaml';
import { InputError, inputError } from './errors.js';
import { scenarioNode } from './fields/scenario.js';
import { findWork, type WorkReaders } from './findWork.js';
import { found } from './found.js';
import { gpuQuotaOf } from './gpuQuota.js';
import { fillListPrices } from './listPrices.js';
import { applyOverrides } from './overrides.js';
import { formatPath, isMap, type Path } from './paths.js';
import { fillPreset } from './presets.js';
import { Guessed } from './quantity.js';
import { checkResolvedScenario, firstIssue } from './resolve.js';
import type { Decisions, Region, Scenario } from './scenario.js';
import { fillUtcOffsets } from './utcOffsets.js';
import { DataReference, yamlSchema } from './zodSchemas.js';

export interface ParseOptions extends WorkReaders {
  /** `path=value`, as `--set` takes them. */
  overrides?: readonly string[];
}

const A_SCENARIO = 'a scenario: a map with name, campaign and regions';
const schema = yamlSchema(scenarioNode);

/**
 * The resolved scenario of a YAML text: SI units, defaults filled in, overrides applied. A resolved scenario, as
 * YAML or JSON, parses to itself. Throws InputError with one sentence for whatever is wrong.
 */
export function parseScenario(text: string, options: ParseOptions = {}): Scenario {
  return resolve(readYaml(text, options.file), options);
}

/** The scenario with `path=value` overrides; presets and defaults that were filled in before stay as they are. */
export function overrideScenario(
  scenario: Scenario,
  overrides: readonly string[],
  options: Omit<ParseOptions, 'overrides'> = {},
): Scenario {
  return resolve({ ...scenario }, { ...options, overrides });
}

function resolve(yaml: Record<string, unknown>, options: ParseOptions): Scenario {
  const { file, overrides = [] } = options;
  const overridden = applyOverrides(yaml, overrides, file);
  const told = findWork(overridden, options);
  const parsed = schema.safeParse(fillUtcOffsets(fillListPrices(fillPreset(told))));
  if (!parsed.success) throw firstIssue(parsed.error, { file });
  const guesses: Scenario['guesses'] = {};
  const settled = settle(parsed.data, [], guesses, options) as Scenario;
  return checkResolvedScenario(
    {
      ...settled,
      decisions: { ...settled.decisions, parallelism: parallelismOf(settled) },
      guesses: { ...settled.guesses, ...guesses },
    },
    { file },
  );
}

function readYaml(text: string, file: string | undefined): Record<string, unknown> {
  const where = file === undefined ? {} : { file };
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    const reason = error.message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '');
    throw inputError({
      ...where,
      ...(line !== undefined && { path: `line ${line}` }),
      found: `broken YAML (${reason})`,
      expected: A_SCENARIO,
    });
  }
  const value = toValue(document, where);
  if (isMap(value)) return value;
  throw inputError({
    ...where,
    path: 'line 1',
    found: value === null ? 'an empty file' : found(value),
    expected: A_SCENARIO,
  });
}

function toValue(document: ReturnType<typeof parseDocument>, where: { file?: string }): unknown {
  try {
    return document.toJS({ maxAliasCount: 1_000 });
  } catch (error) {
    // Aliases that multiply without end, or that lead nowhere.
    const reason = error instanceof Error ? error.message : String(error);
    throw inputError({ ...where, found: `YAML that cannot be used (${reason})`, expected: A_SCENARIO });
  }
}

/** Takes the values out of guesses, noting their ranges by path, and reads the files that are named. */
function settle(value: unknown, path: Path, guesses: Scenario['guesses'], options: ParseOptions): unknown {
  if (value instanceof Guessed) {
    guesses[formatPath(path)] = { low: value.low, high: value.high };
    return value.value;
  }
  if (value instanceof DataReference) return readData(value, path, options);
  if (Array.isArray(value)) return value.map((item, i) => settle(item, [...path, i], guesses, options));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, settle(member, [...path, key], guesses, options)]),
  );
}

function readData({ file: name, format }: DataReference, path: Path, { file, readFile }: ParseOptions) {
  const where = { ...(file !== undefined && { file }), path: formatPath(path) };
  const expected = `a file that can be read, with ${format.what}`;
  if (readFile === undefined) throw inputError({ ...where, found: found(name), expected });
  let text: string;
  try {
    text = readFile(name);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw inputError({ ...where, found: `${found(name)} (${reason})`, expected });
  }
  return format.parse(name, text);
}

/** What was given, less the regions that take no part; else what the quota of each region allows. */
function parallelismOf({ decisions, regions }: Scenario): Decisions['parallelism'] {
  const given: Decisions['parallelism'] | undefined = decisions.parallelism;
  if (given !== undefined) return used(given);
  const kind = gpuQuotaOf(decisions.provisioning);
  const byQuota = used(mapValues(regions, ({ quota }: Region) => quota[kind]));
  // Without any quota the campaign still has jobs: they wait, and say so.
  return Object.keys(byQuota).length > 0 ? byQuota : mapValues(regions, () => 1);
}

const used = (parallelism: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(parallelism).filter(([, vms]) => vms > 0));

const mapValues = <V, W>(table: Record<string, V>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, map(value)]));
