import { inputError } from '../scenario/errors.js';

/** A commander argument parser for whole numbers from `low` to `high`. */
export function wholeNumber(
  flag: string,
  low: number,
  high = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw inputError({ path: flag, found: `"${text}"`, expected: `a whole number ${range}` });
  };
}

/** A commander argument parser for numbers with `low < value < high`. */
export function numberBetween(
  flag: string,
  low: number,
  high = Number.POSITIVE_INFINITY,
): (text: string) => number {
  const range = high === Number.POSITIVE_INFINITY ? `above ${low}` : `between ${low} and ${high}`;
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value > low && value < high) return value;
    throw inputError({ path: flag, found: `"${text}"`, expected: `a number ${range}` });
  };
}

/** A commander argument parser for numbers above 0 and up to `high`. */
export function positiveUpTo(flag: string, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value > 0 && value <= high) return value;
    const expected = `a number above 0 and at most ${high}`;
    throw inputError({ path: flag, found: `"${text}"`, expected });
  };
}

/** A commander argument parser for an option that may be given again and again. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** One of a few words. */
export function oneOf<T extends string>(flag: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw inputError({ path: flag, found: `"${text}"`, expected: `one of ${words.join(', ')}` });
  };
}
