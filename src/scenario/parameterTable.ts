import { type AnyNode, type Basis, type Numeric, yamlKey } from './description.js';
import { scenarioNode } from './fields/scenario.js';
import { isMap } from './paths.js';
import * as units from './units.js';
import { yamlValue } from './yamlValue.js';

/** One thing that a scenario may say. */
export interface Parameter {
  /** In YAML: `regions.*.quota.spotGpus`, `*` for any name and `[]` for any item of a list. */
  path: string;
  unit: string;
  /** As in YAML; '' where none makes sense. */
  default: string;
  /** Plausible values of the default; '' where it is no guess. */
  range: string;
  basis: Basis | null;
  about: string;
}

/** Every parameter of a scenario, in the order of the description. */
export function parameters(): Parameter[] {
  return [...parametersOf(scenarioNode, '', false)];
}

/** The forms of a distribution, whose parameters every distribution of the scenario has. */
export function distributionParameters(): Parameter[] {
  const node = firstDistribution(scenarioNode);
  return node?.node === 'oneOf'
    ? Object.entries(node.options).flatMap(([name, option]) => [...parametersOf(option, name, false)])
    : [];
}

/** `computed`: what is absent is worked out from the rest of the scenario. */
function* parametersOf(node: AnyNode, path: string, computed: boolean): Generator<Parameter> {
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  switch (node.node) {
    case 'group':
      for (const [key, field] of Object.entries(node.fields)) {
        yield* parametersOf(field, below(yamlKey(key, field)), node.computed || computed);
      }
      return;
    case 'table':
      if (node.of.node === 'group') yield* parametersOf(node.of, below('*'), computed);
      else
        yield {
          ...parameterOf(node.of, below('*'), true),
          about: node.about,
          ...unlessComputed(node.computed),
        };
      return;
    case 'oneOf':
      yield parameterOf(node, path, computed);
      if (isDistribution(node)) return;
      for (const [name, option] of Object.entries(node.options)) {
        yield* parametersOf(option, below(name), computed);
      }
      return;
    case 'list':
      if (node.of.node === 'group') yield* parametersOf(node.of, `${path}[]`, computed);
      else yield parameterOf(node, path, computed);
      return;
    default:
      yield parameterOf(node, path, computed);
  }
}

/** Names that a table lacks have no default. */
function unlessComputed(computed: boolean): Partial<Parameter> {
  return computed ? {} : { default: '' };
}

/** Distributions are all alike; hazards and others have alternatives of their own. */
function isDistribution(node: AnyNode): boolean {
  return node.node === 'oneOf' && node.what === 'a distribution';
}

function firstDistribution(node: AnyNode): AnyNode | undefined {
  if (isDistribution(node)) return node;
  const children =
    node.node === 'group'
      ? Object.values(node.fields)
      : node.node === 'oneOf'
        ? Object.values(node.options)
        : node.node === 'table' || node.node === 'list'
          ? [node.of]
          : [];
  for (const child of children) {
    const found = firstDistribution(child);
    if (found) return found;
  }
  return undefined;
}

function parameterOf(node: AnyNode, path: string, computed: boolean): Parameter {
  return {
    path,
    unit: unitOf(node),
    default: defaultOf(node, computed),
    range: rangeOf(node),
    basis: node.basis ?? null,
    about: node.about,
  };
}

const UNIT_NAMES: ReadonlyMap<units.Unit, string> = new Map([
  [units.DURATION, 'duration'],
  [units.BYTES, 'bytes'],
  [units.GIGABYTES, 'GB'],
  [units.BYTE_RATE, 'bytes/s'],
  [units.PER_SECOND_RATE, '1/s'],
  [units.PER_MINUTE_RATE, '1/min'],
  [units.PER_HOUR_RATE, '1/h'],
  [units.USD, 'USD'],
  [units.USD_PER_HOUR, 'USD/h'],
  [units.USD_PER_GB_MONTH, 'USD/GB-month'],
  [units.USD_PER_1000, 'USD/1000'],
  [units.SHARE, 'share, 0 to 1'],
  [units.PERCENT, '%'],
  [units.NUMBER_ONLY, 'number'],
  [units.COUNT, 'count'],
]);

