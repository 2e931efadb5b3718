import { Box, Text } from 'ink';
import type { RunState, Snapshot } from '../plan/snapshot.js';
import { formatDuration } from './format.js';
import { COLOURS } from './lines.js';
import { oneLine, pad, textWidth, truncate } from './text.js';

/** What kind of world the campaign runs in: nobody should mistake a rehearsal for the real thing. */
const BADGES: Record<Snapshot['source'], string> = {
  simulate: 'SIMULATE',
  rehearse: 'REHEARSE (emulator)',
  execute: 'EXECUTE',
};

const STATE_COLOURS: Record<RunState, string | undefined> = {
  running: undefined,
  succeeded: COLOURS.good,
  failed: COLOURS.bad,
  cancelled: COLOURS.note,
};

/** Badge, name and run id at the left; state and campaign time at the right. */
export function Header({ snapshot, width }: { snapshot: Snapshot; width: number }) {
  const badge = ` ${BADGES[snapshot.source]} `;
  const state = snapshot.state;
  const elapsed = formatDuration(snapshot.elapsedSeconds);
  const room = Math.max(0, width - textWidth(badge) - state.length - textWidth(elapsed) - 6);
  const name = truncate(oneLine(snapshot.name), room);
  const runId = oneLine(snapshot.runId ?? '');
  const id =
    runId !== '' && runId !== name && textWidth(name) + textWidth(runId) + 2 <= room ? `  ${runId}` : '';
  const colour = STATE_COLOURS[state];
  return (
    <Box width={width} height={1} flexShrink={0}>
      <Text wrap="truncate-end">
        <Text inverse bold>
          {badge}
        </Text>
        {'  '}
        <Text bold>{name}</Text>
        <Text dimColor>{id}</Text>
        {pad('', room - textWidth(name) - textWidth(id) + 2)}
        <Text bold {...(colour === undefined ? {} : { color: colour })}>
          {state}
        </Text>
        {'  '}
        <Text bold>{elapsed}</Text>
      </Text>
    </Box>
  );
}
