import type { ExecSummary } from '../exec/summary.js';
import type { Metric } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { formatCount, formatDuration, formatUsd, type Known } from '../ui/format.js';
import { formatTable } from '../ui/table.js';

const COLUMNS = [
  { title: 'outcome' },
  { title: 'p10', align: 'right' },
  { title: 'forecast', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'actual', align: 'right' },
] as const;

/** The closing table of a run: what the plan's forecast said, and what came. */
export function forecastAgainstActual(plan: Plan, summary: ExecSummary): string[] {
  const rows = OUTCOMES.map(({ label, metric, actual, format }) => {
    const forecast = plan.forecast?.[metric];
    return [label, ...[forecast?.p10, forecast?.p50, forecast?.p90, actual(summary)].map(format)];
  });
  return formatTable(COLUMNS, rows);
}

interface Row {
  label: string;
  metric: Metric;
  actual: (summary: ExecSummary) => Known;
  format: (value: Known) => string;
}

const hours = (value: Known): string => formatDuration(value == null ? null : value * 3600);

const OUTCOMES: readonly Row[] = [
  { label: 'makespan', metric: 'makespanHours', actual: (run) => run.elapsedHours, format: hours },
  { label: 'cost', metric: 'costUsd', actual: (run) => run.costUsd, format: formatUsd },
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
