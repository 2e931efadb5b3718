import { createHash } from 'node:crypto';
import { inputError } from './errors.js';
import { found } from './found.js';

export interface DataFile {
  file: string;
  /** Of the text. */
  sha256: string;
  values: number[];
}

/**
 * Numbers (seconds) from the first column of a text file: one a line; empty lines, lines that start with # and one
 * heading are skipped. Throws InputError for anything else.
 */
export function parseDataFile(file: string, text: string): DataFile {
  const values: number[] = [];
  let heading = true;
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const cell = line.split(/[,;\t]/, 1)[0]!.trim();
    if (cell === '' || cell.startsWith('#')) continue;
    const value = Number(cell);
    if (Number.isFinite(value) && value >= 0) values.push(value);
    else if (!heading) {
      throw inputError({
        file,
        path: `line ${i + 1}`,
        found: found(cell),
        expected: 'a number of seconds of at least 0',
      });
    }
    heading = false;
  }
  if (values.length === 0)
    throw inputError({ file, found: 'no numbers', expected: 'one number of seconds a line' });
  return { file, sha256: createHash('sha256').update(text).digest('hex'), values };
}
