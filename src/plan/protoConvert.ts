import { isObject, WELL_KNOWN } from './protoJson.js';
import type { FieldSchema, FieldType, ProtoSchema } from './protoSchema.js';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './protoTime.js';

/** A message as the Node client libraries take and give it. */
export type ProtoObject = Record<string, unknown>;

/**
 * Proto-JSON that has passed `checkMessage`, as an object that the Node client (protobufjs `fromObject`) takes.
 * Only Durations and Timestamps change.
 */
export function toProtoObject(schema: ProtoSchema, messageName: string, json: unknown): ProtoObject {
  return mapFields(schema, messageName, json, (type, value) => {
    if (type.kind !== 'message') return value;
    if (!WELL_KNOWN.has(type.name)) return toProtoObject(schema, type.name, value);
    const text = String(value);
    const parsed = type.name === 'google.protobuf.Duration' ? parseDuration(text) : parseTimestamp(text);
    if (!parsed) throw new Error(`${JSON.stringify(value)} is not a ${type.name}`);
    return parsed;
  });
}

/**
 * An object of the Node client (or of protobufjs `toObject`) in canonical proto-JSON: defaults and the helper
 * keys of oneofs left out, enums by name, int64 as strings, Durations and Timestamps as strings. What was sent
 * and what came back are equal in this form.
 */
export function toProtoJson(schema: ProtoSchema, messageName: string, object: unknown): ProtoObject {
  return mapFields(schema, messageName, object, (type, value, field) => {
    const json = valueToJson(schema, type, value);
    const mayOmit = field.shape === 'single' && !field.hasPresence;
    return mayOmit && isDefault(type, json) ? undefined : json;
  });
}

/**
 * Proto-JSON with the field names of the .proto files (`task_groups`), which Google's parsers accept beside the
 * JSON names, brought to the JSON names. Names that stay unknown are left for `checkMessage` to report.
 */
export function toJsonNames(schema: ProtoSchema, messageName: string, json: unknown): unknown {
  if (!isObject(json)) return json;
  const { fields } = schema.message(messageName);
  // Entries, since a plain assignment of `__proto__` would lose it, and with it that it is unknown.
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const name = fields.has(key) ? key : camelCase(key);
      const field = fields.get(name);
      if (!field || (name !== key && Object.hasOwn(json, name))) return [key, value];
      return [name, renameWithin(schema, field, value)];
    }),
  );
}

function renameWithin(schema: ProtoSchema, field: FieldSchema, value: unknown): unknown {
  const { type } = field;
  if (type.kind !== 'message' || WELL_KNOWN.has(type.name)) return value;
  if (field.shape === 'list' && Array.isArray(value)) {
    return value.map((item) => toJsonNames(schema, type.name, item));
  }
  if (field.shape === 'map' && isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toJsonNames(schema, type.name, item)]),
    );
  }
  return toJsonNames(schema, type.name, value);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Applies `convert` to every value of the known fields; empty lists and maps, and undefined results, are dropped. */
function mapFields(
  schema: ProtoSchema,
  messageName: string,
  source: unknown,
  convert: (type: FieldType, value: unknown, field: FieldSchema) => unknown,
): ProtoObject {
  if (!isObject(source)) throw new Error(`${JSON.stringify(source)} is not a ${messageName}`);
  const result: ProtoObject = {};
  for (const field of schema.message(messageName).fields.values()) {
    const value = source[field.name];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) result[field.name] = value.map((item) => convert(field.type, item, field));
    } else if (field.shape === 'map' && isObject(value)) {
      const entries = Object.entries(value).map(([key, item]) => [key, convert(field.type, item, field)]);
      if (entries.length > 0) result[field.name] = Object.fromEntries(entries);
    } else {
      const converted = convert(field.type, value, field);
      if (converted !== undefined) result[field.name] = converted;
    }
  }
  return result;
}

function valueToJson(schema: ProtoSchema, type: FieldType, value: unknown): unknown {
  if (type.kind === 'scalar') {
    if (type.name.endsWith('64')) return BigInt(String(value)).toString();
    return type.name.endsWith('32') ? Number(value) : value;
  }
  if (type.kind === 'enum')
    return typeof value === 'number' ? (enumName(type.values, value) ?? value) : value;
  if (!WELL_KNOWN.has(type.name)) return toProtoJson(schema, type.name, value);
  if (!isObject(value)) throw new Error(`${JSON.stringify(value)} is not a ${type.name}`);
  const time = { seconds: Number(value.seconds ?? 0), nanos: Number(value.nanos ?? 0) };
  return type.name === 'google.protobuf.Duration' ? formatDuration(time) : formatTimestamp(time);
}

function enumName(values: ReadonlyMap<string, number>, value: number): string | null {
  for (const [name, number] of values) if (number === value) return name;
  return null;
}

function isDefault(type: FieldType, json: unknown): boolean {
  if (type.kind === 'message') return false;
  if (type.kind === 'enum') return json === 0 || (typeof json === 'string' && type.values.get(json) === 0);
  return json === '' || json === false || json === 0 || json === '0';
}
