import type { DataFile, DataFormat } from './dataFile.js';
import type { Path } from './paths.js';
import * as units from './units.js';

/**
 * The vocabulary in which the scenario is described, once (see fields/). The YAML schema, the strict schema of
 * the resolved form, the defaults, the editors' JSON Schema and the table of sources are all made from that
 * description.
 *
 * Keys are those of the resolved form. A node whose unit has a suffix is spelled without it in YAML:
 * `pauseSeconds: 1` is written `pause: 1s` (the resolved spelling is read too). Of `growthBytesPerHour` the hour
 * stays: `growthPerHour: 5MB`.
 */
export type AnyNode = Numeric | Choice | Text | Flag | Group | Table | OneOf | List | Data;

/** A description of values of type T. `holds` exists for the compiler only: it keeps fields and types in step. */
export type Node<T> = AnyNode & { readonly holds?: T };

export type Provenance = 'documented' | 'measured' | 'guess';

/** Where a default comes from; `range`: what is plausible for its value, median or mean. */
export interface Basis {
  readonly provenance: Provenance;
  readonly source: string;
  readonly range: readonly [low: number, high: number] | null;
}

export const documented = (source: string): Basis => ({ provenance: 'documented', source, range: null });
export const measured = (source: string): Basis => ({ provenance: 'measured', source, range: null });
export const guess = (source: string, low: number, high: number): Basis => ({
  provenance: 'guess',
  source,
  range: [low, high],
});

interface Told {
  /** One sentence for editors and documentation. */
  readonly about: string;
  /** Of the default; absent for decisions and for what has no default. */
  readonly basis?: Basis;
}

/** The default in the resolved form; absent: the key is required. */
interface WithFallback<T> extends Told {
  readonly fallback?: T;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** Exclusive lower bound. */
  readonly above?: number;
  readonly whole?: boolean;
}

/** A number, in the unit of its key. */
export interface Numeric extends WithFallback<number | string | null> {
  readonly node: 'numeric';
  readonly unit: units.Unit;
  readonly bounds: Bounds;
  /** The word that YAML may use for null: `unlimited` for a limit, `none` for what may be missing. */
  readonly nothing: 'unlimited' | 'none' | null;
  /** A word that is a value itself: `all`. */
  readonly word: string | null;
  /** Another way to say it in YAML. */
  readonly alias: Alias | null;
  /** May be absent in YAML where parsing can work it out; a message where it cannot. */
  readonly computed: boolean;
}

export interface Alias {
  readonly key: string;
  readonly as: Numeric;
  /** From the alias's value to this node's; monotonic. */
  convert(value: number): number;
}

export interface Choice extends WithFallback<string> {
  readonly node: 'choice';
  readonly options: readonly string[];
}

export interface Text extends WithFallback<string | null> {
  readonly node: 'text';
  readonly what: string;
  readonly example: string;
  readonly pattern: RegExp;
  readonly nullable: boolean;
}

export interface Flag extends WithFallback<boolean> {
  readonly node: 'flag';
}

export interface Group extends Told {
  readonly node: 'group';
  readonly fields: Readonly<Record<string, AnyNode>>;
  /** May be null, and is when absent. */
  readonly nullable: boolean;
  /** May be absent in YAML; parsing fills it in where it can. */
  readonly computed: boolean;
}

/** Anything by name: regions, labels. */
export interface Table extends WithFallback<Readonly<Record<string, unknown>>> {
  readonly node: 'table';
  readonly name: Text;
  readonly of: AnyNode;
  /** May be absent in YAML; parsing works it out from the rest. */
  readonly computed: boolean;
}

/** Exactly one of the alternatives: `{ constant: 7h }`. */
export interface OneOf extends WithFallback<Readonly<Record<string, unknown>>> {
  readonly node: 'oneOf';
  readonly what: string;
  readonly example: string;
  readonly suffix: string;
  readonly options: Readonly<Record<string, AnyNode>>;
}

export interface List extends WithFallback<readonly unknown[] | null> {
  readonly node: 'list';
  readonly what: string;
  readonly of: AnyNode;
  readonly nullable: boolean;
  /** What is wrong with the resolved list as a whole, or null. */
  readonly check: (values: readonly unknown[]) => Mismatch | null;
}

/** What a message says: "found -5, expected a whole number of at least 0". `at`: path below the node. */
export interface Mismatch {
  readonly found: string;
  readonly expected: string;
  readonly at?: Path;
}

/** What a file holds: `empirical: durations.csv`. */
export interface Data extends WithFallback<null> {
  readonly node: 'data';
  readonly format: DataFormat;
  readonly nullable: boolean;
}

type NumericOptions = WithFallback<number | string | null> &
  Bounds &
  Partial<Pick<Numeric, 'alias' | 'computed'>>;

/** Makes the constructors of numbers in one unit. */
function numeric(unit: units.Unit, usual: Bounds) {
  function make(options: NumericOptions & { nothing: 'unlimited' | 'none' }): Numeric & Node<number | null>;
  function make<W extends string>(options: NumericOptions & { word: W }): Numeric & Node<number | W>;
  function make(options: NumericOptions): Numeric & Node<number>;
  function make(options: NumericOptions & Partial<Pick<Numeric, 'nothing' | 'word'>>): Numeric {
    const { min, max, above, whole, nothing = null, word = null, alias = null, ...others } = options;
    const { computed = false, ...told } = others;
    const { min: usualMin, ...usualBounds } = usual;
    const bounds = {
      ...usualBounds,
      // An exclusive lower bound takes the place of the usual inclusive one.
      ...(above === undefined && usualMin !== undefined && { min: usualMin }),
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(above !== undefined && { above }),
      ...(whole !== undefined && { whole }),
    };
    return { node: 'numeric', unit, bounds, nothing, word, alias, computed, ...told };
  }
  return make;
}

