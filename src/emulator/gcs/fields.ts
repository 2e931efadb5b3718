import { invalid } from './gcsError.js';
import { isObject } from './json.js';

/** What of a resource is wanted; null: all of it. */
type Wanted = Map<string, Wanted> | null;

/**
 * The part of an answer that a `fields` parameter asks for: `prefixes,items/name,items/size`, `items(name,size)`, `*`.
 * Source: https://cloud.google.com/storage/docs/json_api#partial-response
 */
export function selectFields(answer: unknown, fields: string | null): unknown {
  if (fields === null || fields.trim() === '') return answer;
  return pick(answer, parse(fields));
}

function pick(value: unknown, wanted: Wanted): unknown {
  if (wanted === null || wanted.has('*')) {
    const inner = wanted?.get('*') ?? null;
    return inner === null || !isObject(value)
      ? value
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pick(member, inner)]));
  }
  if (Array.isArray(value)) return value.map((item) => pick(item, wanted));
  if (!isObject(value)) return value;
  const picked: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const inner = wanted.get(key);
    if (inner !== undefined) picked.push([key, pick(member, inner)]);
  }
  return Object.fromEntries(picked);
}

function parse(fields: string): Wanted {
  const tokens = fields.match(/[^,/()\s]+|[,/()]/g) ?? [];
  let at = 0;
  const wanted = list();
  if (at < tokens.length) throw refused(fields);
  return wanted;

  function list(): Map<string, Wanted> {
    const members = new Map<string, Wanted>();
    do {
      const name = tokens[at] ?? '';
      if (name === '' || ',/()'.includes(name)) throw refused(fields);
      at += 1;
      add(members, name, inside());
    } while (takes(','));
    return members;
  }

  function inside(): Wanted {
    if (takes('/')) {
      const name = tokens[at] ?? '';
      if (name === '' || ',/()'.includes(name)) throw refused(fields);
      at += 1;
      return new Map([[name, inside()]]);
    }
    if (!takes('(')) return null;
    const members = list();
    if (!takes(')')) throw refused(fields);
    return members;
  }

  function takes(token: string): boolean {
    if (tokens[at] !== token) return false;
    at += 1;
    return true;
  }
}

/** "items/name,items/size" wants both. */
function add(members: Map<string, Wanted>, name: string, wanted: Wanted): void {
  const before = members.get(name);
  if (before === undefined) {
    members.set(name, wanted);
    return;
  }
  if (before === null || wanted === null) members.set(name, null);
  else for (const [key, inner] of wanted) add(before, key, inner);
}

function refused(fields: string): Error {
  return invalid(`Invalid field selection ${fields}`);
}
