import type { FieldSchema, FieldType, MessageSchema, ProtoSchema } from './protoSchema.js';
import { parseDuration, parseTimestamp } from './protoTime.js';

/** One thing that is wrong with a message; `field` is its path, such as `taskGroups[0].paralelism`. */
export interface Violation {
  field: string;
  description: string;
}

export const JOB_MESSAGE = 'google.cloud.batch.v1.Job';

/** Checks a Batch job in proto-JSON against the official schema; see `checkMessage`. */
export function checkJob(schema: ProtoSchema, job: unknown): Violation[] {
  return checkMessage(schema, JOB_MESSAGE, job);
}

/**
 * A strict walk of a message in proto-JSON. The Node client drops misspelt fields and turns unknown enum names
 * and non-numeric strings into 0 without a word, so this is what stands between a typo and a campaign at
 * on-demand prices. Finds unknown fields, wrong types and forms, unknown enum names and numbers, two members of
 * one oneof, output-only fields that are set and required ones that are not. An empty result means valid.
 */
export function checkMessage(schema: ProtoSchema, messageName: string, value: unknown): Violation[] {
  const violations: Violation[] = [];
  checkFields(schema, schema.message(messageName), value, '', violations);
  return violations;
}

function checkFields(
  schema: ProtoSchema,
  message: MessageSchema,
  value: unknown,
  path: string,
  violations: Violation[],
): void {
  if (!isObject(value)) {
    violations.push({ field: path, description: `${show(value)} is not an object` });
    return;
  }
  for (const [name, content] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const field = message.fields.get(name);
    if (!field) violations.push({ field: at, description: unknownField(name, message, violations.length) });
    // null means unset in proto-JSON.
    else if (isSet(content)) checkField(schema, field, content, at, violations);
  }
  for (const [oneof, members] of message.oneofs) {
    const set = members.filter((member) => isSet(value[member]));
    if (set.length > 1) {
      violations.push({
        field: path,
        description: `${set.join(' and ')} are both set, but only one of ${oneof} may be`,
      });
    }
  }
  for (const field of message.fields.values()) {
    if (field.required && isEmpty(value[field.name])) {
      violations.push({
        field: path === '' ? field.name : `${path}.${field.name}`,
        description: 'is required',
      });
    }
  }
}

function checkField(
  schema: ProtoSchema,
  field: FieldSchema,
  content: unknown,
  at: string,
  violations: Violation[],
): void {
  if (field.outputOnly) {
    if (!isEmpty(content)) {
      violations.push({ field: at, description: 'is output only: the service sets it' });
    }
    return;
  }
  if (field.shape === 'single') {
    checkValue(schema, field.type, content, at, violations);
  } else if (field.shape === 'list') {
    if (!Array.isArray(content)) {
      violations.push({ field: at, description: `${show(content)} is not a list` });
      return;
    }
    content.forEach((item, index) => {
      checkValue(schema, field.type, item, `${at}[${index}]`, violations);
    });
  } else {
    if (!isObject(content)) {
      violations.push({ field: at, description: `${show(content)} is not a map` });
      return;
    }
    for (const [key, item] of Object.entries(content)) {
      const wrong = field.keyType === 'string' ? null : scalarFault(field.keyType ?? 'string', key);
      if (wrong) violations.push({ field: at, description: `key ${wrong}` });
      checkValue(schema, field.type, item, `${at}.${key}`, violations);
    }
  }
}

function checkValue(
  schema: ProtoSchema,
  type: FieldType,
  value: unknown,
  at: string,
  violations: Violation[],
): void {
  if (type.kind === 'message' && !WELL_KNOWN.has(type.name)) {
    checkFields(schema, schema.message(type.name), value, at, violations);
    return;
  }
  const fault =
    type.kind === 'scalar'
      ? scalarFault(type.name, value)
      : type.kind === 'enum'
        ? enumFault(type.values, value)
        : wellKnownFault(type.name, value);
  if (fault) violations.push({ field: at, description: fault });
}

/** Messages that proto-JSON writes as strings. */
export const WELL_KNOWN = new Set(['google.protobuf.Duration', 'google.protobuf.Timestamp']);

function wellKnownFault(name: string, value: unknown): string | null {
  const isDuration = name === 'google.protobuf.Duration';
  const parsed = typeof value !== 'string' ? null : isDuration ? parseDuration(value) : parseTimestamp(value);
  if (parsed) return null;
  return `${show(value)} is not a ${isDuration ? 'duration such as "43200s"' : 'time such as "2026-11-02T08:00:00Z"'}`;
}

function enumFault(values: ReadonlyMap<string, number>, value: unknown): string | null {
  if (typeof value === 'string' && values.has(value)) return null;
  if (typeof value === 'number' && [...values.values()].includes(value)) return null;
  const names = [...values.keys()];
  const close = typeof value === 'string' ? closest(value, names) : null;
  return `${show(value)} is not one of ${names.join(', ')}${close ? `; did you mean ${close}?` : ''}`;
}

const INTEGER = /^-?\d{1,20}$/;

function scalarFault(type: string, value: unknown): string | null {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? null : `${show(value)} is not a string`;
    case 'bytes':
      return typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)
        ? null
        : `${show(value)} is not a base64 string`;
    case 'bool':
      return typeof value === 'boolean' ? null : `${show(value)} is not true or false`;
    case 'float':
    case 'double': {
      const ok =
        typeof value === 'number' ||
        (typeof value === 'string' &&
          value.trim() !== '' &&
          (!Number.isNaN(Number(value)) || value === 'NaN'));
      return ok ? null : `${show(value)} is not a number`;
    }
    default:
      return integerFault(type, value);
  }
}

function integerFault(type: string, value: unknown): string | null {
  const bits = type.endsWith('64') ? 64n : 32n;
  const unsigned = type.startsWith('u') || type.startsWith('fixed');
  const [low, high] = unsigned ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  // A number beyond 2^53 has lost digits on its way through JSON: it must be written as a string.
  const ok =
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && INTEGER.test(value));
  if (!ok) return `${show(value)} is not a whole number`;
  const whole = BigInt(value as number | string);
  return whole >= low && whole <= high ? null : `${show(value)} does not fit ${type}`;
}

/** Nobody reads more suggestions, and each costs time. */
const MOST_SUGGESTIONS = 100;

function unknownField(name: string, message: MessageSchema, before: number): string {
  const close = before < MOST_SUGGESTIONS ? closest(name, [...message.fields.keys()]) : null;
  return `unknown field of ${message.name.split('.').at(-1)}${close ? `; did you mean ${close}?` : ''}`;
}

/** The name that was probably meant: two letters or a third of them differ at most, case and underscores aside. */
function closest(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '');
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    // So many letters more or less differ for sure, and a name may be as long as a client likes.
    if (Math.abs(name.replaceAll('_', '').length - candidate.length) > Math.max(2, candidate.length / 3))
      continue;
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance && distance <= Math.max(2, candidate.length / 3)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Absent, or what proto3 cannot tell from absent. */
function isEmpty(value: unknown): boolean {
  return !isSet(value) || value === '' || (Array.isArray(value) && value.length === 0);
}

const LONGEST_SHOWN = 60;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}
