import { Text } from 'ink';
import { columnChart } from './bars.js';
import { formatCompact, formatRoughDuration, isKnown } from './format.js';
import { ratesPerHour, type Sample } from './history.js';
import { COLOURS, Heading, Line } from './lines.js';
import { pad } from './text.js';

const AXIS_WIDTH = 7;
/** Lines of one chart, heading included. */
const LINES = { least: 4, most: 24 };

interface Trend {
  title: string;
  /** One figure for each sample. */
  figuresOf: (history: readonly Sample[]) => (number | null)[];
}

/** In the order in which they are drawn as long as there is room. */
const TRENDS: readonly Trend[] = [
  { title: 'Running tasks', figuresOf: (history) => history.map((sample) => sample.running) },
  { title: 'Tasks done per hour', figuresOf: (history) => ratesPerHour(history, 'succeeded') },
  { title: 'Preemptions per hour', figuresOf: (history) => ratesPerHour(history, 'preemptions') },
  {
    title: 'Writes to the bucket per second',
    figuresOf: (history) => history.map((sample) => sample.writesPerSecond),
  },
];

/** The trends about which this campaign knows anything, at most as many as `lines` have room for. */
export function trendsFor(history: readonly Sample[], lines: number): readonly Trend[] {
  return TRENDS.filter(({ figuresOf }) => figuresOf(history).some(isKnown)).slice(0, trendsIn(lines));
}

/** How many charts `lines` have room for. */
export function trendsIn(lines: number): number {
  return Math.max(0, Math.floor(lines / LINES.least));
}

/** Charts of the recent past, the newest at the right. */
export function Trends(props: {
  trends: readonly Trend[];
  history: readonly Sample[];
  lines: number;
  width: number;
}) {
  const { trends, history, lines, width } = props;
  const each = Math.min(LINES.most, Math.floor(lines / trends.length));
  return trends.map((trend) => (
    <TrendChart key={trend.title} trend={trend} history={history} lines={each} width={width} />
  ));
}

function TrendChart(props: { trend: Trend; history: readonly Sample[]; lines: number; width: number }) {
  const { trend, history, lines, width } = props;
  const height = lines - 1;
  const cells = Math.max(1, width - AXIS_WIDTH);
  const shown = history.slice(-cells);
  const values = trend.figuresOf(history).slice(-cells);
  const span = (shown.at(-1)?.elapsedSeconds ?? 0) - (shown[0]?.elapsedSeconds ?? 0);
  const top = Math.max(0, ...values.filter(isKnown));
  const drawn = columnChart(values, cells, height).map((columns, line) => ({ line, columns }));
  return (
    <>
      <Heading title={trend.title} note={`last ${formatRoughDuration(span)}`} width={width} />
      {drawn.map(({ line, columns }) => (
        <Line key={line} width={width}>
          <Text dimColor>{`${pad(axisLabel(line, height, top), AXIS_WIDTH - 2, 'right')} │`}</Text>
          <Text color={COLOURS.busy}>{columns}</Text>
        </Line>
      ))}
    </>
  );
}

function axisLabel(line: number, height: number, top: number): string {
  if (line === 0) return formatCompact(top);
  return line === height - 1 ? '0' : '';
}
