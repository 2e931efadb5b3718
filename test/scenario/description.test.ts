import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type AnyNode, type Basis, yamlKey } from '../../src/scenario/description.js';
import { scenarioNode } from '../../src/scenario/fields/scenario.js';
import { type JsonSchema, scenarioJsonSchema } from '../../src/scenario/jsonSchema.js';
import type { Distribution, Hazard } from '../../src/scenario/scenario.js';
import { BESIDE_SHIPPED, complaint, LEAST, parse, SHIPPED, shippedText } from './support.js';

interface Described {
  path: string[];
  node: AnyNode;
}

function* describedFields(node: AnyNode, path: string[] = []): Generator<Described> {
  yield { path, node };
  if (node.node === 'group') {
    for (const [key, field] of Object.entries(node.fields)) yield* describedFields(field, [...path, key]);
  }
  if (node.node === 'table') yield* describedFields(node.of, [...path, '*']);
}

const FIELDS = [...describedFields(scenarioNode)];
// What the world is like needs a source; decisions, wishes and names do not.
const CHOSEN = ['decisions', 'objective', 'cloud', 'task', 'guesses', 'description'];

function centre(value: unknown): number {
  if (typeof value === 'number') return value;
  const known = value as Distribution | Hazard;
  if ('lognormal' in known) return known.lognormal.median;
  if ('constant' in known)
    return typeof known.constant === 'number' ? known.constant : known.constant.hourlySurvival;
  throw new Error(`no centre in ${JSON.stringify(value)}`);
}

describe('the description of the scenario', () => {
  it('every default of the world has a source; every guess a range that holds its default', () => {
    const withDefault = FIELDS.filter(
      ({ node, path }) => 'fallback' in node && !CHOSEN.includes(path[0] ?? ''),
    );
    expect(withDefault.length).toBeGreaterThan(45);
    for (const { path, node } of withDefault) {
      const at = path.join('.');
      if (['regions.*.price.date', 'regions.*.zones'].includes(at)) continue;
      const basis = node.basis as Basis;
      expect(basis, at).toBeDefined();
      expect(basis.source, at).not.toBe('');
      if (basis.provenance !== 'guess') continue;
      const [low, high] = basis.range!;
      const value = centre((node as { fallback: unknown }).fallback);
      expect(value, at).toBeGreaterThanOrEqual(low);
      expect(value, at).toBeLessThanOrEqual(high);
    }
  });

  it('every key says what it is', () => {
    for (const { path, node } of FIELDS) expect(node.about, path.join('.')).toMatch(/\S.*[.)]$/);
  });

  it('two keys of a group never have the same spelling', () => {
    for (const { node, path } of FIELDS) {
      if (node.node !== 'group') continue;
      const spellings = Object.entries(node.fields).flatMap(([key, field]) => [
        ...new Set([key, yamlKey(key, field)]),
      ]);
      expect(new Set(spellings).size, path.join('.')).toBe(spellings.length);
    }
  });
});

describe('the JSON Schema for editors', () => {
  const schema = scenarioJsonSchema();

  const validator = z.fromJSONSchema(schema);
  const accepts = (value: unknown): boolean => validator.safeParse(value).success;

  it.each(SHIPPED)('accepts %s, as it is written and as it is resolved', (name) => {
    const text = shippedText(name);
    expect(validator.safeParse(parseYaml(text)).error).toBeUndefined();
    expect(validator.safeParse(parse(text, BESIDE_SHIPPED)).error).toBeUndefined();
  });

  it('asks for what the parser asks for', () => {
    expect(accepts(parseYaml(LEAST))).toBe(true);
    for (const [from, to] of [
      ['name: least', ''],
      ['molecules: 2,', ''],
      ['regions:', 'region:'],
      ['spotGpus: 5', 'spotGpus: -5'],
      ['spotGpus: 5', 'spotGpu: 5'],
      ['7h', '7GB'],
      ['7h', '7'],
    ] as const) {
      const text = LEAST.replace(from, to);
      expect(accepts(parseYaml(text)), text).toBe(false);
      expect(complaint(() => parse(text))).toContain('expected');
    }
  });

  it('shows defaults as one writes them, and the patterns of units', () => {
    const decisions = (schema.properties as Record<string, JsonSchema>).decisions!;
    const checkpoint = (decisions.properties as Record<string, JsonSchema>).checkpoint!;
    const { interval, intervalSeconds } = checkpoint.properties as Record<string, JsonSchema>;
    expect(interval!.default).toBe('10min');
    expect(intervalSeconds!.default).toBe(600);
    const [{ pattern }] = interval!.anyOf as [{ pattern: string }];
    expect('20min').toMatch(new RegExp(pattern));
    expect('20MB').not.toMatch(new RegExp(pattern));
  });

  it('its defaults, written out, are the defaults of the parser', () => {
    const defaults = (form: JsonSchema): unknown => {
      if ('default' in form) return form.default;
      const properties = Object.entries((form.properties ?? {}) as Record<string, JsonSchema>);
      const members = properties
        // The other spelling of a key says so instead of describing it again.
        .filter(([, property]) => !String(property.description).endsWith('with the unit in the key.'))
        .map(([key, property]) => [key, defaults(property)])
        .filter(([, value]) => value !== undefined);
      return members.length === 0 ? undefined : Object.fromEntries(members);
    };
    const sections = defaults(schema) as Record<string, unknown>;
    const least = parseYaml(LEAST) as Record<string, unknown>;
    // What LEAST says itself, and regions, whose members have names of their own.
    expect(Object.keys(sections).length).toBeGreaterThan(12);
    expect(parse(JSON.stringify({ ...sections, ...least }))).toEqual(parse(LEAST));
  });
});