function unitOf(node: AnyNode): string {
  switch (node.node) {
    case 'numeric':
      return UNIT_NAMES.get(node.unit) ?? node.unit.what;
    case 'choice':
      return node.options.map((option) => `\`${option}\``).join(', ');
    case 'flag':
      return '`true`, `false`';
    case 'data':
      return 'file';
    case 'oneOf':
      return isDistribution(node)
        ? 'distribution of a duration'
        : `one of its ${node.what.replace(/^an? /, '')} kinds`;
    case 'list':
      return node.what.replace(/^an? /, '');
    default:
      return 'text';
  }
}

function defaultOf(node: AnyNode, computed: boolean): string {
  const fallback = 'fallback' in node ? node.fallback : undefined;
  if (node.node === 'numeric' && node.computed) return 'required without `work`';
  if (fallback === undefined) return computed ? 'worked out' : 'required';
  const value = yamlValue(node, fallback);
  return value === null ? 'none' : `\`${flowYaml(value)}\``;
}

/** As one writes it in one line of YAML. */
function flowYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowYaml).join(', ')}]`;
  if (!isMap(value)) return String(value);
  const members = Object.entries(value).map(([key, member]) => `${key}: ${flowYaml(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function rangeOf(node: AnyNode): string {
  const range = node.basis?.range ?? null;
  if (range === null) return '';
  const write = formatOf(node);
  return `${write(range[0])} to ${write(range[1])}`;
}

/** Ranges of distributions are times. */
function formatOf(node: AnyNode): (value: number) => string {
  if (isDistribution(node)) return units.DURATION.format;
  const { unit } = node as Partial<Numeric>;
  return unit !== undefined && unit.suffix !== '' ? unit.format : String;
}

/** The tables of docs/model.md: each part of a scenario with its parameters, then the sources that they name. */
export function parameterTables(): string {
  const sources: string[] = [];
  const sections = new Map<string, Parameter[]>();
  for (const parameter of parameters()) {
    const section = /^[^.[]+/.exec(parameter.path)?.[0] ?? '';
    const alone = section === parameter.path;
    const title = alone ? 'The scenario itself' : `\`${section}\``;
    sections.set(title, [...(sections.get(title) ?? []), parameter]);
  }
  sections.set('Distributions', distributionParameters());
  const tables = [...sections].map(([title, rows]) =>
    [
      `### ${title}`,
      '',
      '| parameter | unit | default | range | provenance | what it is |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows.map((parameter) => rowOf(parameter, sources)),
    ].join('\n'),
  );
  const list = sources.map((source, i) => `${i + 1}. ${source}`);
  return `${[...tables, ['### Sources', '', ...list].join('\n')].join('\n\n')}\n`;
}

function rowOf({ path, unit, default: value, range, basis, about }: Parameter, sources: string[]): string {
  const told = [unit, value, range, provenanceOf(basis, sources), about];
  const cells = [`\`${path}\``, ...told.map((cell) => (cell === '' ? '–' : cell))];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** "guess [3]": the number of its source in the list below the tables. */
function provenanceOf(basis: Basis | null, sources: string[]): string {
  if (basis === null) return '';
  const { provenance, source } = basis;
  if (!sources.includes(source)) sources.push(source);
  return `${provenance} [${sources.indexOf(source) + 1}]`;
}

/** In docs/model.md, around what is written by tools/modelDocs.js. */
const START = '<!-- parameters:start -->';
const END = '<!-- parameters:end -->';

/** The document with the tables between its two markers made anew. */
export function withParameterTables(document: string): string {
  const [start, end] = [document.indexOf(START), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the document lacks ${START} and ${END}`);
  return `${document.slice(0, start + START.length)}\n\n${parameterTables()}\n${document.slice(end)}`;
}
