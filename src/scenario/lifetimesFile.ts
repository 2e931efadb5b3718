import { amountIn, cellError, columnOf, parseCsv } from './csv.js';
import { type DataFormat, hasExactly, isFalling, isNumbers, isRising, sha256Of } from './dataFile.js';
import { inputError } from './errors.js';
import { kaplanMeier, type ObservedLife, tailHazard } from './kaplanMeier.js';
import type { Lifetimes } from './scenario.js';

const COLUMNS = 'the columns lifetime_hours (or lifetime_seconds) and censored';
const HOUR = 3_600;

/** How long VMs lived: a CSV of which the resolved form keeps the Kaplan-Meier curve. */
export const LIFETIMES_FILE: DataFormat<Lifetimes> = {
  what: COLUMNS,
  example: 'lifetimes.csv',
  embedded: '{ file, sha256, ageSeconds, survival, tailPerHour }, ages rising and survival falling',
  parse(file, text) {
    const { age, survival } = kaplanMeier(readLives(file, text));
    if ((age.at(-1) ?? 0) === 0) {
      throw inputError({
        file,
        found: 'no preempted VM that had an age',
        expected: 'at least one row with censored 0 and a lifetime above 0',
      });
    }
    const tailPerHour = tailHazard({ age, survival }) * HOUR;
    return { file, sha256: sha256Of(text), ageSeconds: age, survival, tailPerHour };
  },
  holds(members) {
    const { ageSeconds, survival, tailPerHour } = members;
    return (
      hasExactly(members, ['ageSeconds', 'survival', 'tailPerHour']) &&
      isNumbers(ageSeconds, 0) &&
      isNumbers(survival, 0, 1) &&
      ageSeconds.length === survival.length &&
      ageSeconds.at(-1)! > 0 &&
      isRising(ageSeconds) &&
      isFalling([1, ...survival]) &&
      isNumbers([tailPerHour], 0)
    );
  },
};

/** Every other column is ignored. */
function readLives(file: string, text: string): ObservedLife[] {
  const csv = parseCsv(file, text, `a heading with ${COLUMNS}, and a row for each VM`);
  const lifetime = columnOf(csv, ['lifetime_hours', 'lifetime_seconds']);
  const censored = columnOf(csv, ['censored']);
  const seconds = lifetime.name === 'lifetime_hours' ? HOUR : 1;
  return csv.rows.map((row) => {
    const flag = row.cells[censored.index];
    if (flag !== '0' && flag !== '1') {
      throw cellError(csv, row, censored, '0 (the VM was preempted) or 1 (it was not)');
    }
    return { age: amountIn(csv, row, lifetime) * seconds, preempted: flag === '0' };
  });
}
