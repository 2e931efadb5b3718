import { Box } from 'ink';
import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { FIGURE_LINES, Figures } from './figures.js';
import { Footer } from './footer.js';
import { Header } from './header.js';
import type { Sample } from './history.js';
import { JobList } from './jobList.js';
import { shareLines } from './layout.js';
import { MessageList } from './messageList.js';
import { PLAN_LINES, PlanFacts } from './planFacts.js';
import { RegionList } from './regionList.js';
import { Trends, trendsFor, trendsIn } from './trend.js';

/** From this width on there are two columns. */
const TWO_COLUMNS = 150;
const COLUMN_GAP = 3;

/** What there is to draw of a campaign at one moment. */
export interface Picture {
  snapshot: Snapshot;
  plan: Plan | null;
  /** Oldest first. */
  history: readonly Sample[];
}

export interface DashboardProps extends Picture {
  /** Size of the drawing in cells. */
  columns: number;
  rows: number;
  /** The user has asked to stop. */
  interrupted?: boolean;
}

/** A campaign at one moment: the same drawing for simulate, rehearse and execute. */
export function Dashboard({ snapshot, plan, history, columns, rows, interrupted = false }: DashboardProps) {
  const body = { snapshot, plan, history, width: columns, lines: Math.max(0, rows - 2) };
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Header snapshot={snapshot} width={columns} />
      <Box flexDirection="column" height={body.lines} flexShrink={0} overflow="hidden">
        {columns >= TWO_COLUMNS ? <TwoColumns {...body} /> : <OneColumn {...body} />}
      </Box>
      <Footer snapshot={snapshot} interrupted={interrupted} width={columns} />
    </Box>
  );
}

interface BodyProps extends Picture {
  width: number;
  lines: number;
}

function OneColumn({ snapshot, history, width, lines }: BodyProps) {
  const { regions, jobs, messages } = snapshot;
  const [regionLines, jobLines, messageLines] = shareLines(lines - FIGURE_LINES, [
    { entries: regions.length, atLeast: 4 },
    { entries: jobs.length, atLeast: 3 },
    { entries: messages.length, atLeast: 3 },
  ]);
  const spare = lines - FIGURE_LINES - withHeadings(regionLines, jobLines, messageLines);
  return (
    <>
      <Figures snapshot={snapshot} history={history} width={width} />
      <RegionList regions={regions} lines={regionLines} width={width} />
      <JobList jobs={jobs} lines={jobLines} width={width} />
      <MessageList messages={messages} lines={messageLines} width={width} />
      <Trends trends={trendsFor(history, spare)} history={history} lines={spare} width={width} />
    </>
  );
}

function withHeadings(...entries: number[]): number {
  return entries.reduce((sum, shown) => sum + (shown === 0 ? 0 : shown + 1), 0);
}

function TwoColumns({ snapshot, plan, history, width, lines }: BodyProps) {
  const left = Math.floor((width - COLUMN_GAP) / 2);
  const right = width - COLUMN_GAP - left;
  const { regions, jobs, messages } = snapshot;
  const [regionLines] = shareLines(lines - FIGURE_LINES, [{ entries: regions.length, atLeast: 4 }]);
  const leftSpare = lines - FIGURE_LINES - withHeadings(regionLines);
  const showPlan = plan !== null && lines >= PLAN_LINES * 3;
  const [jobLines, messageLines] = shareLines(lines - (showPlan ? PLAN_LINES : 0), [
    { entries: jobs.length, atLeast: 8 },
    { entries: messages.length, atLeast: 8 },
  ]);
  const rightSpare = lines - (showPlan ? PLAN_LINES : 0) - withHeadings(jobLines, messageLines);
  const trends = trendsFor(history, Number.POSITIVE_INFINITY);
  const onTheRight = Math.min(trendsIn(rightSpare), Math.floor(trends.length / 2));
  const leftTrends = trends.slice(0, Math.min(trendsIn(leftSpare), trends.length - onTheRight));
  const rightTrends = trends.slice(leftTrends.length, leftTrends.length + onTheRight);
  return (
    <Box columnGap={COLUMN_GAP}>
      <Box flexDirection="column" width={left} flexShrink={0}>
        <Figures snapshot={snapshot} history={history} width={left} />
        <RegionList regions={regions} lines={regionLines} width={left} />
        <Trends trends={leftTrends} history={history} lines={leftSpare} width={left} />
      </Box>
      <Box flexDirection="column" width={right} flexShrink={0}>
        {showPlan && <PlanFacts plan={plan} width={right} />}
        <JobList jobs={jobs} lines={jobLines} width={right} />
        <MessageList messages={messages} lines={messageLines} width={right} />
        <Trends trends={rightTrends} history={history} lines={rightSpare} width={right} />
      </Box>
    </Box>
  );
}
