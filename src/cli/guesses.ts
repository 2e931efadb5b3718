import type { Forecast } from '../plan/forecast.js';
import type { Scenario } from '../scenario/scenario.js';
import { formatTable } from '../ui/table.js';
import { wrapWords } from '../ui/text.js';
import { tableWidth } from './output.js';
import { hoursWithRange, usdWithRange } from './summary.js';

export type Uncertainty = 'on' | 'off';

const COLUMNS = [
  { title: 'guess' },
  { title: 'taken as', align: 'right' },
  { title: 'from', align: 'right' },
  { title: 'to', align: 'right' },
] as const;

/**
 * The guesses that a forecast hangs on: nobody has measured them. The same guess in several regions is one guess
 * and is told once. Empty where the scenario has none.
 */
export function guessLines({ guesses, ...scenario }: Scenario, uncertainty: Uncertainty): string[] {
  const rows = new Map<string, string[]>();
  for (const [path, { low, high }] of Object.entries(guesses)) {
    const name = path.replace(/^regions\.[^.]+\./, 'regions.*.');
    const value = uncertainty === 'on' ? 'drawn' : String(valueAt(scenario, path));
    rows.set(`${name} ${low} ${high}`, [name, value, `${low}`, `${high}`]);
  }
  if (rows.size === 0) return [];
  const note =
    uncertainty === 'on'
      ? 'Every replication draws its guesses from these ranges; --uncertainty off takes their values.'
      : 'The guesses are taken at their values; --uncertainty on draws them from their ranges.';
  return [...formatTable(COLUMNS, [...rows.values()]), ...wrapWords(note, tableWidth())];
}

function valueAt(scenario: object, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => {
    return typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined;
  }, scenario);
}

/** What is left of the spread when no guess is drawn: luck, as against not knowing. */
export function luckAloneLines({ makespanHours, costUsd }: Forecast): string[] {
  const outcome = `${hoursWithRange(makespanHours)}, ${usdWithRange(costUsd)}`;
  return wrapWords(`With the guesses at their values (luck alone): ${outcome}.`, tableWidth());
}
