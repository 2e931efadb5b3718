import { type DataFile, type DataFormat, hasExactly, isNumbers, sha256Of } from './dataFile.js';
import { inputError } from './errors.js';
import { found } from './found.js';

export interface Durations extends DataFile {
  values: number[];
}

/** Measured times: the numbers (seconds) of a file's first column. */
export const DURATIONS_FILE: DataFormat<Durations> = {
  what: 'one number of seconds a line',
  example: 'durations.csv',
  embedded: '{ file, sha256, values }',
  parse: parseDurations,
  holds: (members) => hasExactly(members, ['values']) && isNumbers(members.values, 0),
};

/** One number a line; empty lines, lines that start with # and one heading are skipped. */
function parseDurations(file: string, text: string): Durations {
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
  return { file, sha256: sha256Of(text), values };
}
