import { isObject } from '../plan/protoJson.js';
import type { FieldType, ProtoSchema } from '../plan/protoSchema.js';

/** Proto-JSON with enums by number, as `$alt=json;enum-encoding=int` asks for (the Node client's REST mode does). */
export function numericEnums(schema: ProtoSchema, messageName: string, json: unknown): unknown {
  if (!isObject(json)) return json;
  const { fields } = schema.message(messageName);
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name);
    result[name] = field ? within(schema, field.type, value) : value;
  }
  return result;
}

function within(schema: ProtoSchema, type: FieldType, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => within(schema, type, item));
  if (type.kind === 'enum') return typeof value === 'string' ? (type.values.get(value) ?? value) : value;
  if (type.kind === 'scalar' || !isObject(value)) return value;
  return numericEnums(schema, type.name, value);
}
