import { parse as parseYaml } from 'yaml';
import { type AnyNode, type Group, yamlKey } from './description.js';
import { inputError } from './errors.js';
import { scenarioNode } from './fields/scenario.js';
import { found } from './found.js';
import { formatPath, isMap, type Path, parsePath } from './paths.js';
import { yamlValue } from './yamlValue.js';

/**
 * Sets `path=value` overrides in a scenario, in its YAML or its resolved form; paths and values may be in either
 * spelling, a value is YAML. What else was said there gives way: another spelling of the key, another alternative
 * of a distribution or hazard, the range of a guess. Throws InputError for a path that no key matches.
 */
export function applyOverrides(
  scenario: Record<string, unknown>,
  overrides: readonly string[],
  file?: string,
): Record<string, unknown> {
  const copy = structuredClone(scenario);
  for (const override of overrides) new Override(override, file).apply(copy);
  return copy;
}

interface Place {
  readonly node: AnyNode;
  /** The override's path has the unit in a key where the scenario has not: its plain numbers need the unit. */
  readonly needsUnit: boolean;
  /** Path in the resolved form. */
  readonly resolved: Path;
}

class Override {
  readonly #where: { file?: string; path: string };
  readonly #path: Path;
  readonly #value: unknown;
  /** Path in the resolved form of everything that gives way. */
  #replaced: Path = [];

  constructor(text: string, file: string | undefined) {
    const split = text.indexOf('=');
    const path = split < 0 ? text : text.slice(0, split);
    this.#where = { ...(file !== undefined && { file }), path: `--set ${path}` };
    const steps = parsePath(path.trim());
    if (split < 0 || steps === null) {
      throw inputError({
        ...(file !== undefined && { file }),
        path: '--set',
        found: found(text),
        expected: 'path=value, such as decisions.checkpoint.interval=20min',
      });
    }
    this.#path = steps;
    this.#value = this.#parseValue(text.slice(split + 1));
  }

  apply(scenario: Record<string, unknown>): void {
    const root: Place = { node: scenarioNode, needsUnit: false, resolved: [] };
    this.#set(scenario, root, this.#path);
    const { guesses } = scenario;
    if (!isMap(guesses)) return;
    const gone = formatPath(this.#replaced);
    for (const path of Object.keys(guesses)) {
      const rest = path.startsWith(gone) ? path.slice(gone.length) : null;
      if (rest === '' || rest?.startsWith('.') || rest?.startsWith('[')) delete guesses[path];
    }
  }

  #set(container: Record<string, unknown> | unknown[], place: Place, path: Path): void {
    const [step, ...rest] = path as [string | number, ...(string | number)[]];
    const { key, next } = this.#enter(container, place, step, rest.length === 0);
    const members = container as Record<string | number, unknown>;
    if (rest.length === 0) {
      if (this.#replaced.length === 0) this.#replaced = next.resolved;
      members[key] = next.needsUnit ? yamlValue(next.node, this.#value) : this.#value;
      return;
    }
    const inner = members[key];
    if (Array.isArray(inner) || isMap(inner)) {
      this.#set(inner, next, rest);
    } else {
      const fresh: Record<string, unknown> = {};
      members[key] = fresh;
      this.#set(fresh, next, rest);
    }
  }

  /** The key under which the scenario holds (or is to hold) the step, and what lies there. */
  #enter(container: Record<string, unknown> | unknown[], place: Place, step: string | number, last: boolean) {
    const { node, resolved } = place;
    if (node.node === 'list') {
      if (typeof step !== 'number' || !Array.isArray(container) || step >= container.length) {
        throw this.#noSuch(step, 'an index of the list, such as [0]');
      }
      return { key: step, next: { ...place, node: node.of, resolved: [...resolved, step] } };
    }
    if (typeof step === 'number' || Array.isArray(container)) throw this.#noSuch(step, 'a key');
    switch (node.node) {
      case 'group':
        return this.#enterGroup(container, place, node, step, last);
      case 'oneOf': {
        const option = Object.hasOwn(node.options, step) ? node.options[step] : undefined;
        if (option === undefined) throw this.#noSuch(step, `one of ${Object.keys(node.options).join(', ')}`);
        for (const other of Object.keys(container)) {
          if (other === step) continue;
          delete container[other];
          this.#replaced = resolved;
        }
        return { key: step, next: { ...place, node: option, resolved: [...resolved, step] } };
      }
      case 'table': {
        // A required table lists all there is: a new name below it would be a typing error.
        const known = Object.keys(container);
        const listed = node.fallback === undefined && !node.computed;
        if (!node.name.pattern.test(step) || (listed && !last && !known.includes(step))) {
          throw this.#noSuch(step, known.length === 0 ? node.name.what : `one of ${known.join(', ')}`);
        }
        return { key: step, next: { ...place, node: node.of, resolved: [...resolved, step] } };
      }
      default: {
        const end = formatPath(this.#path.slice(0, resolved.length));
        throw this.#noSuch(step, `a path that ends at ${end}`);
      }
    }
  }

  #enterGroup(container: Record<string, unknown>, place: Place, node: Group, step: string, last: boolean) {
    for (const [resolvedKey, field] of Object.entries(node.fields)) {
      const short = yamlKey(resolvedKey, field);
      const alias = field.node === 'numeric' ? field.alias : null;
      const spellings = [short, resolvedKey, ...(alias === null ? [] : [alias.key])];
      if (!spellings.includes(step)) continue;
      const key = last ? step : openField(container, field, resolvedKey, step, spellings);
      for (const other of spellings) if (other !== key) delete container[other];
      const next: Place = {
        node: alias !== null && step === alias.key ? alias.as : field,
        needsUnit: short === resolvedKey ? place.needsUnit : step !== key,
        resolved: [...place.resolved, resolvedKey],
      };
      return { key, next };
    }
    const keys = Object.entries(node.fields).map(([key, field]) => yamlKey(key, field));
    throw this.#noSuch(step, `one of ${keys.join(', ')}`);
  }

  #parseValue(text: string): unknown {
    try {
      return parseYaml(text, { version: '1.2', logLevel: 'error' });
    } catch {
      throw inputError({ ...this.#where, found: found(text), expected: 'a value in YAML' });
    }
  }

  #noSuch(step: string | number, expected: string) {
    return inputError({ ...this.#where, found: `no key ${found(step)}`, expected });
  }
}

/**
 * Makes sure that what the override changes a part of is there, and says under which key: what the scenario says,
 * else the default. Without unit in the override's path it is there without unit too, so that a plain number set
 * in it is refused.
 */
function openField(
  container: Record<string, unknown>,
  field: AnyNode,
  resolvedKey: string,
  step: string,
  spellings: readonly string[],
): string {
  const used = spellings.find((spelling) => container[spelling] !== undefined);
  if (used !== undefined && (used === step || used !== resolvedKey)) return used;
  const fallback = field.node === 'oneOf' ? structuredClone(field.fallback) : undefined;
  const value = used === undefined ? fallback : container[used];
  if (value !== undefined) container[step] = step === resolvedKey ? value : yamlValue(field, value);
  return step;
}
