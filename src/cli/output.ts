import type { WriteStream } from 'node:tty';

/**
 * The discipline of the two streams. stdout holds the result: text for people, or with `--json` exactly one JSON
 * document. stderr holds everything else: progress, notes, the one sentence of an error.
 */
export interface Output {
  readonly json: boolean;
  /** A line or a block for people; nothing with `--json`. */
  print(text: string): void;
  /** The JSON document, in one line; nothing without `--json`. */
  document(value: unknown): void;
  /** One line on stderr. */
  note(text: string): void;
}

export function createOutput(options: { json?: boolean | undefined }): Output {
  const json = options.json ?? false;
  return {
    json,
    print(text) {
      if (!json) process.stdout.write(`${text}\n`);
    },
    document(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
  };
}

/** Set to anything but empty, `0` or `false`, as the CI services do. */
export function inCi(): boolean {
  const ci = process.env.CI ?? '';
  return ci !== '' && ci !== '0' && ci !== 'false';
}

/** May escape codes be written here? */
export function isTerminal(stream: Pick<WriteStream, 'isTTY'>): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb' && !inCi();
}

/** Cells that a table may use: the terminal's, or as much as a log still shows well. */
export function tableWidth(): number {
  return isTerminal(process.stdout) ? process.stdout.columns : 100;
}

/**
 * A reader that goes away (`| head`) is no error: the command finishes its work, a campaign above all, and what
 * it would still have printed is dropped.
 */
export function toleratePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Resolves when all that was written has left the process. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
