import { Text } from 'ink';
import type { Snapshot } from '../plan/snapshot.js';
import { BAND_CELL } from './bars.js';
import { Line } from './lines.js';
import { firstThatFits, textWidth } from './text.js';

/** The last line: which keys do what, and how to read the marks of the forecast. */
export function Footer(props: { snapshot: Snapshot; interrupted: boolean; width: number }) {
  const { snapshot, interrupted, width } = props;
  const keys = keysOf(snapshot, interrupted);
  const key = keyToForecast(snapshot, width - textWidth(keys) - 2);
  const gap = ' '.repeat(Math.max(0, width - textWidth(keys) - textWidth(key)));
  return (
    <Line width={width}>
      <Text dimColor>{keys + gap + key}</Text>
    </Line>
  );
}

function keysOf({ source, state }: Snapshot, interrupted: boolean): string {
  if (state !== 'running') return state;
  if (interrupted) return 'interrupted, stopping … (again: at once)';
  return source === 'simulate' ? 'q or Ctrl-C: stop' : 'q or Ctrl-C: stop watching, the jobs go on';
}

function keyToForecast({ forecast }: Snapshot, width: number): string {
  if (forecast.makespanHours === null && forecast.costUsd === null) return '';
  return firstThatFits(
    [
      `${BAND_CELL} forecast, p10–p90: 8 of 10 simulated campaigns end in this range`,
      `${BAND_CELL} forecast range, p10–p90`,
      '',
    ],
    width,
  );
}
