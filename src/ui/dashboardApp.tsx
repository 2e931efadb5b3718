import { render, useInput, useStdin } from 'ink';
import { useLayoutEffect } from 'react';
import { Dashboard, type DashboardProps } from './dashboard.js';
import type { Screen } from './screen.js';

/** A dashboard on a screen, until it is unmounted. */
export interface MountedDashboard {
  paint(props: DashboardProps): void;
  unmount(): Promise<void>;
}

export interface MountOptions {
  screen: Screen;
  stdin: NodeJS.ReadStream;
  onInterrupt: () => void;
}

export function mountDashboard(first: DashboardProps, options: MountOptions): MountedDashboard {
  const { screen, stdin } = options;
  const app = (props: DashboardProps) => <App {...props} {...options} />;
  screen.enter();
  const instance = render(app(first), {
    // The part of a tty.WriteStream that Ink uses.
    stdout: screen as unknown as NodeJS.WriteStream,
    stdin,
    exitOnCtrlC: false,
  });
  // An error in a component unmounts the application at once: be told of it now, tell it at the end.
  const ended = instance.waitUntilExit().then(
    () => null,
    (error: unknown) => ({ error }),
  );
  return {
    paint(props) {
      instance.rerender(app(props));
    },
    async unmount() {
      instance.unmount();
      const failure = await ended;
      if (failure !== null) throw failure.error;
    },
  };
}

function App({ screen, onInterrupt, stdin: _, ...props }: DashboardProps & MountOptions) {
  useScreenUntilUnmount(screen);
  useInterruptKeys(onInterrupt);
  return <Dashboard {...props} />;
}

/** Also when a signal or an exception ends the process: Ink unmounts then. */
function useScreenUntilUnmount(screen: Screen): void {
  useLayoutEffect(() => () => screen.leave(), [screen]);
}

/** In raw mode Ctrl-C is a key like others. Without raw mode it stays a signal, and the caller's matter. */
function useInterruptKeys(onInterrupt: () => void): void {
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      if (input === 'q' || (key.ctrl && input === 'c')) onInterrupt();
    },
    // Undefined, whatever its type says, where standard input is no terminal.
    { isActive: isRawModeSupported === true },
  );
}
