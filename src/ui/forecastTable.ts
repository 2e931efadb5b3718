import {
  COST_PARTS,
  type CostPart,
  type Forecast,
  METRICS,
  type Metric,
  NEVER_HOURS,
  type Summary,
} from '../plan/forecast.js';
import { formatCount, formatDuration, formatHours, formatPercent, formatUsd } from './format.js';
import { formatTable } from './table.js';

interface Row {
  label: string;
  format: (value: number) => string;
}

const hours: Row['format'] = formatHours;
const count: Row['format'] = formatCount;

const METRIC_ROWS: Record<Metric, Row> = {
  makespanHours: { label: 'makespan', format: (value) => formatDuration(value * 3600) },
  costUsd: { label: 'cost', format: formatUsd },
  vmHours: { label: 'VM-hours', format: hours },
  lostWorkHours: { label: 'lost work', format: hours },
  attempts: { label: 'attempts', format: count },
  preemptions: { label: 'preemptions', format: count },
  tasksSucceeded: { label: 'tasks succeeded', format: count },
  tasksFailed: { label: 'tasks failed', format: count },
  moleculesComplete: { label: 'molecules complete', format: count },
  moleculesAtRisk: { label: 'molecules at risk', format: count },
  firstMoleculeHours: {
    label: 'first molecule after',
    format: (value) => (value >= NEVER_HOURS ? 'never' : formatDuration(value * 3600)),
  },
  checkpointsWritten: { label: 'checkpoints written', format: count },
  checkpointsSkipped: { label: 'checkpoints skipped', format: count },
  http429: { label: 'requests refused (429)', format: count },
  peakWritesPerSecond: { label: 'peak writes per second', format: count },
  peakVms: { label: 'peak VMs', format: count },
  imagePulls: { label: 'image pulls', format: count },
};

const COST_LABELS: Record<CostPart, string> = {
  usefulWork: 'useful work',
  lostWork: 'lost work',
  startup: 'start-up',
  dataTransfer: 'data transfer',
  checkpointPauses: 'checkpoint pauses',
  idle: 'idle VMs',
  bootDisk: 'boot disks',
  externalIp: 'external IPs',
  storageOperations: 'storage operations',
  storedBytes: 'stored bytes',
  softDelete: 'soft delete',
  crossRegion: 'cross-region transfer',
};

/**
 * A forecast for people, in lines: every outcome with its p10, p50, p90 and mean over the replications, then
 * what the money goes to (means, USD, largest first; parts that cost nothing are left out).
 */
export function describeForecast(
  forecast: Forecast,
  costBreakdownUsd: Partial<Record<CostPart, number>> | null,
): string[] {
  return [...outcomeLines(forecast), ...costLines(costBreakdownUsd ?? {})];
}

function outcomeLines(forecast: Forecast): string[] {
  const columns = [
    { title: 'outcome' },
    { title: 'p10', align: 'right' },
    { title: 'p50', align: 'right' },
    { title: 'p90', align: 'right' },
    { title: 'mean', align: 'right' },
  ] as const;
  const figures = ({ p10, p50, p90, mean }: Summary): number[] => [p10, p50, p90, mean];
  const rows = METRICS.map((metric) => {
    const { label, format } = METRIC_ROWS[metric];
    const told = figures(forecast[metric]).map(format);
    // Where some campaigns never get there, the mean of the others with a year says nothing.
    if (metric === 'firstMoleculeHours' && forecast[metric].p99 >= NEVER_HOURS) told[3] = '–';
    return [label, ...told];
  });
  return formatTable(columns, rows);
}

function costLines(parts: Partial<Record<CostPart, number>>): string[] {
  const total = COST_PARTS.reduce((sum, part) => sum + (parts[part] ?? 0), 0);
  const paid = COST_PARTS.filter((part) => (parts[part] ?? 0) > 0);
  if (paid.length === 0) return [];
  const rows = paid
    .sort((a, b) => parts[b]! - parts[a]!)
    .map((part) => [COST_LABELS[part], formatUsd(parts[part]), formatPercent(parts[part], total)]);
  const columns = [
    { title: 'money goes to' },
    { title: 'mean', align: 'right' },
    { title: 'share', align: 'right' },
  ] as const;
  return ['', ...formatTable(columns, [...rows, ['total', formatUsd(total), '100 %']])];
}
