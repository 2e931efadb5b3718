import { Text } from 'ink';
import type { ReactNode } from 'react';
import type { Range, RunState, Snapshot, TaskCounts } from '../plan/snapshot.js';
import { bar, EMPTY_CELL, FULL_CELL, gauge, sparkline, stackedCells } from './bars.js';
import {
  formatCompact,
  formatCount,
  formatHoursRange,
  formatPercent,
  formatRoughDuration,
  formatUsd,
  formatUsdRange,
  formatUsdShort,
  isKnown,
  shareOf,
  UNKNOWN,
} from './format.js';
import type { Sample } from './history.js';
import { COLOURS, Line } from './lines.js';
import { firstThatFits, pad, textWidth } from './text.js';

const LABEL_WIDTH = 11;
/** Cells beside the bars in which the words of a usual campaign fit; only then do bars grow. */
const WORDS_WIDTH = 49;
/** Lines that `Figures` takes. */
export const FIGURE_LINES = 7;

interface Props {
  snapshot: Snapshot;
  history: readonly Sample[];
  width: number;
}

/** The campaign in seven lines: each with its label, a bar and figures. */
export function Figures({ snapshot, history, width }: Props) {
  const barWidth = Math.max(8, Math.min(Math.round(width * 0.3), width - LABEL_WIDTH - WORDS_WIDTH - 2));
  const room = { width, barWidth, textWidth: width - LABEL_WIDTH - barWidth - 2 };
  return (
    <>
      <Time snapshot={snapshot} room={room} />
      <Money snapshot={snapshot} room={room} />
      <Molecules snapshot={snapshot} room={room} />
      <Tasks tasks={snapshot.tasks} room={room} />
      <TaskLegend tasks={snapshot.tasks} width={width} />
      <Bucket snapshot={snapshot} history={history} room={room} />
      <Effort snapshot={snapshot} width={width} />
    </>
  );
}

interface Room {
  width: number;
  barWidth: number;
  textWidth: number;
}

function Figure(props: { label: string; chart: ReactNode; room: Room; children: ReactNode }) {
  return (
    <Line width={props.room.width}>
      <Text>{pad(props.label, LABEL_WIDTH)}</Text>
      {props.chart}
      {'  '}
      {props.children}
    </Line>
  );
}

function Time({ snapshot, room }: { snapshot: Snapshot; room: Room }) {
  const range = snapshot.forecast.makespanHours;
  const hours = snapshot.elapsedSeconds / 3600;
  const elapsed = formatRoughDuration(snapshot.elapsedSeconds);
  const forecast = formatHoursRange(range);
  const place = range === null ? '' : placeInTime(hours, range, snapshot.state);
  const ending = place === '' ? '' : ` · ${place}`;
  const text = firstThatFits(
    [`${elapsed} · forecast ${forecast}${ending}`, `${elapsed} of ${forecast}${ending}`],
    room.textWidth,
  );
  return (
    <Figure
      label="Time"
      room={room}
      chart={<ForecastGauge value={hours} range={range} width={room.barWidth} />}
    >
      {text}
    </Figure>
  );
}

function placeInTime(hours: number, range: Range, state: RunState): string {
  if (hours > range.p90) return `${formatRoughDuration((hours - range.p90) * 3600)} late`;
  if (state === 'running') {
    return hours < range.p10 ? `${formatRoughDuration((range.p50 - hours) * 3600)} left` : 'due by now';
  }
  if (state !== 'succeeded') return '';
  return hours < range.p10 ? 'early' : 'as forecast';
}

function Money({ snapshot, room }: { snapshot: Snapshot; room: Room }) {
  const { spentUsd, budgetUsd } = snapshot.cost;
  const range = snapshot.forecast.costUsd;
  const over = isKnown(spentUsd) && isKnown(budgetUsd) && spentUsd > budgetUsd;
  const text = firstThatFits(moneyTexts(snapshot.cost, range, over), room.textWidth);
  return (
    <Figure
      label="Money"
      room={room}
      chart={<ForecastGauge value={spentUsd} range={range} width={room.barWidth} />}
    >
      {over ? (
        <Text bold color={COLOURS.bad}>
          {text}
        </Text>
      ) : (
        text
      )}
    </Figure>
  );
}

function moneyTexts({ spentUsd, budgetUsd }: Snapshot['cost'], range: Range | null, over: boolean): string[] {
  const spent = formatUsd(spentUsd);
  const limit = budgetUsd === null ? 'no budget' : `budget ${formatUsdShort(budgetUsd)}`;
  const budget = over ? `OVER ${limit}` : limit;
  const forecast = formatUsdRange(range);
  const past = range !== null && isKnown(spentUsd) && spentUsd > range.p90;
  if (past) {
    return [
      `${spent} spent · more than the forecast ${forecast} · ${budget}`,
      `${spent} · more than forecast · ${budget}`,
      `${spent} · ${budget}`,
    ];
  }
  return [
    `${spent} spent · forecast ${forecast} · ${budget}`,
    `${spent} · forecast ${forecast} · ${budget}`,
    `${spent} of ${forecast} · ${budget}`,
    `${spent} · ${budget}`,
  ];
}

/** The bar ends at the forecast's p90, or at the value where that has passed it. */
function ForecastGauge({
  value,
  range,
  width,
}: {
  value: number | null;
  range: Range | null;
  width: number;
}) {
  const end = Math.max(range?.p90 ?? 0, isKnown(value) ? value : 0);
  const band = range === null || end === 0 ? null : { from: range.p10 / end, to: range.p90 / end };
  const share = range === null ? null : shareOf(value, end);
  return <Text color={COLOURS.busy}>{gauge(share, band, width)}</Text>;
}

