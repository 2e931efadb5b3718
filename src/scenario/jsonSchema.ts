import { type AnyNode, type Basis, type Group, type Numeric, yamlKey } from './description.js';
import { scenarioNode } from './fields/scenario.js';
import { either } from './found.js';
import { yamlValue } from './yamlValue.js';

export type JsonSchema = { [key: string]: unknown };

/** JSON Schema of the YAML form, so that editors complete and check scenarios: `schema/scenario.schema.json`. */
export function scenarioJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'fepcast scenario',
    ...schemaOf(scenarioNode, false),
    // Tasks that have names are counted.
    allOf: [
      {
        anyOf: [
          { type: 'object', properties: { work: { type: 'object' } }, required: ['work'] },
          {
            type: 'object',
            properties: {
              campaign: {
                type: 'object',
                properties: { molecules: {}, windows: {} },
                required: ['molecules', 'windows'],
              },
            },
          },
        ],
      },
    ],
    definitions: {
      guess: {
        type: 'object',
        description: 'A quantity with the range in which a forecast may sample it.',
        required: ['value', 'range'],
        additionalProperties: false,
        properties: {
          value: { type: ['number', 'string'] },
          range: { type: 'array', items: { type: ['number', 'string'] }, minItems: 2, maxItems: 2 },
          provenance: { enum: ['guess', 'measured', 'documented'], default: 'guess' },
        },
      },
    },
  };
}

/** `bare`: the unit stands in the key, so that plain numbers are understood. */
function schemaOf(node: AnyNode, bare: boolean): JsonSchema {
  return { ...told(node), ...fallbackOf(node, bare), ...formOf(node, bare) };
}

function told(node: AnyNode): JsonSchema {
  if (node.basis === undefined) return { description: node.about };
  return { description: `${node.about} Default: ${basisText(node.basis)}.` };
}

function basisText({ provenance, source, range }: Basis): string {
  return `${provenance}${range === null ? '' : `, ${range[0]} to ${range[1]}`} (${source})`;
}

function fallbackOf(node: AnyNode, bare: boolean): JsonSchema {
  if (node.node === 'group') return node.nullable ? { default: null } : {};
  if (node.fallback === undefined) return {};
  return { default: yamlValue(node, node.fallback, bare) };
}

function formOf(node: AnyNode, bare: boolean): JsonSchema {
  switch (node.node) {
    case 'numeric':
      return numericForm(node, bare);
    case 'choice':
      return { enum: [...node.options] };
    case 'text':
      return {
        type: node.nullable ? ['string', 'null'] : 'string',
        pattern: node.pattern.source,
        examples: [node.example],
      };
    case 'flag':
      return { type: 'boolean' };
    case 'data':
      return {
        type: ['string', 'object', ...(node.nullable ? ['null'] : [])],
        examples: [node.format.example],
      };
    case 'list':
      return { type: node.nullable ? ['array', 'null'] : 'array', items: schemaOf(node.of, bare) };
    case 'table':
      return {
        type: 'object',
        propertyNames: { pattern: node.name.pattern.source },
        additionalProperties: schemaOf(node.of, bare),
      };
    case 'oneOf':
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(node.options).map(([key, option]) => [key, schemaOf(option, bare)]),
        ),
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
      };
    case 'group':
      return groupForm(node, bare);
  }
}

function numericForm(node: Numeric, bare: boolean): JsonSchema {
  const { unit, bounds, nothing, word } = node;
  const number = {
    type: bounds.whole === true ? 'integer' : 'number',
    ...(bounds.min !== undefined && { minimum: bounds.min }),
    ...(bounds.max !== undefined && { maximum: bounds.max }),
    ...(bounds.above !== undefined && { exclusiveMinimum: bounds.above }),
  };
  const words = [word, nothing].filter((name) => name !== null);
  const plain = bare || unit.bare === 'any';
  return {
    anyOf: [
      ...(unit.pattern === null ? [] : [{ type: 'string', pattern: unit.pattern.source }]),
      ...(plain ? [number] : (bounds.min ?? 1) <= 0 ? [{ const: 0 }] : []),
      ...(words.length === 0 ? [] : [{ enum: words }]),
      ...(nothing === null ? [] : [{ type: 'null' }]),
      { $ref: '#/definitions/guess' },
    ],
    examples: [...(unit.pattern === null || bare ? [] : unit.examples), ...words],
  };
}

function groupForm(node: Group, bare: boolean): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  const eitherOf: JsonSchema[] = [];
  for (const [key, field] of Object.entries(node.fields)) {
    const short = yamlKey(key, field);
    const alias = field.node === 'numeric' ? field.alias : null;
    properties[short] = schemaOf(field, short === key && bare);
    if (short !== key)
      properties[key] = { ...schemaOf(field, true), description: `${short}, with the unit in the key.` };
    if (alias !== null) properties[alias.key] = schemaOf(alias.as, true);
    const spellings = [short, ...(short === key ? [] : [key]), ...(alias === null ? [] : [alias.key])];
    if (!isRequired(field)) continue;
    if (spellings.length === 1) required.push(short);
    else
      eitherOf.push({
        anyOf: spellings.map((name) => ({ required: [name] })),
        description: either(spellings),
      });
  }
  return {
    type: node.nullable ? ['object', 'null'] : 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    ...(eitherOf.length > 0 && { allOf: eitherOf }),
  };
}

function isRequired(field: AnyNode): boolean {
  if (field.node === 'group' || field.node === 'table') {
    if (field.computed) return false;
    if (field.node === 'group') return !field.nullable && Object.values(field.fields).some(isRequired);
  }
  if (field.node === 'numeric' && field.computed) return false;
  return field.fallback === undefined;
}
