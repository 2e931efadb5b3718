import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import type { DashboardProps } from './dashboard.js';
import type { MountedDashboard } from './dashboardApp.js';
import { History } from './history.js';
import { Screen, type Terminal } from './screen.js';

/** At most ten frames a second, however fast snapshots come. */
const FRAME_MS = 100;

export interface DashboardOptions {
  plan: Plan | null;
  /** q or Ctrl-C was pressed; each time. The dashboard stays until `close`. */
  onInterrupt: () => void;
  /** Default: the process's own. */
  stdout?: Terminal;
  stdin?: NodeJS.ReadStream;
}

export interface RunningDashboard {
  /** Cheap: may be called for every change. */
  update(snapshot: Snapshot): void;
  /** Draws the last snapshot, gives the normal screen back. Rejects if the dashboard could not be drawn. */
  close(): Promise<void>;
}

/**
 * The dashboard in the terminal's alternate screen, from the first snapshot until `close`. Only for a terminal:
 * elsewhere use `plainReporter`.
 */
export function showDashboard(options: DashboardOptions): RunningDashboard {
  const { plan, onInterrupt, stdin = process.stdin } = options;
  const screen = new Screen(options.stdout ?? process.stdout, process.env);
  const history = new History();
  let latest: Snapshot | null = null;
  let interrupted = false;
  let mounted: MountedDashboard | null = null;
  let paintedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let closing: Promise<void> | null = null;
  let failure: { error: unknown } | null = null;

  const interrupt = (): void => {
    interrupted = true;
    paint();
    onInterrupt();
  };

  const paint = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (latest === null || mountDashboard === null || failure !== null) return;
    paintedAt = performance.now();
    try {
      const props = propsFor(latest);
      if (mounted === null) mounted = mountDashboard(props, { screen, stdin, onInterrupt: interrupt });
      else mounted.paint(props);
    } catch (error) {
      fail(error);
    }
  };

  const propsFor = (snapshot: Snapshot): DashboardProps => ({
    snapshot,
    plan,
    history: [...history.samples()],
    hint: hintFor(snapshot, interrupted),
    ...screen.frame(),
  });

  // A picture that cannot be drawn must not end the campaign behind it: `close` tells.
  const fail = (error: unknown): void => {
    failure = { error };
    screen.leave();
  };

  const paintSoon = (): void => {
    const wait = paintedAt + FRAME_MS - performance.now();
    if (wait <= 0) paint();
    else timer ??= setTimeout(paint, wait).unref();
  };

  // Before Ink listens: the frame of the new size must exist when Ink redraws.
  screen.on('resize', () => paint());

  let mountDashboard: typeof import('./dashboardApp.js').mountDashboard | null = null;
  const loading = loadApp().then((app) => {
    mountDashboard = app.mountDashboard;
    paint();
  }, fail);

  const close = async (): Promise<void> => {
    await loading;
    paint();
    try {
      await mounted?.unmount();
    } finally {
      screen.leave();
    }
    if (failure !== null) throw failure.error;
  };

  return {
    update(snapshot) {
      if (closing !== null) return;
      latest = snapshot;
      history.add(snapshot, performance.now());
      paintSoon();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** React decides between its development and production builds when it is first imported. */
async function loadApp(): Promise<typeof import('./dashboardApp.js')> {
  process.env.NODE_ENV ??= 'production';
  return import('./dashboardApp.js');
}

function hintFor(snapshot: Snapshot, interrupted: boolean): string {
  if (snapshot.state !== 'running') return `${snapshot.state}`;
  return interrupted ? 'interrupted, stopping … (again: at once)' : 'q or Ctrl-C: interrupt';
}
