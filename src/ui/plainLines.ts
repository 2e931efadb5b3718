import type { JobState, Snapshot } from '../plan/snapshot.js';
import { asciiOnly, supportsUnicode } from './charset.js';
import {
  formatCount,
  formatDuration,
  formatHoursRange,
  formatPercent,
  formatUsd,
  formatUsdRange,
  UNKNOWN,
} from './format.js';
import { oneLine, pad } from './text.js';

export interface PlainOptions {
  /** While snapshots come, at least one line in so many seconds of wall time. Default 5. */
  everySeconds?: number;
  /** Monotonic wall time in milliseconds. */
  wallMs?: () => number;
  /** Default: as the process's locale says. */
  unicode?: boolean;
}

export interface PlainReporter {
  update(snapshot: Snapshot): void;
  /** The last word: the state the campaign was last seen in, if that has not been said. */
  close(): void;
}

const STEPS = 10;
/** Jobs named one by one when they change together; of more, their number is told. */
const NAMED_JOBS = 4;

/**
 * A campaign as lines of plain text, for pipes, logs and CI: a line of figures at the start, at every 10 % of the
 * tasks, at the first failure and whenever failures have doubled, at the end, and else every few seconds; a line
 * for each wave of jobs, each change of a job's state and each message. No escape codes.
 */
export function plainReporter(write: (line: string) => void, options: PlainOptions = {}): PlainReporter {
  const {
    everySeconds = 5,
    wallMs = () => performance.now(),
    unicode = supportsUnicode(process.env),
  } = options;
  let previous: Snapshot | null = null;
  let figures: { snapshot: Snapshot; at: number } | null = null;

  const say = (snapshot: Snapshot, text: string): void => {
    const line = `[${pad((snapshot.elapsedSeconds / 3600).toFixed(1), 6, 'right')} h]  ${text}`;
    write(unicode ? line : asciiOnly(line));
  };
  const sayFigures = (snapshot: Snapshot): void => {
    figures = { snapshot, at: wallMs() };
    say(snapshot, figuresLine(snapshot));
  };

  return {
    update(snapshot) {
      if (previous === null) say(snapshot, openingLine(snapshot));
      for (const text of jobLines(previous, snapshot)) say(snapshot, text);
      for (const message of newMessages(previous, snapshot)) {
        say({ ...snapshot, elapsedSeconds: message.elapsedSeconds }, oneLine(message.text));
      }
      const due = figures === null || wallMs() - figures.at >= everySeconds * 1000;
      if (due || isMilestone(figures?.snapshot ?? null, snapshot)) sayFigures(snapshot);
      if (snapshot.state !== 'running' && previous?.state !== snapshot.state)
        say(snapshot, closingLine(snapshot));
      previous = snapshot;
    },
    close() {
      if (previous !== null && figures?.snapshot !== previous) sayFigures(previous);
      previous = null;
    },
  };
}

function openingLine(snapshot: Snapshot): string {
  const { makespanHours, costUsd } = snapshot.forecast;
  const parts = [
    `${snapshot.source} ${oneLine(snapshot.name)}${snapshot.runId === null ? '' : ` (${oneLine(snapshot.runId)})`}`,
    `${formatCount(snapshot.tasks.total)} tasks`,
    `forecast ${formatHoursRange(makespanHours)}, ${formatUsdRange(costUsd)} (p10${UNKNOWN}p90)`,
  ];
  return parts.join(', ');
}

function closingLine({ state, elapsedSeconds, tasks, cost }: Snapshot): string {
  const failed = tasks.failed === 0 ? '' : `, ${formatCount(tasks.failed)} failed`;
  const done = `${formatCount(tasks.succeeded)} of ${formatCount(tasks.total)} tasks done${failed}`;
  return `${state} after ${formatDuration(elapsedSeconds)}: ${done}, ${formatUsd(cost.spentUsd)} spent`;
}

/** Columns keep their width while the campaign goes on: every figure is padded to the largest it can become. */
function figuresLine({ tasks, molecules, preemptions, cost, forecast }: Snapshot): string {
  const width = formatCount(tasks.total).length;
  const count = (value: number | null, cells: number): string => pad(formatCount(value), cells, 'right');
  const moleculeWidth = formatCount(molecules.total).length;
  const parts = [
    `${pad(formatPercent(tasks.succeeded, tasks.total).replace(' ', ''), 4, 'right')}  ${count(tasks.succeeded, width)}/${formatCount(tasks.total)} done`,
    `${count(tasks.running, width)} running`,
    `${count(tasks.pending + tasks.assigned, width)} pending`,
    ...(tasks.failed > 0 ? [`${formatCount(tasks.failed)} failed`] : []),
    `${count(molecules.complete, moleculeWidth)}/${formatCount(molecules.total)} molecules`,
    `${count(preemptions, width)} preemptions`,
    `${pad(formatUsd(cost.spentUsd), 7, 'right')}${forecast.costUsd === null ? '' : ` (forecast ${formatUsdRange(forecast.costUsd)})`}`,
  ];
  return parts.join('  ');
}

function isMilestone(last: Snapshot | null, snapshot: Snapshot): boolean {
  if (last === null || last.state !== snapshot.state) return true;
  if (stepOf(last) !== stepOf(snapshot)) return true;
  const { failed } = snapshot.tasks;
  return failed > 0 && failed >= 2 * last.tasks.failed;
}

function stepOf({ tasks }: Snapshot): number {
  return tasks.total === 0 ? 0 : Math.floor((tasks.succeeded / tasks.total) * STEPS + 1e-9);
}

/** New jobs (a wave), then jobs whose state has changed, grouped by what they have become. */
function jobLines(previous: Snapshot | null, snapshot: Snapshot): string[] {
  const before = new Map((previous?.jobs ?? []).map((job) => [jobKey(job), job.state]));
  const submitted = snapshot.jobs.filter((job) => !before.has(jobKey(job)));
  const changed = new Map<JobState, string[]>();
  for (const job of snapshot.jobs) {
    const old = before.get(jobKey(job));
    if (old === undefined || old === job.state) continue;
    changed.set(job.state, [...(changed.get(job.state) ?? []), job.jobId]);
  }
  const lines = [...changed].map(
    ([state, ids]) => `${nameJobs(ids)} ${ids.length === 1 ? 'is' : 'are'} ${state}`,
  );
  if (submitted.length > 0) {
    const regions = [...new Set(submitted.map((job) => job.region))].map(oneLine).join(', ');
    lines.unshift(`${nameJobs(submitted.map((job) => job.jobId))} submitted in ${regions}`);
  }
  return lines;
}

function nameJobs(ids: readonly string[]): string {
  if (ids.length > NAMED_JOBS) return `${formatCount(ids.length)} jobs`;
  return `${ids.length === 1 ? 'job' : 'jobs'} ${ids.map(oneLine).join(', ')}`;
}

function jobKey({ region, jobId }: { region: string; jobId: string }): string {
  return `${region}/${jobId}`;
}

/** Snapshots carry the latest messages: those after the last one that was already there. */
function newMessages(previous: Snapshot | null, snapshot: Snapshot): Snapshot['messages'] {
  const last = previous?.messages.at(-1);
  if (last === undefined) return snapshot.messages;
  const known = snapshot.messages.findLastIndex(
    ({ elapsedSeconds, text }) => elapsedSeconds === last.elapsedSeconds && text === last.text,
  );
  return snapshot.messages.slice(known + 1);
}
