import { invalid } from './gcsError.js';

/** One step through a name. `slashes`: whether it may take a `/`. */
type Token =
  | { kind: 'one'; takes: (character: string) => boolean }
  | { kind: 'many'; slashes: boolean }
  /** A double star before a slash: any folders, or none. */
  | { kind: 'folders' };

/** A matchGlob, ready to be held against names. */
export interface Glob {
  test(name: string): boolean;
}

/** More alternatives than this in one pattern are refused: `{a,b}{a,b}...` doubles with each pair of braces. */
const MOST_ALTERNATIVES = 256;

/**
 * A matchGlob: `*` and `?` stop at slashes, `**` does not, `[a-z]`, `[!a]`, `{a,b}` and backslashes as usual. Takes
 * time in proportion to pattern times name, whatever the pattern: a regular expression could be made to backtrack for
 * ever. Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
 */
export function globOf(pattern: string): Glob {
  const alternatives = expandBraces(pattern).map(tokensOf);
  return { test: (name) => alternatives.some((tokens) => matches(tokens, [...name])) };
}

/** Every state (number of tokens behind) that can be reached, character by character. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let states = new Set<number>();
  reach(states, tokens, 0);
  for (const character of name) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token === undefined) continue;
      if (token.kind === 'one') {
        if (token.takes(character)) reach(next, tokens, state + 1);
      } else if (token.kind === 'folders') {
        next.add(state);
        if (character === '/') reach(next, tokens, state + 1);
      } else if (token.slashes || character !== '/') reach(next, tokens, state);
    }
    states = next;
    if (states.size === 0) return false;
  }
  // Inside the folders of a double star a name does not end: it was begun, so its slash is missing.
  return states.has(tokens.length);
}

/** A star may also take nothing. */
function reach(states: Set<number>, tokens: readonly Token[], state: number): void {
  for (let at = state; !states.has(at); at += 1) {
    states.add(at);
    const token = tokens[at];
    if (token === undefined || token.kind === 'one') return;
  }
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = String.fromCodePoint(pattern.codePointAt(at) as number);
    at += character.length - 1;
    if (character === '*') {
      const begin = at;
      while (pattern[at + 1] === '*') at += 1;
      const many = at > begin;
      // "**/" also stands for nothing: "a/**/b" matches "a/b".
      if (many && pattern[at + 1] === '/' && (begin === 0 || pattern[begin - 1] === '/')) {
        tokens.push({ kind: 'folders' });
        at += 1;
      } else tokens.push({ kind: 'many', slashes: many });
    } else if (character === '?') tokens.push({ kind: 'one', takes: (one) => one !== '/' });
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw invalid('Invalid glob pattern.');
      tokens.push({ kind: 'one', takes: classOf(pattern.slice(at + 1, end)) });
      at = end;
    } else {
      const escaped = character === '\\' && at + 1 < pattern.length;
      if (escaped) at += 1;
      const literal = escaped ? String.fromCodePoint(pattern.codePointAt(at) as number) : character;
      if (escaped) at += literal.length - 1;
      tokens.push({ kind: 'one', takes: (one) => one === literal });
    }
  }
  return tokens;
}

/** `a-z0-9_`, `!a` or `^a`; a negated one takes no slash. */
function classOf(text: string): (character: string) => boolean {
  const negated = text.startsWith('!') || text.startsWith('^');
  const members = [...(negated ? text.slice(1) : text)];
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at += 1) {
    const from = members[at] as string;
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    const to = isRange ? (members[at + 2] as string) : from;
    if (to < from) throw invalid('Invalid glob pattern.');
    ranges.push([from, to]);
    if (isRange) at += 2;
  }
  const has = (one: string): boolean => ranges.some(([from, to]) => from <= one && one <= to);
  return negated ? (one) => one !== '/' && !has(one) : has;
}

/** `a{b,c}d` as `abd` and `acd`; braces may be nested. */
function expandBraces(pattern: string): string[] {
  const open = find(pattern, 0, (character) => character === '{');
  if (open < 0) return [pattern];
  const commas: number[] = [];
  let depth = 0;
  const close = find(pattern, open, (character, at) => {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 1) commas.push(at);
    return depth === 0;
  });
  if (close < 0) throw invalid('Invalid glob pattern.');
  const bounds = [open, ...commas, close];
  const before = pattern.slice(0, open);
  const expanded: string[] = [];
  for (const after of expandBraces(pattern.slice(close + 1))) {
    for (let one = 0; one + 1 < bounds.length; one += 1) {
      const inner = pattern.slice((bounds[one] as number) + 1, bounds[one + 1]);
      for (const choice of expandBraces(inner)) expanded.push(before + choice + after);
      if (expanded.length > MOST_ALTERNATIVES) throw invalid('Invalid glob pattern: too many alternatives.');
    }
  }
  return expanded;
}

/** The first character from `begin` on that is wanted, not looking at escaped ones and into classes; -1: none. */
function find(pattern: string, begin: number, isWanted: (character: string, at: number) => boolean): number {
  for (let at = begin; at < pattern.length; at += 1) {
    const character = pattern[at] as string;
    if (character === '\\') at += 1;
    else if (character === '[' && pattern.indexOf(']', at + 2) > 0) at = pattern.indexOf(']', at + 2);
    else if (isWanted(character, at)) return at;
  }
  return -1;
}
