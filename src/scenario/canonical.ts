import { createHash } from 'node:crypto';
import { isMap } from './paths.js';

/**
 * JSON with sorted keys and no whitespace: equal values give equal text, whatever order their keys were written
 * in. Keys that are `undefined` are left out, as in JSON.stringify.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON form`);
  return text;
}

/**
 * The identity of a world: sha256 in hex over the canonical JSON of the resolved scenario. The folder that its inputs
 * lie in has no part in it: the same work on another machine is the same world.
 */
export function scenarioSha256(scenario: { work?: unknown }): string {
  const { work } = scenario;
  const told =
    isMap(work) && isMap(work.table)
      ? { ...scenario, work: { ...work, table: { ...work.table, folder: '' } } }
      : scenario;
  return createHash('sha256').update(canonicalJson(told)).digest('hex');
}