function Molecules({ snapshot, room }: { snapshot: Snapshot; room: Room }) {
  const { complete, total } = snapshot.molecules;
  const share = pad(formatPercent(complete, total), 5, 'right');
  const counts = `${share}  ${formatCount(complete)}/${formatCount(total)} complete`;
  return (
    <Figure
      label="Molecules"
      room={room}
      chart={<Text color={COLOURS.good}>{bar(shareOf(complete, total), room.barWidth)}</Text>}
    >
      {firstThatFits([`${counts} (all windows done)`, counts], room.textWidth)}
    </Figure>
  );
}

/** Each state with a character of its own: the bar can be read without colour. */
const TASK_PARTS: { state: keyof TaskCounts; word: string; cell: string; colour?: string }[] = [
  { state: 'succeeded', word: 'done', cell: FULL_CELL, colour: COLOURS.good },
  { state: 'failed', word: 'failed', cell: '×', colour: COLOURS.bad },
  { state: 'running', word: 'running', cell: '▓', colour: COLOURS.busy },
  { state: 'assigned', word: 'starting', cell: '▒', colour: COLOURS.busy },
  { state: 'pending', word: 'pending', cell: EMPTY_CELL },
];

function Tasks({ tasks, room }: { tasks: TaskCounts; room: Room }) {
  const cells = stackedCells(
    TASK_PARTS.map(({ state }) => tasks[state]),
    room.barWidth,
  );
  const drawn = cells.reduce((sum, count) => sum + count, 0);
  const chart = (
    <>
      {TASK_PARTS.map(({ state, cell, colour }, index) => (
        <Text key={state} {...(colour === undefined ? {} : { color: colour })}>
          {cell.repeat(cells[index]!)}
        </Text>
      ))}
      {EMPTY_CELL.repeat(room.barWidth - drawn)}
    </>
  );
  return (
    <Figure label="Tasks" room={room} chart={chart}>
      {`${pad(formatPercent(tasks.succeeded, tasks.total), 5, 'right')}  ${formatCount(tasks.succeeded)}/${formatCount(tasks.total)} done`}
    </Figure>
  );
}

function TaskLegend({ tasks, width }: { tasks: TaskCounts; width: number }) {
  const indent = ' '.repeat(LABEL_WIDTH);
  const written = (format: (value: number) => string, gap: string, lead: string): string[] =>
    TASK_PARTS.map(
      ({ state, word }, index) => `${index === 0 ? lead : gap}# ${format(tasks[state])} ${word}`,
    );
  const variants = [
    written(formatCount, '   ', indent),
    written(formatCount, '  ', indent),
    written(formatCount, ' ', indent),
    written(formatCount, '  ', ''),
    written(formatCompact, '  ', ''),
  ];
  const parts = variants.find((texts) => textWidth(texts.join('')) <= width) ?? variants.at(-1)!;
  return (
    <Line width={width}>
      {TASK_PARTS.map(({ state, cell, colour }, index) => {
        const [lead = '', rest = ''] = parts[index]!.split('#');
        const failing = state === 'failed' && tasks.failed > 0;
        return (
          <Text key={state} bold={failing}>
            {lead}
            <Text {...(colour === undefined ? {} : { color: colour })}>{cell}</Text>
            {rest}
          </Text>
        );
      })}
    </Line>
  );
}

function Bucket({ snapshot, history, room }: { snapshot: Snapshot; history: readonly Sample[]; room: Room }) {
  const { writesPerSecond, limitPerSecond, peakWritesPerSecond, http429 } = snapshot.bucket;
  const measured = [writesPerSecond, peakWritesPerSecond, http429].some(isKnown);
  const [rate, limit, peak] = [writesPerSecond, limitPerSecond, peakWritesPerSecond].map(formatCount);
  const [text, refused] = firstThatFits(
    measured
      ? [
          `${rate} of ${limit} writes/s allowed · peak ${peak}/s · |${formatCount(http429)} refused (429)`,
          `${rate} of ${limit} writes/s · peak ${peak} · |${formatCount(http429)} refused (429)`,
          `${rate}/${limit} writes/s · peak ${peak} · |${formatCompact(http429)} refused (429)`,
          `${rate}/${limit} per s · peak ${peak} · |${formatCompact(http429)} × 429`,
        ]
      : [`${UNKNOWN} writes/s (this run cannot see them)`, `${UNKNOWN} writes/s`],
    room.textWidth + 1,
  ).split('|');
  const trouble = isKnown(http429) && http429 > 0;
  return (
    <Figure
      label="Bucket"
      room={room}
      chart={
        <Text color={COLOURS.busy}>
          {sparkline(
            history.map((sample) => sample.writesPerSecond),
            room.barWidth,
          )}
        </Text>
      }
    >
      {text}
      <Text bold={trouble} {...(trouble ? { color: COLOURS.bad } : {})}>
        {refused}
      </Text>
    </Figure>
  );
}

function Effort({ snapshot, width }: { snapshot: Snapshot; width: number }) {
  const { attempts, preemptions, lostWorkHours, bucket } = snapshot;
  const inShort = [formatCount, formatCompact].map(
    (format) =>
      `${format(attempts)} · ${format(preemptions)} preemptions · ${format(lostWorkHours)} h lost work · ${format(bucket.checkpointsWritten)} checkpoints`,
  );
  const variants = [
    `${formatCount(attempts)} runs of tasks · ${formatCount(preemptions)} preemptions · ${formatCount(lostWorkHours)} h lost work · ${formatCount(bucket.checkpointsWritten)} checkpoints`,
    ...inShort,
  ];
  return (
    <Line width={width}>
      {pad('Attempts', LABEL_WIDTH)}
      {firstThatFits(variants, width - LABEL_WIDTH)}
    </Line>
  );
}
