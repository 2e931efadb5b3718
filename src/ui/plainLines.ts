import type { JobSnapshot, JobState, Snapshot } from '../plan/snapshot.js';
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
import { oneLine, pad, textWidth } from './text.js';

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
/** Cells for the names of jobs that change together; where they need more, their number is told. */
const NAMES_WIDTH = 80;
/** Cells for the campaign time: `999d 23h 59m`. */
const STAMP_WIDTH = 12;

const KINDS: Record<Snapshot['source'], string> = {
  simulate: 'simulation',
  rehearse: 'rehearsal',
  execute: 'run',
};

/**
 * A campaign as lines of plain text, for pipes, logs and CI, each with its campaign time: a line of figures at the
 * start, at every 10 % of the tasks, at the first failure and whenever failures have doubled, and else every few
 * seconds; a line for each wave of jobs, each change of a job's state and each message; at the end how it ended.
 * No escape codes.
 */
export function plainReporter(write: (line: string) => void, options: PlainOptions = {}): PlainReporter {
  const {
    everySeconds = 5,
    wallMs = () => performance.now(),
    unicode = supportsUnicode(process.env),
  } = options;
  let previous: Snapshot | null = null;
  let figures: { snapshot: Snapshot; at: number } | null = null;

  const say = ({ elapsedSeconds }: Pick<Snapshot, 'elapsedSeconds'>, text: string): void => {
    const line = `[${pad(formatDuration(elapsedSeconds), STAMP_WIDTH, 'right')}]  ${text}`;
    write(unicode ? line : asciiOnly(line));
  };
  const sayFigures = (snapshot: Snapshot): void => {
    figures = { snapshot, at: wallMs() };
    say(snapshot, figuresLine(snapshot));
  };

  return {
    update(snapshot) {
      // Messages come before the jobs: they are from this moment or from an earlier one.
      const messages = newMessages(previous, snapshot);
      if (previous === null) say(messages[0] ?? snapshot, openingLine(snapshot));
      for (const message of messages) say(message, oneLine(message.text));
      const jobs = previous === null ? firstJobLines(snapshot) : jobLines(previous, snapshot);
      for (const text of jobs) say(snapshot, text);
      if (snapshot.state !== 'running' && previous?.state !== snapshot.state) {
        say(snapshot, closingLine(snapshot));
        figures = { snapshot, at: wallMs() };
      } else {
        const due = figures === null || wallMs() - figures.at >= everySeconds * 1000;
        if (due || isMilestone(figures?.snapshot ?? null, snapshot)) sayFigures(snapshot);
      }
      previous = snapshot;
    },
    close() {
      if (previous !== null && figures?.snapshot !== previous) sayFigures(previous);
      previous = null;
    },
  };
}

function openingLine(snapshot: Snapshot): string {
  const { source, name, runId, tasks, forecast } = snapshot;
  const id = runId === null ? '' : ` ${oneLine(runId)}`;
  const parts = [
    `${KINDS[source]}${id} of ${oneLine(name)}: ${formatCount(tasks.total)} tasks`,
    `forecast ${formatHoursRange(forecast.makespanHours)}`,
    `${formatUsdRange(forecast.costUsd)} (p10${UNKNOWN}p90)`,
  ];
  return parts.join(', ');
}

function closingLine({ state, elapsedSeconds, tasks, molecules, preemptions, cost }: Snapshot): string {
  const parts = [
    `${formatCount(tasks.succeeded)} of ${formatCount(tasks.total)} tasks done`,
    ...(tasks.failed === 0 ? [] : [`${formatCount(tasks.failed)} failed`]),
    `${formatCount(molecules.complete)} of ${formatCount(molecules.total)} molecules`,
    `${formatCount(preemptions)} preemptions`,
    `${formatUsd(cost.spentUsd)} spent`,
  ];
  return `${state} after ${formatDuration(elapsedSeconds)}: ${parts.join(', ')}`;
}

/** Columns keep their width while the campaign goes on: every figure is padded to the largest it can become. */
function figuresLine({ tasks, molecules, preemptions, cost }: Snapshot): string {
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
    pad(formatUsd(cost.spentUsd), 7, 'right'),
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

/** What a campaign that is joined on its way has already submitted was not submitted now. */
function firstJobLines({ jobs, elapsedSeconds }: Snapshot): string[] {
  if (jobs.length === 0) return [];
  if (elapsedSeconds === 0) return [submittedLine(jobs)];
  const states = byState(jobs).map(([state, { length }]) => `${formatCount(length)} ${state}`);
  return [
    `${nameJobs(jobs)} in ${regionsOf(jobs)}: ${jobs.length === 1 ? jobs[0]?.state : states.join(', ')}`,
  ];
}

/** New jobs (a wave), then jobs whose state has changed, grouped by what they have become. */
function jobLines(previous: Snapshot, { jobs }: Snapshot): string[] {
  const before = new Map(previous.jobs.map((job) => [jobKey(job), job.state]));
  const submitted = jobs.filter((job) => !before.has(jobKey(job)));
  const changed = jobs.filter((job) => (before.get(jobKey(job)) ?? job.state) !== job.state);
  const lines = submitted.length === 0 ? [] : [submittedLine(submitted)];
  for (const [state, group] of byState(changed)) {
    lines.push(`${nameJobs(group)} ${group.length === 1 ? 'is' : 'are'} ${state}`);
  }
  return lines;
}

function byState(jobs: readonly JobSnapshot[]): [JobState, JobSnapshot[]][] {
  const states = [...new Set(jobs.map(({ state }) => state))];
  return states.map((state) => [state, jobs.filter((job) => job.state === state)]);
}

function submittedLine(jobs: readonly JobSnapshot[]): string {
  return `${nameJobs(jobs)} submitted in ${regionsOf(jobs)}`;
}

function regionsOf(jobs: readonly JobSnapshot[]): string {
  return [...new Set(jobs.map((job) => job.region))].map(oneLine).join(', ');
}

function nameJobs(jobs: readonly JobSnapshot[]): string {
  const names = jobs.map(({ jobId }) => oneLine(jobId)).join(', ');
  if (jobs.length === 1) return `job ${names}`;
  return textWidth(names) <= NAMES_WIDTH ? `jobs ${names}` : `${formatCount(jobs.length)} jobs`;
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
