import { CommandError, EXIT } from './exit.js';
import type { Uncertainty } from './guesses.js';
import { interruptible } from './interrupt.js';
import { progressLine } from './progress.js';

/** What every command that simulates was given. */
export interface SamplingOptions {
  replications: number;
  seed: string;
  workers: number;
  uncertainty: Uncertainty;
  set?: string[];
  json?: boolean;
}

/** Runs a longer computation with a progress line; Ctrl-C ends it at once with exit code 130. */
export async function sampled<T>(
  label: string,
  compute: (watch: { signal: AbortSignal; onProgress: (done: number, total: number) => void }) => Promise<T>,
): Promise<T> {
  const { signal, dispose } = interruptible();
  const progress = progressLine(label);
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new CommandError(EXIT.interrupted, 'interrupted'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([compute({ signal, onProgress: progress.update }), interrupted]);
  } finally {
    progress.end();
    dispose();
  }
}
