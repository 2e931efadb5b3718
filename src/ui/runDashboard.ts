import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { drawableOn } from './charset.js';
import type { MountedDashboard } from './dashboardApp.js';
import { History } from './history.js';

/**
 * At most ten pictures a second, however fast snapshots come. Ink's `maxFps` limits what it writes, not the 4 to
 * 7 ms that React and the layout take for each picture.
 */
const PICTURE_MS = 100;

export interface DashboardOptions {
  plan: Plan | null;
  /** q or Ctrl-C was pressed; each time. The dashboard stays until `close`. */
  onInterrupt: () => void;
  /** Default: the process's own. */
  stdout?: NodeJS.WriteStream;
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
  const stdout = drawableOn(options.stdout ?? process.stdout, process.env);
  const history = new History();
  let latest: Snapshot | null = null;
  let mounted: MountedDashboard | null = null;
  let paintedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let closing: Promise<void> | null = null;

  let failure: { error: unknown } | null = null;

  let mountDashboard: typeof import('./dashboardApp.js').mountDashboard | null = null;
  const loading = loadApp().then(
    (app) => {
      mountDashboard = app.mountDashboard;
      paint();
    },
    (error: unknown) => {
      failure = { error };
    },
  );

  const paint = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (latest === null || mountDashboard === null || failure !== null) return;
    paintedAt = performance.now();
    const picture = { snapshot: latest, plan, history: [...history.samples()] };
    try {
      if (mounted === null) mounted = mountDashboard(picture, { stdout, stdin, onInterrupt });
      else mounted.paint(picture);
    } catch (error) {
      // A picture that cannot be drawn must not end the campaign behind it: `close` tells.
      failure = { error };
    }
  };

  const paintSoon = (): void => {
    const wait = paintedAt + PICTURE_MS - performance.now();
    if (wait <= 0) paint();
    else timer ??= setTimeout(paint, wait).unref();
  };

  const close = async (): Promise<void> => {
    await loading;
    paint();
    await mounted?.unmount();
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
