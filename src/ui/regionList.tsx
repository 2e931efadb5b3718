import { Text } from 'ink';
import type { RegionSnapshot } from '../plan/snapshot.js';
import { bar } from './bars.js';
import { formatCompact, formatDecimal, shareOf } from './format.js';
import {
  COLOURS,
  ColumnHeading,
  cellOf,
  entriesFor,
  LIST_GAP,
  Line,
  type ListColumn,
  More,
} from './lines.js';
import { oneLine, pad, textWidth } from './text.js';

/** Right of the name and the bar; in full where there is room. */
const SHORT_COLUMNS: readonly ListColumn[] = [
  { title: 'VMs/quota', width: 11 },
  { title: 'running', width: 8 },
  { title: 'pending', width: 8 },
  { title: 'preempted', width: 10 },
  { title: 'USD/VM-h', width: 9 },
];
const FULL_COLUMNS: readonly ListColumn[] = [
  { title: 'VMs/GPU quota', width: 14 },
  { title: 'tasks running', width: 14 },
  { title: 'pending', width: 8 },
  { title: 'preempted', width: 10 },
  { title: 'USD/VM-hour', width: 12 },
];
const TITLE = 'Regions';
const BAR = { least: 4, roomy: 12, most: 30 };

/** Per region: VMs against the GPU quota, tasks, preemptions and the price of one VM-hour. */
export function RegionList(props: { regions: readonly RegionSnapshot[]; lines: number; width: number }) {
  const { regions, lines, width } = props;
  if (lines < 1) return null;
  const shown = regions.slice(0, entriesFor(regions.length, lines));
  const roomy = widthsFor(regions, FULL_COLUMNS, width).barWidth >= BAR.roomy;
  const columns = roomy ? FULL_COLUMNS : SHORT_COLUMNS;
  const { nameWidth, barWidth } = widthsFor(regions, columns, width);
  return (
    <>
      <ColumnHeading title={TITLE} span={nameWidth + LIST_GAP + barWidth} columns={columns} width={width} />
      {shown.map((region) => (
        <Line key={region.region} width={width}>
          {pad(oneLine(region.region), nameWidth + LIST_GAP)}
          <Text color={COLOURS.busy}>{bar(shareOf(region.vms, region.gpuQuota), barWidth)}</Text>
          {figuresOf(region)
            .map((text, index) => cellOf(columns[index]!, text))
            .join('')}
        </Line>
      ))}
      {shown.length < regions.length && <More count={regions.length - shown.length} width={width} />}
    </>
  );
}

function figuresOf({ vms, gpuQuota, running, pending, preemptions, usdPerVmHour }: RegionSnapshot): string[] {
  return [
    `${formatCompact(vms)}/${formatCompact(gpuQuota)}`,
    formatCompact(running),
    formatCompact(pending),
    formatCompact(preemptions),
    formatDecimal(usdPerVmHour, 3),
  ];
}

function widthsFor(regions: readonly RegionSnapshot[], columns: readonly ListColumn[], width: number) {
  const room = width - columns.reduce((sum, column) => sum + LIST_GAP + column.width, LIST_GAP);
  const longest = Math.max(TITLE.length + 3, ...regions.map(({ region }) => textWidth(oneLine(region))));
  const nameWidth = Math.max(TITLE.length + 3, Math.min(longest, room - BAR.least));
  return { nameWidth, barWidth: Math.max(BAR.least, Math.min(BAR.most, room - nameWidth)) };
}
