import { Text } from 'ink';
import { columnChart } from './bars.js';
import { formatCompact, formatRoughDuration, isKnown } from './format.js';
import type { Sample } from './history.js';
import { COLOURS, Heading, Line } from './lines.js';
import { pad } from './text.js';

const AXIS_WIDTH = 7;
/** Lines of one chart, heading included. */
const LINES = { least: 5, most: 16 };

interface TrendKind {
  title: string;
  figureOf: (sample: Sample, before: Sample | undefined) => number | null;
}

/** In the order in which they are drawn as long as there is room. */
const TRENDS: readonly TrendKind[] = [
  { title: 'Checkpoint writes per second', figureOf: (sample) => sample.writesPerSecond },
  { title: 'Running tasks', figureOf: (sample) => sample.running },
  {
    title: 'New preemptions',
    figureOf: (sample, before) =>
      isKnown(sample.preemptions) && isKnown(before?.preemptions)
        ? sample.preemptions - before.preemptions
        : null,
  },
];

/** As many charts of the recent past as `lines` allow, the newest at the right. */
export function Trends({
  history,
  lines,
  width,
}: {
  history: readonly Sample[];
  lines: number;
  width: number;
}) {
  const count = Math.min(TRENDS.length, Math.floor(lines / LINES.least));
  if (count < 1) return null;
  const each = Math.min(LINES.most, Math.floor(lines / count));
  return TRENDS.slice(0, count).map((kind) => (
    <Trend key={kind.title} kind={kind} history={history} lines={each} width={width} />
  ));
}

function Trend(props: { kind: TrendKind; history: readonly Sample[]; lines: number; width: number }) {
  const { kind, history, lines, width } = props;
  const height = lines - 1;
  const cells = Math.max(1, width - AXIS_WIDTH);
  const shown = history.slice(-cells);
  const values = history.map((sample, index) => kind.figureOf(sample, history[index - 1])).slice(-cells);
  const span = (shown.at(-1)?.elapsedSeconds ?? 0) - (shown[0]?.elapsedSeconds ?? 0);
  const top = Math.max(0, ...values.filter(isKnown));
  const drawn = columnChart(values, cells, height).map((columns, line) => ({ line, columns }));
  return (
    <>
      <Heading title={kind.title} note={`last ${formatRoughDuration(span)}`} width={width} />
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
