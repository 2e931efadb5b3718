import { EXIT } from './exit.js';

export interface Interrupt {
  signal: AbortSignal;
  /** As if Ctrl-C had been pressed: the first time abort, the second time end the process. */
  interrupt: () => void;
  /** Gives the process's signals back. */
  dispose: () => void;
}

/** Work that stops in good order: aborts on SIGINT and SIGTERM. */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    interrupt,
    dispose() {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
