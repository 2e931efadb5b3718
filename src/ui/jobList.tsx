import { Text } from 'ink';
import type { JobSnapshot, JobState } from '../plan/snapshot.js';
import { bar } from './bars.js';
import { formatCompact, shareOf } from './format.js';
import { COLOURS, entriesFor, Heading, Line, More } from './lines.js';
import { oneLine, pad, textWidth, truncateMiddle } from './text.js';

/** The order of interest: what is at work, what waits, what went wrong, what is done. */
const ORDER: JobState[] = [
  'RUNNING',
  'CANCELLATION_IN_PROGRESS',
  'SCHEDULED',
  'QUEUED',
  'FAILED',
  'CANCELLED',
  'SUCCEEDED',
];

const STATE_WORDS: Record<JobState, string> = {
  QUEUED: 'QUEUED',
  SCHEDULED: 'SCHEDULED',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLATION_IN_PROGRESS: 'CANCELLING',
  CANCELLED: 'CANCELLED',
};

const STATE_COLOURS: Partial<Record<JobState, string>> = {
  RUNNING: COLOURS.busy,
  SUCCEEDED: COLOURS.good,
  FAILED: COLOURS.bad,
  CANCELLATION_IN_PROGRESS: COLOURS.note,
  CANCELLED: COLOURS.note,
};

const STATE_WIDTH = 10;
const COUNT_WIDTH = 11;
const BAR = { least: 6, most: 24 };
const GAP = 2;

/** Jobs, those at work first, as many as fit. */
export function JobList(props: { jobs: readonly JobSnapshot[]; lines: number; width: number }) {
  const { jobs, lines, width } = props;
  if (lines < 1) return null;
  const sorted = [...jobs].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const shown = sorted.slice(0, entriesFor(sorted.length, lines));
  const regionWidth = Math.max(0, ...shown.map(({ region }) => Math.min(23, textWidth(oneLine(region)))));
  return (
    <>
      <Heading title={`Jobs ${jobs.length}`} note={countStates(jobs)} column="tasks done" width={width} />
      {shown.map((job) => (
        <JobLine key={`${job.region}/${job.jobId}`} job={job} regionWidth={regionWidth} width={width} />
      ))}
      {shown.length < sorted.length && <More count={sorted.length - shown.length} width={width} />}
    </>
  );
}

function JobLine({ job, regionWidth, width }: { job: JobSnapshot; regionWidth: number; width: number }) {
  const colour = STATE_COLOURS[job.state];
  const tasks = job.pending + job.assigned + job.running + job.succeeded + job.failed;
  const barWidth = Math.max(BAR.least, Math.min(BAR.most, Math.floor(width / 8)));
  const idWidth = Math.max(8, width - regionWidth - STATE_WIDTH - barWidth - COUNT_WIDTH - GAP * 4);
  const count = `${formatCompact(job.succeeded)}/${formatCompact(tasks)}`;
  return (
    <Line width={width}>
      {pad(truncateMiddle(oneLine(job.jobId), idWidth), idWidth)}
      {'  '}
      {pad(oneLine(job.region), regionWidth)}
      {'  '}
      <Text {...(colour === undefined ? {} : { color: colour })}>
        {pad(STATE_WORDS[job.state], STATE_WIDTH)}
      </Text>
      {'  '}
      <Text color={COLOURS.good}>{bar(shareOf(job.succeeded, tasks), barWidth)}</Text>
      {'  '}
      {pad(count, COUNT_WIDTH, 'right')}
    </Line>
  );
}

function countStates(jobs: readonly JobSnapshot[]): string {
  return ORDER.map((state) => ({ state, count: jobs.filter((job) => job.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${STATE_WORDS[state]}`)
    .join(' · ');
}
