import type { ExecSummary } from '../exec/summary.js';
import type { Metric } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { formatCount, formatDuration, formatUsd, isKnown, type Known } from '../ui/format.js';
import { formatTable } from '../ui/table.js';

const COLUMNS = [
  { title: 'outcome' },
  { title: 'p10', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'actual', align: 'right' },
  { title: 'p10–p90' },
] as const;

/** The closing table of a run: what the plan's forecast said, what came, and whether the one agrees with the other. */
export function forecastAgainstActual(plan: Plan, summary: ExecSummary): string[] {
  const rows = OUTCOMES.map((row) => {
    const { label, metric, actual, format } = row;
    const forecast = plan.forecast?.[metric];
    const figures = [forecast?.p10, forecast?.p50, forecast?.p90, actual(summary)].map(format);
    return [label, ...figures, placeOf(row, plan, summary)];
  });
  return [...formatTable(COLUMNS, rows), '', ...verdict(plan, summary)];
}

type Place = 'below' | 'within' | 'above';

/** Where the outcome lies to the range from p10 to p90; what reads like an end of the range lies within it. */
function placeOf({ metric, actual, format }: Row, plan: Plan, summary: ExecSummary): Place | null {
  const forecast = plan.forecast?.[metric];
  const value = actual(summary);
  if (forecast === undefined || !isKnown(value)) return null;
  const reads = format(value);
  if (reads === format(forecast.p10) || reads === format(forecast.p90)) return 'within';
  if (value < forecast.p10) return 'below';
  return value > forecast.p90 ? 'above' : 'within';
}

/** In lines of at most 80 cells. */
function verdict(plan: Plan, summary: ExecSummary): string[] {
  if (plan.forecast === null) return ['The plan has no forecast to hold against the run.'];
  if (summary.state !== 'succeeded') {
    return ['The campaign did not succeed: makespan and cost say little about the forecast.'];
  }
  const makespan = placeOf(MAKESPAN, plan, summary);
  const cost = placeOf(COST, plan, summary);
  const words =
    makespan === cost
      ? `Makespan and cost lie ${cost} the forecast range (p10–p90).`
      : `The makespan lies ${makespan} the forecast range (p10–p90), the cost ${cost ?? 'is not known'}.`;
  const outside = [makespan, cost].some((place) => place === 'below' || place === 'above');
  return outside ? [words, 'By its definition one run in five falls outside that range.'] : [words];
}

interface Row {
  label: string;
  metric: Metric;
  actual: (summary: ExecSummary) => Known;
  format: (value: Known) => string;
}

const hours = (value: Known): string => formatDuration(value == null ? null : value * 3600);

const MAKESPAN: Row = {
  label: 'makespan',
  metric: 'makespanHours',
  actual: (run) => run.elapsedHours,
  format: hours,
};
const COST: Row = { label: 'cost', metric: 'costUsd', actual: (run) => run.costUsd, format: formatUsd };

const OUTCOMES: readonly Row[] = [
  MAKESPAN,
  COST,
  { label: 'attempts', metric: 'attempts', actual: (run) => run.attempts, format: formatCount },
  { label: 'preemptions', metric: 'preemptions', actual: (run) => run.preemptions, format: formatCount },
  {
    label: 'tasks succeeded',
    metric: 'tasksSucceeded',
    actual: (run) => run.tasks.succeeded,
    format: formatCount,
  },
  { label: 'tasks failed', metric: 'tasksFailed', actual: (run) => run.tasks.failed, format: formatCount },
  {
    label: 'molecules complete',
    metric: 'moleculesComplete',
    actual: (run) => run.molecules.complete,
    format: formatCount,
  },
];
