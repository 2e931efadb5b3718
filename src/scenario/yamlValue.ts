import type { AnyNode } from './description.js';
import { isMap } from './paths.js';

/**
 * A value of the resolved form as one writes it in YAML under a key without the unit: 600 becomes "10min". What is
 * no plain number of such a key stays as it is. `bare`: the unit does stand in the key.
 */
export function yamlValue(node: AnyNode, value: unknown, bare = false): unknown {
  const inside = (child: AnyNode | undefined, member: unknown): unknown =>
    child === undefined ? member : yamlValue(child, member, bare);
  if (node.node === 'numeric') {
    if (value === null) return node.nothing;
    const { suffix, pattern, format } = node.unit;
    const written = suffix !== '' && pattern !== null && !bare;
    return typeof value === 'number' && written ? format(value) : value;
  }
  if (node.node === 'list' && Array.isArray(value)) return value.map((item) => inside(node.of, item));
  if (!isMap(value)) return value;
  const children = node.node === 'oneOf' ? node.options : node.node === 'group' ? node.fields : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, inside(children[key], member)]),
  );
}
