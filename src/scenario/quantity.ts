import type { Alias, Mismatch, Numeric } from './description.js';
import { either, found } from './found.js';
import { isMap } from './paths.js';

/** A quantity that was given with a range: `{ value: 0.95, range: [0.70, 0.99], provenance: guess }`. */
export class Guessed {
  readonly value: number;
  readonly low: number;
  readonly high: number;

  constructor(value: number, low: number, high: number) {
    this.value = value;
    this.low = low;
    this.high = high;
  }
}

export type Read<T> = { readonly value: T } | { readonly mismatch: Mismatch };

const PROVENANCES = ['guess', 'measured', 'documented'];
const GUESS_FORM = '{ value, range: [low, high], provenance: guess }';

/**
 * Reads a quantity as YAML may hold it: with a unit, as a plain number (`bare`: the unit stands in the key), with
 * a range, or as one of the words that the key knows.
 */
export function readQuantity(
  node: Numeric,
  value: unknown,
  bare: boolean,
): Read<number | string | null | Guessed> {
  if (isMap(value) && 'value' in value) return readGuess(node, value, bare);
  if (value === null && node.nothing !== null) return { value: null };
  if (typeof value === 'string' && value === node.nothing) return { value: null };
  if (typeof value === 'string' && value === node.word) return { value };
  return readNumber(node, value, bare);
}

/** Reads the alias of a quantity and turns it into the quantity. */
export function readAlias(alias: Alias, value: unknown): Read<number | string | null | Guessed> {
  const read = readQuantity(alias.as, value, true);
  if ('mismatch' in read) return read;
  const given = read.value;
  if (given instanceof Guessed) {
    const [low, high] = [alias.convert(given.low), alias.convert(given.high)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    return { value: new Guessed(alias.convert(given.value), low, high) };
  }
  return { value: typeof given === 'number' ? alias.convert(given) : given };
}

/** Checks a quantity of the resolved form: a number in the unit of its key, or what else the key knows. */
export function checkQuantity(node: Numeric, value: unknown): Mismatch | null {
  if (value === null && node.nothing !== null) return null;
  if (typeof value === 'string' && value === node.word) return null;
  const others = [node.word, node.nothing === null ? null : 'null'].filter((word) => word !== null);
  const expected = either([`a number${inUnit(node)}${boundsText(node)}`, ...others]);
  return typeof value === 'number' && within(node, value) ? null : { found: found(value), expected };
}

function readGuess(node: Numeric, given: Record<string, unknown>, bare: boolean): Read<Guessed> {
  const { value, range, provenance = 'guess', ...unknown } = given;
  const stranger = Object.keys(unknown)[0];
  if (stranger !== undefined) {
    return { mismatch: { at: [stranger], found: 'an unknown key', expected: GUESS_FORM } };
  }
  if (typeof provenance !== 'string' || !PROVENANCES.includes(provenance)) {
    return { mismatch: { at: ['provenance'], found: found(provenance), expected: either(PROVENANCES) } };
  }
  if (!Array.isArray(range) || range.length !== 2) {
    return { mismatch: { at: ['range'], found: found(range), expected: 'two quantities, [low, high]' } };
  }
  const [middle, low, high] = [value, ...range].map((end) => readNumber(node, end, bare)) as [
    Read<number>,
    Read<number>,
    Read<number>,
  ];
  if ('mismatch' in middle) return { mismatch: { ...middle.mismatch, at: ['value'] } };
  if ('mismatch' in low) return { mismatch: { ...low.mismatch, at: ['range', 0] } };
  if ('mismatch' in high) return { mismatch: { ...high.mismatch, at: ['range', 1] } };
  if (low.value > middle.value || middle.value > high.value) {
    const text = `${found(value)} in ${JSON.stringify(range)}`;
    return {
      mismatch: { at: ['range'], found: text, expected: 'a range that holds the value, [low, high]' },
    };
  }
  return { value: new Guessed(middle.value, low.value, high.value) };
}

function readNumber(node: Numeric, value: unknown, bare: boolean): Read<number> {
  const { unit } = node;
  const understood = bare || unit.bare === 'any' || value === 0;
  const number = typeof value === 'string' ? unit.parse(value) : understood ? value : null;
  if (typeof number === 'number' && within(node, number)) return { value: number };
  return { mismatch: { found: found(value), expected: expectedQuantity(node) } };
}

function within({ bounds: { min, max, above, whole } }: Numeric, value: number): boolean {
  return (
    Number.isFinite(value) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (whole !== true || Number.isSafeInteger(value))
  );
}

/** "a duration of at least 0, such as 10min, 7h or 80ms, or unlimited" */
export function expectedQuantity(node: Numeric): string {
  const { unit, bounds } = node;
  const what = bounds.whole === true && unit.suffix === '' ? 'a whole number' : unit.what;
  const examples = unit.pattern === null ? '' : `, such as ${either(unit.examples)}`;
  const words = [node.word, node.nothing].filter((word) => word !== null);
  const others = words.length === 0 ? '' : `${examples === '' ? '' : ','} or ${either(words)}`;
  return `${what}${boundsText(node)}${examples}${others}`;
}

function boundsText({ bounds: { min, max, above } }: Numeric): string {
  if (above !== undefined)
    return max === undefined ? ` above ${above}` : ` above ${above} and at most ${max}`;
  if (min === undefined) return '';
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

function inUnit({ unit }: Numeric): string {
  const names: Readonly<Record<string, string>> = {
    Seconds: ' of seconds',
    Bytes: ' of bytes',
    BytesPerSecond: ' of bytes a second',
    BytesPerHour: ' of bytes an hour',
    Gb: ' of GB',
    Hours: ' of hours',
    Vms: ' of VMs',
  };
  return names[unit.suffix] ?? (unit.suffix.startsWith('Usd') ? ' of USD' : '');
}
