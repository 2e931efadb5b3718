import { inputError } from './errors.js';
import { found } from './found.js';
import type { WorkTable, WorkWindow } from './scenario.js';

/** Of a task whose table or file name does not tell. */
export const DEFAULT_NAMES: WorkWindow = { leg: 'main', repeat: '0', window: '0' };

/** One task as a table or a file name tells of it. */
export interface NamedTask extends WorkWindow {
  molecule: string;
  input: string;
  /** Where it was read, for messages: "line 7" or a file name. */
  place: string;
}

/**
 * The tasks in the order of a campaign: molecules as they first appear, then leg, repeat, window (numbers by their
 * value). Throws InputError unless every molecule has the same windows, each once, with usable names.
 */
export function workTableOf(
  file: string,
  tasks: readonly NamedTask[],
): Pick<WorkTable, 'molecules' | 'windows' | 'inputs'> {
  const molecules = new Map<string, Map<string, NamedTask>>();
  for (const task of tasks) {
    checkNames(file, task);
    const windows = molecules.get(task.molecule) ?? new Map<string, NamedTask>();
    const key = windowKey(task);
    const earlier = windows.get(key);
    if (earlier !== undefined) {
      throw inputError({
        file,
        path: task.place,
        found: `${windowName(task)} of molecule ${found(task.molecule)} again (first: ${earlier.place})`,
        expected: 'each task once',
      });
    }
    molecules.set(task.molecule, windows.set(key, task));
  }
  const [first] = molecules;
  if (first === undefined) throw inputError({ file, found: 'no tasks', expected: 'at least one task' });
  for (const [molecule, windows] of molecules) checkSame(file, first, [molecule, windows]);
  const order = [...first[1].values()].sort(byWindow);
  const inputs: string[] = [];
  for (const windows of molecules.values()) {
    for (const window of order) inputs.push(windows.get(windowKey(window))?.input ?? '');
  }
  return {
    molecules: [...molecules.keys()],
    windows: order.map(({ leg, repeat, window }) => ({ leg, repeat, window })),
    inputs,
  };
}

type Molecule = readonly [name: string, windows: ReadonlyMap<string, NamedTask>];

function checkSame(file: string, [model, expected]: Molecule, [molecule, windows]: Molecule): void {
  const missing = [...expected.values()].find((task) => !windows.has(windowKey(task)));
  const extra = [...windows.values()].find((task) => !expected.has(windowKey(task)));
  const odd = missing ?? extra;
  if (odd === undefined) return;
  throw inputError({
    file,
    path: `molecule ${found(molecule)}`,
    found: `${windows.size} ${windows.size === 1 ? 'task' : 'tasks'}, ${missing === undefined ? 'with' : 'without'} ${windowName(odd)}`,
    expected: `the same legs, repeats and windows as molecule ${found(model)}, which has ${expected.size}`,
  });
}

const windowKey = ({ leg, repeat, window }: WorkWindow): string => JSON.stringify([leg, repeat, window]);

const windowName = ({ leg, repeat, window }: WorkWindow): string =>
  `leg ${found(leg)}, repeat ${found(repeat)}, window ${found(window)}`;

function byWindow(a: WorkWindow, b: WorkWindow): number {
  return byName(a.leg, b.leg) || byName(a.repeat, b.repeat) || byName(a.window, b.window);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** Numbers by their value, before all other names; these by their text, the digits in it as numbers (w2 before w10). */
export function byName(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [NUMBER.test(a), NUMBER.test(b)];
  if (aIsNumber && bIsNumber) return Number(a) - Number(b) || byText(a, b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  const [left, right] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    // A text that is split at its digits has them at the odd places.
    const order =
      i % 2 === 1 ? Number(left[i]) - Number(right[i]) : byText(left[i] as string, right[i] as string);
    if (order !== 0) return order;
  }
  return left.length - right.length || byText(a, b);
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Bytes of a task key at most: the name of an object has 1,024, and the digest and the name of an output follow.
 * Source: https://docs.cloud.google.com/storage/quotas
 */
const LONGEST_KEY = 600;

function checkNames(file: string, task: NamedTask): void {
  for (const part of ['molecule', 'leg', 'repeat', 'window'] as const) {
    if (isName(task[part])) continue;
    throw inputError({
      file,
      path: `${task.place}, ${part}`,
      found: found(task[part]),
      expected: 'a name without line breaks, other control characters or broken Unicode',
    });
  }
  const length = encodedLength([task.molecule, task.leg, task.repeat, task.window].join('/'));
  if (length > LONGEST_KEY) {
    throw inputError({
      file,
      path: task.place,
      found: `a task whose key has ${length} characters (${found(task.molecule)})`,
      expected: `at most ${LONGEST_KEY}, because the names of its objects are made from it`,
    });
  }
  if (!isInput(task.input)) {
    throw inputError({
      file,
      path: `${task.place}, input`,
      found: found(task.input),
      expected: 'the path of a file, or gs://bucket/object',
    });
  }
}

/** Anything else is data: it is percent-encoded before it comes near a path, a row or a shell. */
export function isName(name: string): boolean {
  return name !== '' && !hasControl(name) && isWellFormed(name);
}

/** The path of a file, or gs://bucket/object. */
export function isInput(input: string): boolean {
  if (!isName(input)) return false;
  return !input.startsWith('gs:') || /^gs:\/\/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\/./.test(input);
}

/** No half of a surrogate pair, which has no form in UTF-8. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** C0 and C1 control characters, line and paragraph separators. */
function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029) return true;
  }
  return false;
}

/** Of a name once everything but letters, digits and a few signs is percent-encoded. */
const encodedLength = (name: string): number =>
  encodeURIComponent(name)
    .replace(/%2F/g, '/')
    .replace(/[!'()*]/g, '%00').length;
