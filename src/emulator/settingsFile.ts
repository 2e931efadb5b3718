import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { inputError } from '../scenario/errors.js';
import { formatPath } from '../scenario/paths.js';
import { quoted } from './quoted.js';

/** The YAML or JSON in a file that a person named. Throws an InputError when there is none. */
export function readSettingsFile(file: string, expected: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw inputError({ file, found: reason(error), expected });
  }
  try {
    return parseYaml(text, { prettyErrors: false });
  } catch {
    throw inputError({ file, found: 'text that is neither YAML nor JSON', expected });
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EISDIR') return 'a folder';
  return `a file that cannot be read (${code})`;
}

/** The first thing that is wrong with the shape of a value. */
export interface Misfit {
  path: string;
  found: string;
  expected: string;
}

/** Of a value that was parsed with `reportInput`. */
export function misfitOf({ issues }: z.ZodError): Misfit {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) return { path: '', found: 'something else', expected: 'what the documentation describes' };
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return { path: formatPath([...path, key]), found: 'an unknown key', expected: 'no such key' };
  }
  return { path: formatPath(path), found: foundIn(issue), expected: expectedBy(issue) };
}

function foundIn({ input, path }: z.core.$ZodIssue): string {
  if (input === undefined) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) {
    // A kind that does not exist is told by the map that has it.
    const member: unknown = Reflect.get(input, path.at(-1) ?? '');
    return typeof member === 'string' ? quoted(member) : 'a map';
  }
  return typeof input === 'string' ? quoted(input) : String(input);
}

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? oneOf(issue.options.map(String))
        : 'another kind';
    case 'too_small':
      return issue.origin === 'string' ? 'a text that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return 'another value';
  }
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`;
}
