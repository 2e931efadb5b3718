import { quoted } from './quoted.js';
import { badRequest } from './statusError.js';

/** What a filter may compare: a text, a number, a set of named texts (labels); undefined: not there. */
export type FilterValue = string | number | Record<string, string> | undefined;
/** The value of a field such as `status.state` or `labels.shard`. */
export type FieldReader<T> = (item: T, field: string) => FilterValue;

type Predicate<T> = (item: T) => boolean;

/**
 * Google's filter language as far as lists use it: comparisons (`=`, `!=`, `<`, `<=`, `>`, `>=`, and `:` for "has")
 * joined by AND, OR, NOT and parentheses; OR binds tighter than AND, and AND may be left out. A `*` in a text stands for
 * anything. Source: https://google.aip.dev/160. An empty filter holds for everything.
 */
export function filterOf<T>(
  filter: string,
  isField: (field: string) => boolean,
  read: FieldReader<T>,
  isNumber: (field: string) => boolean = () => false,
): Predicate<T> {
  const tokens = tokensOf(filter);
  if (tokens.length === 0) return () => true;
  const parser = new Parser<T>(filter, tokens, { isField, isNumber, read });
  return parser.whole();
}

interface Token {
  text: string;
  quoted: boolean;
}

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(<=|>=|!=|[=:<>()])|([^\s"'=:<>!()]+)|(.))/gsy;

function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  for (const match of filter.trim().matchAll(TOKEN)) {
    const [, double, single, operator, word, other] = match;
    const literal = double ?? single;
    if (literal !== undefined) tokens.push({ text: literal.replace(/\\(.)/g, '$1'), quoted: true });
    else if (operator !== undefined || word !== undefined) {
      tokens.push({ text: operator ?? word ?? '', quoted: false });
    } else throw refused(filter, `${quoted(other ?? '')} is not expected there`);
  }
  return tokens;
}

const COMPARATORS = ['=', '!=', '<', '<=', '>', '>=', ':'];
/** Deeper nesting is refused rather than followed. */
const DEEPEST = 50;

interface Fields<T> {
  isField: (field: string) => boolean;
  /** Times are numbers. */
  isNumber: (field: string) => boolean;
  read: FieldReader<T>;
}

class Parser<T> {
  readonly #filter: string;
  readonly #tokens: readonly Token[];
  readonly #fields: Fields<T>;
  #at = 0;
  #depth = 0;

  constructor(filter: string, tokens: readonly Token[], fields: Fields<T>) {
    this.#filter = filter;
    this.#tokens = tokens;
    this.#fields = fields;
  }

  whole(): Predicate<T> {
    const predicate = this.#all();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return predicate;
  }

  /** Terms joined by AND, written or not. */
  #all(): Predicate<T> {
    const terms = [this.#any()];
    while (this.#at < this.#tokens.length && !this.#is(')')) {
      if (this.#is('AND')) this.#at += 1;
      terms.push(this.#any());
    }
    return (item) => terms.every((holds) => holds(item));
  }

  /** Terms joined by OR. */
  #any(): Predicate<T> {
    const terms = [this.#term()];
    while (this.#is('OR')) {
      this.#at += 1;
      terms.push(this.#term());
    }
    return (item) => terms.some((holds) => holds(item));
  }

  #term(): Predicate<T> {
    const token = this.#tokens[this.#at];
    if (token && !token.quoted && (token.text === 'NOT' || token.text === '-')) {
      this.#at += 1;
      const holds = this.#nested(() => this.#term());
      return (item) => !holds(item);
    }
    if (!this.#is('(')) return this.#comparison();
    this.#at += 1;
    const holds = this.#nested(() => this.#all());
    if (!this.#is(')')) throw this.#unexpected();
    this.#at += 1;
    return holds;
  }

  #nested(parse: () => Predicate<T>): Predicate<T> {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw refused(this.#filter, 'is nested too deeply');
    const predicate = parse();
    this.#depth -= 1;
    return predicate;
  }

  #comparison(): Predicate<T> {
    const negated = this.#tokens[this.#at]?.text.startsWith('-') ?? false;
    const field = this.#word().replace(/^-/, '');
    if (!this.#fields.isField(field))
      throw refused(this.#filter, `${quoted(field)} is not a field that can be filtered by`);
    const comparator = this.#tokens[this.#at];
    if (!comparator || comparator.quoted || !COMPARATORS.includes(comparator.text)) throw this.#unexpected();
    this.#at += 1;
    const value = this.#value();
    if (this.#fields.isNumber(field) && Number.isNaN(numberOf(value))) {
      throw refused(this.#filter, `${quoted(value)} is not what ${field} can be compared with`);
    }
    const holds = comparisonOf(comparator.text, value);
    return (item) => holds(this.#fields.read(item, field)) !== negated;
  }

  #word(): string {
    const token = this.#tokens[this.#at];
    if (!token || token.quoted || ['AND', 'OR', ')', ...COMPARATORS].includes(token.text)) {
      throw this.#unexpected();
    }
    this.#at += 1;
    return token.text;
  }

  #value(): string {
    const token = this.#tokens[this.#at];
    if (token?.quoted) {
      this.#at += 1;
      return token.text;
    }
    return this.#word();
  }

  #is(text: string): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && !token.quoted && token.text === text;
  }

  #unexpected(): Error {
    const token = this.#tokens[this.#at];
    return refused(this.#filter, token ? `${quoted(token.text)} is not expected there` : 'ends too early');
  }
}

function comparisonOf(comparator: string, value: string): (found: FilterValue) => boolean {
  switch (comparator) {
    case '=':
      return (found) => equals(found, value);
    case '!=':
      return (found) => !equals(found, value);
    case ':':
      return (found) => (isSet(found) ? value === '*' || Object.hasOwn(found, value) : equals(found, value));
    default:
      return (found) => compares(found, comparator, value);
  }
}

function isSet(found: FilterValue): found is Record<string, string> {
  return typeof found === 'object';
}

function equals(found: FilterValue, value: string): boolean {
  if (found === undefined || isSet(found)) return false;
  if (typeof found === 'number') return found === numberOf(value);
  if (!value.includes('*')) return found === value;
  return matches(found, value.split('*'));
}

/** Whether these parts stand in a text in their order, the first at its start and the last at its end. */
function matches(text: string, parts: readonly string[]): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

function compares(found: FilterValue, comparator: string, value: string): boolean {
  if (found === undefined || isSet(found)) return false;
  const difference =
    typeof found === 'number' ? found - numberOf(value) : found < value ? -1 : found > value ? 1 : 0;
  if (comparator === '<') return difference < 0;
  if (comparator === '<=') return difference <= 0;
  return comparator === '>' ? difference > 0 : difference >= 0;
}

/** Times are compared as seconds since the epoch. */
function numberOf(value: string): number {
  return /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) / 1000 : Number(value);
}

function refused(filter: string, reason: string): Error {
  return badRequest([{ field: 'filter', description: `${quoted(filter)}: ${reason}` }]);
}
