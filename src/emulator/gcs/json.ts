export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without the members that are null: Google leaves out what is not set. */
export function withoutNulls(object: JsonObject): JsonObject {
  const rest: JsonObject = {};
  for (const key in object) if (object[key] !== null && object[key] !== undefined) rest[key] = object[key];
  return rest;
}

/** RFC 3339 with milliseconds, from milliseconds since the Unix epoch. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
