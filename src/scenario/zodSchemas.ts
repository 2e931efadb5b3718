import { z } from 'zod';
import { type DataFormat, isEmbedded } from './dataFile.js';
import {
  type AnyNode,
  type Data,
  type Group,
  type List,
  type Mismatch,
  type OneOf,
  type Table,
  type Text,
  yamlKey,
} from './description.js';
import { either, found } from './found.js';
import { isMap } from './paths.js';
import { checkQuantity, type Read, readAlias, readQuantity } from './quantity.js';

/** A file that YAML names and that is still to be read. */
export class DataReference {
  readonly file: string;
  readonly format: DataFormat;

  constructor(file: string, format: DataFormat) {
    this.file = file;
    this.format = format;
  }
}

/**
 * The schema of the YAML form. Its output has the keys and units of the resolved form and its defaults; quantities
 * with a range are `Guessed` and files `DataReference` there, for the caller to settle. Every message reads
 * "found ..., expected ...".
 */
export function yamlSchema(node: AnyNode): z.ZodType {
  return build(node, { resolved: false, bare: false });
}

/** The strict schema of the resolved form: every key there, numbers in SI units, nothing else. */
export function resolvedSchema(node: AnyNode): z.ZodType {
  return build(node, { resolved: true, bare: true });
}

/** `bare`: plain numbers are understood, because the unit stands in an outer key. */
interface Form {
  readonly resolved: boolean;
  readonly bare: boolean;
}

function build(node: AnyNode, form: Form): z.ZodType {
  switch (node.node) {
    case 'numeric':
      return leaf((value) =>
        form.resolved ? verdict(value, checkQuantity(node, value)) : readQuantity(node, value, form.bare),
      );
    case 'choice':
      return leaf((value) => {
        const known = typeof value === 'string' && node.options.includes(value);
        return known ? { value } : { mismatch: { found: found(value), expected: either(node.options) } };
      });
    case 'text':
      return leaf((value) => readText(node, value));
    case 'flag':
      return leaf((value) =>
        typeof value === 'boolean'
          ? { value }
          : { mismatch: { found: found(value), expected: 'true or false' } },
      );
    case 'data':
      return data(node, form);
    case 'list':
      return list(node, form);
    case 'table':
      return table(node, form);
    case 'oneOf':
      return oneOf(node, form);
    case 'group':
      return group(node, form);
  }
}

function leaf(read: (value: unknown) => Read<unknown>): z.ZodType {
  return z.unknown().transform((value, context) => {
    const result = read(value);
    if ('value' in result) return result.value;
    report(context, result.mismatch);
    return z.NEVER;
  });
}

const verdict = (value: unknown, mismatch: Mismatch | null): Read<unknown> =>
  mismatch === null ? { value } : { mismatch };

function report(context: z.RefinementCtx, { found: what, expected, at = [] }: Mismatch): void {
  context.addIssue({ code: 'custom', path: [...at], message: `found ${what}, expected ${expected}` });
}

const wrong =
  (expected: string) =>
  ({ input }: { input?: unknown }): string =>
    `found ${found(input)}, expected ${expected}`;

function readText(node: Text, value: unknown): Read<string | null> {
  if (value === null && node.nullable) return { value };
  if (typeof value === 'string' && node.pattern.test(value)) return { value };
  const expected = `${node.what}, such as ${node.example}${node.nullable ? ', or null' : ''}`;
  return { mismatch: { found: found(value), expected } };
}

/** What the file holds: named in YAML, embedded with its digest in the resolved form. */
function data({ format, nullable }: Data, form: Form): z.ZodType {
  const embedded = form.resolved ? format.embedded : `the name of a file with ${format.what}`;
  const expected = nullable ? `${embedded}, or null` : embedded;
  return leaf((value) => {
    if (value === null && nullable) return { value };
    if (!form.resolved && typeof value === 'string' && value.trim() !== '')
      return { value: new DataReference(value, format) };
    return isMap(value) && isEmbedded(format, value)
      ? { value }
      : { mismatch: { found: found(value), expected } };
  });
}

function list(node: List, form: Form): z.ZodType {
  const items = z.array(build(node.of, form), { error: wrong(node.what) });
  const checked = form.resolved
    ? items.superRefine((values, context) => {
        const mismatch = node.check(values);
        if (mismatch !== null) report(context, mismatch);
      })
    : items;
  return node.nullable ? checked.nullable() : checked;
}

