import { z } from 'zod';
import { canonicalJson, scenarioSha256 } from '../scenario/canonical.js';
import { inputError } from '../scenario/errors.js';
import { fillDefaults } from '../scenario/fillDefaults.js';
import { either, found } from '../scenario/found.js';
import { formatPath, isMap } from '../scenario/paths.js';
import { checkResolvedScenario } from '../scenario/resolve.js';
import type { WorkTable } from '../scenario/scenario.js';
import { METRICS } from './forecast.js';
import { liveStampSchema } from './liveStamp.js';
import type { Plan, Shard } from './plan.js';

/**
 * The shape of plan.json. It is strict about names and kinds, and loose about figures: what exceeds a limit of a
 * service is a finding of the linter, so it has to get through here. The order of the keys is the order in
 * which a plan is written. What a plan of an older version lacks has a default.
 */
const whole = z.int().min(0);
const positive = z.int().min(1);
const amount = z.number().min(0);
const text = z.string().min(1);
const provisioning = z.enum(['spot', 'onDemand', 'flexStart']);
const texts = z.record(z.string(), z.string());

const shard = z.strictObject({
  id: text,
  region: z.union([text, z.array(text).min(1)], 'a region, such as us-central1'),
  firstTask: whole,
  taskCount: positive,
  parallelism: positive,
  provisioning,
  maxRetryCount: whole,
  wave: whole,
});

const summary = z.strictObject({
  mean: z.number(),
  sd: z.number(),
  p1: z.number(),
  p10: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
});

const range = z.strictObject({ p10: z.number(), p50: z.number(), p90: z.number() });

/** Lists and variables are told to tasks as texts with a line for each element. */
const line = z.string().regex(/^[^\r\n\0]+$/, 'a text without line breaks');
const value = z.string().regex(/^[^\r\n\0]*$/, 'a text without line breaks');

const work = z.strictObject({
  file: text,
  sha256: text,
  folder: z.string(),
  molecules: z.array(text).min(1),
  windows: z.array(z.strictObject({ leg: text, repeat: text, window: text })).min(1),
  inputs: z.array(text).min(1),
});

const task = z.strictObject({
  adapter: z.enum(['gromacs', 'command']),
  maxRunDurationSeconds: positive.nullable(),
  command: z.array(line).default([]),
  environment: z.record(z.string(), value).default({}),
  checkpointFiles: z.array(line).default([]),
  outputs: z.array(line).default([]),
  doneFile: line.nullable().default(null),
  progress: line.nullable().default(null),
  stopSignal: z.enum(['TERM', 'INT', 'USR1']).default('TERM'),
  restartFromZero: z.boolean().default(true),
  stallSeconds: z.number().positive().default(600),
});

const cloud = z.strictObject({
  project: text.nullable(),
  serviceAccount: text.nullable(),
  labels: texts,
  tags: z.array(z.string()),
  network: text.nullable().default(null),
  externalIp: z.boolean(),
  nat: z.boolean().default(false),
  installGpuDrivers: z.boolean(),
  secretEnvironment: texts.default({}),
  state: text.nullable(),
  regions: z.record(
    z.string(),
    z.strictObject({
      subnetwork: text.nullable(),
      zones: z.array(text).min(1).nullable(),
      avoidZones: z.array(text).default([]),
      imageUri: text.nullable(),
      bootImage: text.nullable(),
      scratchBucket: text.nullable(),
      resultsBucket: text.nullable(),
      reservation: text.nullable().default(null),
    }),
  ),
});

const finding = z.strictObject({
  rule: text,
  severity: z.enum(['error', 'warning']),
  path: z.string(),
  message: z.string(),
  found: z.union([z.string(), z.number()]),
  limit: z.union([z.string(), z.number()]),
  source: z.string(),
});

const alternative = z.strictObject({
  name: text,
  makespanHours: range,
  costUsd: range,
  tasksFailed: z.number(),
  verdict: z.string(),
});

export const planFileSchema = z.strictObject({
  version: z.literal(1),
  id: text,
  scenario: z.strictObject({
    name: text,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 (64 hex digits)'),
    /** Checked by the scenario's own schema. */
    resolved: z.record(z.string(), z.unknown()),
  }),
  campaign: z.strictObject({ molecules: positive, windows: positive, tasks: positive }),
  machine: z.strictObject({
    type: text,
    accelerator: text.nullable(),
    bootDiskType: text,
    bootDiskGb: positive,
  }),
  image: z.strictObject({ uriByRegion: texts, delivery: z.enum(['pull', 'streaming', 'baked']) }),
  work: work.nullable().default(null),
  task,
  cloud: cloud.nullable(),
  checkpoint: z.strictObject({
    policy: z.enum(['none', 'periodic', 'aligned', 'adaptive']),
    engineIntervalSeconds: amount,
    intervalSeconds: amount,
    jitterSeconds: amount,
    firstPhase: z.enum(['random', 'none']),
    flushOnNotice: z.boolean(),
  }),
  buckets: z.enum(['perRegion', 'one']),
  startup: z.strictObject({ spreadSeconds: amount }),
  shards: z.array(shard),
  waveStart: z.enum(['finished', 'drained']),
  remainder: z.strictObject({
    policy: z.enum(['leave', 'sameRegion', 'anyRegion', 'onDemand']),
    maxRounds: whole,
  }),
  tail: z.strictObject({
    onDemandLastPercent: z.number().min(0).max(100),
    onDemandAfterPreemptions: positive.nullable(),
  }),
  guard: z.strictObject({
    budgetUsd: amount.nullable(),
    deadlineHours: amount.nullable(),
    onBudget: z.enum(['warn', 'stop', 'cancel']),
    onDeadline: z.enum(['warn', 'stop', 'cancel']),
    maxUnattendedUsd: amount.nullable(),
  }),
  live: liveStampSchema.nullable().default(null),
  forecast: z.record(z.enum(METRICS), summary).nullable(),
  alternatives: z.array(alternative),
  findings: z.array(finding),
});