export const seconds = numeric(units.DURATION, { min: 0 });
export const bytes = numeric(units.BYTES, { min: 0, whole: true });
export const gigabytes = numeric(units.GIGABYTES, { min: 0, whole: true });
export const bytesPerHour = numeric(units.BYTES_PER_HOUR, { min: 0, whole: true });
export const bytesPerSecond = numeric(units.BYTE_RATE, { above: 0 });
export const perSecond = numeric(units.PER_SECOND_RATE, { above: 0 });
export const perMinute = numeric(units.PER_MINUTE_RATE, { above: 0 });
export const perHour = numeric(units.PER_HOUR_RATE, { min: 0 });
export const usd = numeric(units.USD, { min: 0 });
export const usdPerHour = numeric(units.USD_PER_HOUR, { min: 0 });
export const usdPerGbMonth = numeric(units.USD_PER_GB_MONTH, { min: 0 });
export const usdPerGb = numeric(units.USD_PER_GB, { min: 0 });
export const picoseconds = numeric(units.PICOSECONDS, { min: 0 });
export const kelvin = numeric(units.KELVIN, { min: 0 });
export const usdPer1000 = numeric(units.USD_PER_1000, { min: 0 });
export const share = numeric(units.SHARE, { min: 0, max: 1 });
export const percent = numeric(units.PERCENT, { min: 0, max: 100 });
export const plainNumber = numeric(units.NUMBER_ONLY, { min: 0 });
/** From the first time zone to the last. */
export const utcOffset = numeric(units.UTC_OFFSET, { min: -12, max: 14 });
export const vms = numeric(units.VMS, { min: 0, whole: true });
export const count = numeric(units.COUNT, { min: 0, whole: true });

export const choice = <const O extends readonly string[]>(
  options: O,
  told: WithFallback<O[number]>,
): Node<O[number]> => ({ node: 'choice', options, ...told });

export const flag = (told: WithFallback<boolean>): Node<boolean> => ({ node: 'flag', ...told });

type TextOptions = WithFallback<string | null> &
  Partial<Pick<Text, 'what' | 'pattern'>> & { example: string };

const textNode = (options: TextOptions, nullable: boolean): Text => ({
  node: 'text',
  what: 'text',
  pattern: /\S/,
  nullable,
  ...options,
});

export const text = (options: TextOptions): Text & Node<string> => textNode(options, false);

export const optionalText = (options: TextOptions): Node<string | null> =>
  textNode({ fallback: null, ...options }, true);

type Fields<T> = { readonly [K in keyof T]-?: Node<T[K]> };

export const group = <T>(about: string, fields: Fields<T>): Node<T> => ({
  node: 'group',
  about,
  fields,
  nullable: false,
  computed: false,
});

export const computedGroup = <T>(about: string, fields: Fields<T>): Node<T> => ({
  node: 'group',
  about,
  fields,
  nullable: false,
  computed: true,
});

export const optionalGroup = <T>(about: string, fields: Fields<T>): Node<T | null> => ({
  node: 'group',
  about,
  fields,
  nullable: true,
  computed: false,
});

type TableOptions<T> = WithFallback<Record<string, T>> & { name: Text; of: Node<T>; computed?: boolean };

export const table = <T>(options: TableOptions<T>): Node<Record<string, T>> => ({
  node: 'table',
  computed: false,
  ...options,
});

type OneOfOptions<T> = Omit<OneOf, 'node' | 'fallback' | 'suffix'> & {
  fallback?: T & Record<string, unknown>;
  suffix?: string;
};

export const oneOf = <T>(options: OneOfOptions<T>): Node<T> => ({ node: 'oneOf', suffix: '', ...options });

type ListOptions<T> = WithFallback<T[]> & { what: string; of: Node<T>; check?: List['check'] };

export const list = <T>(options: ListOptions<T>): Node<T[]> => ({
  node: 'list',
  nullable: false,
  check: () => null,
  ...options,
});

export const optionalList = <T>(options: ListOptions<T>): Node<T[] | null> => ({
  node: 'list',
  nullable: true,
  fallback: null,
  check: () => null,
  ...options,
});

export const dataFile = <T extends DataFile>(about: string, format: DataFormat<T>): Node<T> => ({
  node: 'data',
  about,
  format,
  nullable: false,
});

type DataOptions<T extends DataFile> = WithFallback<null> & { format: DataFormat<T> };

export const optionalDataFile = <T extends DataFile>(options: DataOptions<T>): Node<T | null> => ({
  node: 'data',
  nullable: true,
  fallback: null,
  ...options,
});

/** What the resolved key ends with, and what of that stays in the YAML key. */
function suffixOf(node: AnyNode): { suffix: string; kept: string } {
  if (node.node === 'numeric') return node.unit;
  return { suffix: node.node === 'oneOf' ? node.suffix : '', kept: '' };
}

/** The key of a node in YAML: `pauseSeconds` is written `pause`. */
export function yamlKey(key: string, node: AnyNode): string {
  const { suffix, kept } = suffixOf(node);
  return suffix !== '' && key.endsWith(suffix) && key.length > suffix.length
    ? `${key.slice(0, -suffix.length)}${kept}`
    : key;
}
