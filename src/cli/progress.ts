import { isTerminal } from './output.js';

/** Work that ends sooner than this shows no progress. */
const QUIET_MS = 2000;
/** A terminal line is rewritten at most this often, a log gets a line at most this often. */
const TERMINAL_EVERY_MS = 100;
const LOG_EVERY_MS = 5000;

const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressLine {
  /** `label` may change on the way. */
  update(done: number, total: number, label?: string): void;
  /** Removes the line from a terminal. */
  end(): void;
}

type ErrorStream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;

/** One line on stderr that tells how far a longer piece of work has come. */
export function progressLine(
  label: string,
  stream: ErrorStream = process.stderr,
  clock: () => number = () => performance.now(),
): ProgressLine {
  const terminal = isTerminal(stream);
  const startedAt = clock();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    update(done, total, newLabel) {
      const now = clock();
      if (now - startedAt < QUIET_MS) return;
      if (now - drawnAt < (terminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return;
      drawnAt = now;
      drawn = true;
      const text = `${newLabel ?? label}: ${done} of ${total}`;
      stream.write(terminal ? `${CLEAR_LINE}${text}` : `${text}\n`);
    },
    end() {
      if (terminal && drawn) stream.write(CLEAR_LINE);
    },
  };
}
