import { Box, Text } from 'ink';
import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { FIGURE_LINES, Figures } from './figures.js';
import { Header } from './header.js';
import type { Sample } from './history.js';
import { JobList } from './jobList.js';
import { shareLines } from './layout.js';
import { Line } from './lines.js';
import { MessageList } from './messageList.js';
import { PLAN_LINES, PlanFacts } from './planFacts.js';
import { RegionList } from './regionList.js';
import { Trends } from './trend.js';

/** From this width on there are two columns. */
const TWO_COLUMNS = 150;
const COLUMN_GAP = 3;

export interface DashboardProps {
  snapshot: Snapshot;
  plan?: Plan | null;
  /** Oldest first. */
  history?: readonly Sample[];
  /** Size of the drawing in cells; it never exceeds this. */
  columns: number;
  rows: number;
  /** The last line: which keys do what. */
  hint?: string;
}

/** A campaign at one moment: the same drawing for simulate, rehearse and execute. */
export function Dashboard({ snapshot, plan = null, history = [], columns, rows, hint = '' }: DashboardProps) {
  const body = { snapshot, plan, history, width: columns, lines: Math.max(0, rows - 2) };
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Header snapshot={snapshot} width={columns} />
      <Box flexDirection="column" height={body.lines} flexShrink={0} overflow="hidden">
        {columns >= TWO_COLUMNS ? <TwoColumns {...body} /> : <OneColumn {...body} />}
      </Box>
      <Line width={columns}>
        <Text dimColor>{hint}</Text>
      </Line>
    </Box>
  );
}

interface BodyProps {
  snapshot: Snapshot;
  plan: Plan | null;
  history: readonly Sample[];
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
  const used = [regionLines, jobLines, messageLines].reduce((sum, shown) => sum + linesWithHeading(shown), 0);
  return (
    <>
      <Figures snapshot={snapshot} history={history} width={width} />
      <RegionList regions={regions} lines={regionLines} width={width} />
      <JobList jobs={jobs} lines={jobLines} width={width} />
      <MessageList messages={messages} lines={messageLines} width={width} />
      <Trends history={history} lines={lines - FIGURE_LINES - used} width={width} />
    </>
  );
}

function linesWithHeading(entries: number): number {
  return entries === 0 ? 0 : entries + 1;
}

function TwoColumns({ snapshot, plan, history, width, lines }: BodyProps) {
  const left = Math.floor((width - COLUMN_GAP) / 2);
  const right = width - COLUMN_GAP - left;
  const { regions, jobs, messages } = snapshot;
  const [regionLines] = shareLines(lines - FIGURE_LINES, [{ entries: regions.length, atLeast: 4 }]);
  const spare = lines - FIGURE_LINES - linesWithHeading(regionLines);
  const showPlan = plan !== null && lines >= PLAN_LINES * 3;
  const [jobLines, messageLines] = shareLines(lines - (showPlan ? PLAN_LINES : 0), [
    { entries: jobs.length, atLeast: 8 },
    { entries: messages.length, atLeast: 8 },
  ]);
  return (
    <Box columnGap={COLUMN_GAP}>
      <Box flexDirection="column" width={left} flexShrink={0}>
        <Figures snapshot={snapshot} history={history} width={left} />
        <RegionList regions={regions} lines={regionLines} width={left} />
        <Trends history={history} lines={spare} width={left} />
      </Box>
      <Box flexDirection="column" width={right} flexShrink={0}>
        {showPlan && <PlanFacts plan={plan} width={right} />}
        <JobList jobs={jobs} lines={jobLines} width={right} />
        <MessageList messages={messages} lines={messageLines} width={right} />
      </Box>
    </Box>
  );
}
