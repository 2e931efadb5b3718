import { Text } from 'ink';
import type { Snapshot } from '../plan/snapshot.js';
import { formatDuration } from './format.js';
import { Heading, Line } from './lines.js';
import { oneLine, pad } from './text.js';

/** `120d 23h 59m` */
const TIME_WIDTH = 10;

/** The latest messages, newest last. */
export function MessageList(props: { messages: Snapshot['messages']; lines: number; width: number }) {
  const { messages, lines, width } = props;
  if (lines < 1) return null;
  const shown = messages.slice(-lines).map((message, index) => ({ ...message, key: index }));
  return (
    <>
      <Heading title="Messages" width={width} />
      {shown.map(({ key, elapsedSeconds, text }) => (
        <Line key={key} width={width}>
          <Text dimColor>{pad(formatDuration(elapsedSeconds), TIME_WIDTH, 'right')}</Text>
          {'  '}
          {oneLine(text)}
        </Line>
      ))}
    </>
  );
}
