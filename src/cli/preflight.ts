import type { Check } from '../exec/preflight/check.js';
import type { PreflightResult } from '../exec/preflight/preflight.js';
import { formatTable } from '../ui/table.js';
import { CommandError, EXIT } from './exit.js';
import { type Output, tableWidth } from './output.js';
import { plural } from './summary.js';

const COLUMNS = [{ title: '' }, { title: 'check' }, { title: 'finding', wrap: true }] as const;
const WORDS = { pass: 'ok', warn: 'warning', fail: 'FAILED' } as const;
/** What a rehearsal has shown already, or what matters only where money is spent. */
const OF_THE_PLAN = new Set(['lint', 'forecast', 'budget', 'exposure', 'inputs']);

/** A table of all checks, and below it the commands that repair what is wrong. */
export function describeChecks(checks: readonly Check[], width: number): string[] {
  const rows = checks.map(({ name, outcome, message }) => [WORDS[outcome], name, message]);
  const repairs = checks.flatMap(({ name, repair }) =>
    repair === null ? [] : [`  # ${name}`, `  ${repair}`],
  );
  return [
    ...formatTable(COLUMNS, rows, { width }),
    ...(repairs.length === 0 ? [] : ['', 'To repair:', ...repairs]),
  ];
}

/**
 * Shows what a preflight has found, and stops the command when something failed: exit code 4 when it was a permission,
 * 3 otherwise. Before a run on Google everything is shown; before a rehearsal, and when a run goes on (`short`), only
 * what the project is short of.
 */
export function showPreflight(
  { checks, ok, permission }: PreflightResult,
  source: 'rehearse' | 'execute',
  output: Output,
  form: 'full' | 'short' = source === 'execute' ? 'full' : 'short',
): void {
  const worth = checks.filter(({ outcome, name }) => outcome !== 'pass' && !OF_THE_PLAN.has(name));
  const shown = form === 'full' || !ok ? checks : worth;
  if (shown.length > 0) {
    const lines = describeChecks(ok || form === 'full' ? shown : failuresFirst(shown), tableWidth());
    for (const line of lines) output.note(line);
    output.note('');
  }
  if (ok) return;
  output.document({ ok, checks });
  const failures = checks.filter(({ outcome }) => outcome === 'fail');
  const first = failures[0];
  const others = failures.length > 1 ? ` (and ${plural(failures.length - 1, 'other')})` : '';
  throw new CommandError(
    permission ? EXIT.credentials : EXIT.guard,
    `preflight: nothing was started: ${first?.message ?? ''}${others}`,
  );
}

function failuresFirst(checks: readonly Check[]): Check[] {
  return checks.filter(({ outcome }) => outcome !== 'pass');
}