export type ShardFile = Omit<Shard, 'region'> & { region: string | string[] };

/** A plan as its file may have it: of the right shape, and perhaps beyond what Batch allows. */
export type PlanFile = Omit<Plan, 'shards'> & { shards: ShardFile[] };

/**
 * Reads plan.json for the linter. Anything but a plan is an InputError: the file, the place in it, what was found
 * there and what was expected. An embedded scenario that is not the one of its hash is one, too.
 */
export function parsePlanFile(source: string, file: string): PlanFile {
  const checked = planFileSchema.safeParse(parseJson(source, file), { reportInput: true });
  if (!checked.success) throw shapeError(checked.error, file);
  const { data } = checked;
  const raw = withTable(data.scenario.resolved, data.work);
  const resolved = checkResolvedScenario(fillDefaults(raw).resolved, { file, path: 'scenario.resolved' });
  const sha256 = scenarioSha256(raw);
  if (sha256 !== data.scenario.sha256) {
    throw inputError({
      file,
      path: 'scenario.sha256',
      found: abbreviated(data.scenario.sha256),
      expected: `${abbreviated(sha256)} (the embedded scenario was changed after planning; run fepcast plan again)`,
    });
  }
  const work = resolved.work?.table ?? null;
  if (canonicalJson(work) !== canonicalJson(data.work)) {
    const expected = 'the tasks of the embedded scenario (run fepcast plan again)';
    throw inputError({ file, path: 'work', found: found(data.work), expected });
  }
  return { ...data, scenario: { ...data.scenario, sha256: scenarioSha256(resolved), resolved }, work };
}

/** The file has the tasks once, beside the scenario. */
function withTable<S extends { work?: unknown }>(scenario: S, table: WorkTable | null): S {
  const { work } = scenario;
  return isMap(work) ? { ...scenario, work: { ...work, table } } : scenario;
}

/** Reads plan.json for everybody else: every shard has one region. */
export function parsePlan(source: string, file: string): Plan {
  const plan = parsePlanFile(source, file);
  const shards = plan.shards.map((shard, i): Shard => {
    const { region } = shard;
    if (typeof region === 'string') return { ...shard, region };
    throw inputError({
      file,
      path: `shards[${i}].region`,
      found: `${region.length} regions (${region.join(', ')})`,
      expected: 'one region (a Batch job lives in one region; fepcast lint tells more)',
    });
  });
  return { ...plan, shards };
}

/** plan.json: readable, in the schema's order of keys, the same bytes for the same plan. */
export function formatPlan(plan: Plan): string {
  const { scenario } = plan;
  const slim = { ...plan, scenario: { ...scenario, resolved: withTable(scenario.resolved, null) } };
  return `${JSON.stringify(planFileSchema.parse(slim), null, 2)}\n`;
}

const A_PLAN = 'a plan (JSON, as fepcast plan writes it)';

function parseJson(source: string, file: string): unknown {
  if (source.trim() === '') throw inputError({ file, found: 'an empty file', expected: A_PLAN });
  try {
    return JSON.parse(source);
  } catch {
    const position = errorPosition(source);
    const before = source.slice(0, position).split('\n');
    const path = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    // An unterminated string is reported at the end of the text, like everything else that is cut off.
    const truncated = source.slice(position).trim() === '';
    throw truncated
      ? inputError({
          file,
          path,
          found: 'the end of the file',
          expected: 'the rest of the plan (it is truncated)',
        })
      : inputError({ file, path, found: excerpt(source.slice(position)), expected: 'valid JSON' });
  }
}

/**
 * Where JSON.parse stops. V8 names the position of every error but an unexpected token's: that one is the last
 * character of the shortest prefix that has this error.
 */
function errorPosition(source: string): number {
  const reported = reportedPosition(source);
  if (reported !== null) return reported;
  let low = 1;
  let high = source.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reportedPosition(source.slice(0, middle)) === null) high = middle;
    else low = middle + 1;
  }
  return high - 1;
}

/** Null for an unexpected token; the end for text that is complete or cut off. */
function reportedPosition(source: string): number | null {
  try {
    JSON.parse(source);
    return source.length;
  } catch (error) {
    const sentence = error instanceof Error ? error.message : '';
    const position = /at position (\d+)/.exec(sentence)?.[1];
    if (position !== undefined) return Number(position);
    return sentence.startsWith('Unexpected token') ? null : source.length;
  }
}

/** At most 24 characters of it, quoted as in JSON. */
function excerpt(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return JSON.stringify(line.length > 24 ? `${line.slice(0, 24)}…` : line);
}

function abbreviated(sha256: string): string {
  return `${sha256.slice(0, 8)}…`;
}

/** The first thing that is wrong with the shape, as a sentence. */
function shapeError(error: z.ZodError, file: string): Error {
  const issue = error.issues[0];
  if (!issue) return error;
  const keys = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  return inputError({
    file,
    path: formatPath(unknownKey === undefined ? keys : [...keys, unknownKey]),
    found: unknownKey === undefined ? found(issue.input) : 'an unknown key',
    expected: unknownKey === undefined ? expectedBy(issue) : 'no such key',
  });
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return either(issue.values.map(String));
    case 'too_small':
      return issue.origin === 'string' ? 'a text that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};
