import type { AnyNode } from './description.js';
import { scenarioNode } from './fields/scenario.js';
import { formatPath, isMap, type Path } from './paths.js';

/**
 * A resolved scenario that an older version wrote, with the keys that it lacks at their defaults: what a scenario that
 * says nothing of them would get today. What has no default stays missing. `filled` names the keys.
 */
export function fillDefaults(resolved: unknown): { resolved: unknown; filled: string[] } {
  const filled: string[] = [];
  return { resolved: complete(scenarioNode, resolved, [], filled), filled };
}

function complete(node: AnyNode, value: unknown, path: Path, filled: string[]): unknown {
  if (node.node === 'list' && Array.isArray(value)) {
    return value.map((item, i) => complete(node.of, item, [...path, i], filled));
  }
  if (!isMap(value)) return value;
  const each = (of: (key: string) => AnyNode | undefined) =>
    Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const child = of(key);
        return [key, child === undefined ? member : complete(child, member, [...path, key], filled)];
      }),
    );
  switch (node.node) {
    case 'table':
      return each(() => node.of);
    case 'oneOf':
      return each((key) => node.options[key]);
    case 'group': {
      const all = each((key) => node.fields[key]);
      for (const [key, field] of Object.entries(node.fields)) {
        if (all[key] !== undefined) continue;
        const otherwise = defaultOf(field);
        if (otherwise === undefined) continue;
        all[key] = otherwise;
        filled.push(formatPath([...path, key]));
      }
      return all;
    }
    default:
      return value;
  }
}

/** What an absent key means; undefined where it must be said. */
function defaultOf(node: AnyNode): unknown {
  if (node.node !== 'group') return node.fallback === undefined ? undefined : structuredClone(node.fallback);
  if (node.nullable) return null;
  const members = Object.entries(node.fields).map(([key, field]) => [key, defaultOf(field)] as const);
  return members.some(([, member]) => member === undefined) ? undefined : Object.fromEntries(members);
}
