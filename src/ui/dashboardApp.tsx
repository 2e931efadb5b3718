import { Box, render, useInput, useStdin, useWindowSize } from 'ink';
import { useState } from 'react';
import { Dashboard, type Picture } from './dashboard.js';

/** A dashboard on the terminal's alternate screen, until it is unmounted. */
export interface MountedDashboard {
  paint(picture: Picture): void;
  /** Draws what is not drawn yet, gives the normal screen back. Rejects with the error that ended the drawing. */
  unmount(): Promise<void>;
}

export interface MountOptions {
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  onInterrupt: () => void;
}

export function mountDashboard(first: Picture, options: MountOptions): MountedDashboard {
  const { stdout, stdin, onInterrupt } = options;
  const app = (picture: Picture) => <App picture={picture} onInterrupt={onInterrupt} />;
  const instance = render(app(first), {
    stdout,
    stdin,
    alternateScreen: true,
    // Whoever shows a dashboard has looked for a terminal; Ink would also look for CI.
    interactive: true,
    exitOnCtrlC: false,
    // What others write to the terminal stays for one frame only, as each frame is drawn anew from top to bottom.
    incrementalRendering: false,
  });
  let ended = false;
  const end = instance.waitUntilExit().finally(() => {
    ended = true;
  });
  // It is `unmount` that tells.
  end.catch(() => {});
  return {
    paint(picture) {
      // An error in a component has Ink unmount at once; to render again would put it into raw mode again.
      if (!ended) instance.rerender(app(picture));
    },
    async unmount() {
      instance.unmount();
      await end;
    },
  };
}

/**
 * Always as many lines as the terminal has: then each frame clears what the one before left, whichever way the
 * terminal was resized. The outer box cuts the lines of the frame that Ink draws for a new size before React has
 * heard of it: wrapped, they would take more lines than Ink then clears.
 */
function App({ picture, onInterrupt }: { picture: Picture; onInterrupt: () => void }) {
  const { columns, rows } = useWindowSize();
  const [interrupted, setInterrupted] = useState(false);
  useInterruptKeys(() => {
    setInterrupted(true);
    onInterrupt();
  });
  return (
    <Box width="100%" overflow="hidden">
      <Dashboard {...picture} interrupted={interrupted} columns={columns} rows={rows} />
    </Box>
  );
}

/** In raw mode Ctrl-C is a key like others. Without raw mode it stays a signal, and the caller's matter. */
function useInterruptKeys(onInterrupt: () => void): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      if (input === 'q' || (key.ctrl && input === 'c')) onInterrupt();
    },
    { isActive: isRawModeSupported },
  );
}