function table(node: Table, form: Form): z.ZodType {
  const { pattern, what, example } = node.name;
  const named = z.unknown().superRefine((value, context) => {
    if (!isMap(value))
      return report(context, { found: found(value), expected: `a map by name, such as ${example}` });
    for (const key of Object.keys(value)) {
      if (!pattern.test(key))
        report(context, { at: [key], found: found(key), expected: `${what}, such as ${example}` });
    }
  });
  return named.pipe(z.record(z.string(), build(node.of, form)));
}

function oneOf(node: OneOf, form: Form): z.ZodType {
  const names = Object.keys(node.options);
  const expected = `${node.what}: one of ${either(names)}, such as ${node.example}`;
  const shape = Object.fromEntries(
    Object.entries(node.options).map(([key, option]) => [key, build(option, form).optional()]),
  );
  return strictObject(shape, expected, names).superRefine((value, context) => {
    const given = names.filter((key) => value[key] !== undefined);
    if (given.length === 1) return;
    report(context, {
      found: given.length === 0 ? 'none' : either(given).replace(' or ', ' and '),
      expected,
    });
  });
}

function group(node: Group, form: Form): z.ZodType {
  const filled = form.resolved ? resolvedGroup(node, form) : yamlGroup(node, form);
  return node.nullable ? filled.nullable() : filled;
}

function resolvedGroup(node: Group, form: Form): z.ZodType {
  const keys = Object.keys(node.fields);
  const shape = Object.fromEntries(
    Object.entries(node.fields).map(([key, field]) => [key, build(field, form)]),
  );
  return strictObject(shape, `a map with the keys ${keys.join(', ')}`, keys);
}

/** One way to write a field: its key, and what reads it. */
interface Spelling {
  readonly key: string;
  readonly schema: z.ZodType;
}

function yamlGroup(node: Group, form: Form): z.ZodType {
  const fields = Object.entries(node.fields).map(([key, field]) => ({
    key,
    field,
    spellings: spellings(key, field, form),
  }));
  const keys = fields.map(({ spellings: [first] }) => first!.key);
  const shape = Object.fromEntries(
    fields.flatMap((field) => field.spellings.map(({ key, schema }) => [key, schema.optional()])),
  );
  return strictObject(shape, `a map with the keys ${keys.join(', ')}`, keys).transform((given, context) => {
    const resolved: Record<string, unknown> = {};
    for (const { key, field, spellings: ways } of fields) {
      const used = ways.filter((way) => given[way.key] !== undefined);
      const [first, second] = used;
      if (second !== undefined) {
        report(context, {
          at: [second.key],
          found: `${first!.key} and ${second.key}`,
          expected: 'only one of them',
        });
      }
      const value = first === undefined ? fallback(field, ways[0]!, context) : given[first.key];
      if (value !== undefined) resolved[key] = value;
    }
    return resolved;
  });
}

function spellings(key: string, field: AnyNode, form: Form): Spelling[] {
  const short = yamlKey(key, field);
  const ways = [{ key: short, schema: build(field, short === key ? form : { ...form, bare: false }) }];
  if (short !== key) ways.push({ key, schema: build(field, { ...form, bare: true }) });
  const alias = field.node === 'numeric' ? field.alias : null;
  if (alias !== null) ways.push({ key: alias.key, schema: leaf((value) => readAlias(alias, value)) });
  return ways;
}

/** What an absent field is; undefined, with a message where needed, when it has no default. */
function fallback(field: AnyNode, { key, schema }: Spelling, context: z.RefinementCtx): unknown {
  if (field.node === 'group') {
    if (field.nullable) return null;
    const defaults = schema.safeParse({});
    if (defaults.success) return defaults.data;
    for (const issue of defaults.error.issues) {
      context.addIssue({ code: 'custom', path: [key, ...issue.path], message: issue.message });
    }
    return undefined;
  }
  if (field.node === 'table' && field.computed) return undefined;
  if (field.fallback !== undefined) return structuredClone(field.fallback);
  const missing = schema.safeParse(undefined);
  context.addIssue({
    code: 'custom',
    path: [key],
    message: missing.error?.issues[0]?.message ?? 'found nothing',
  });
  return undefined;
}

function strictObject(shape: Record<string, z.ZodType>, expected: string, keys: readonly string[]) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `found an unknown key, expected one of ${keys.join(', ')}`
        : wrong(expected)(issue),
  });
}
