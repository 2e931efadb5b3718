import type { KnownRun } from '../exec/knownRun.js';
import { type BeforeStart, inspect } from '../exec/preflight/beforeStart.js';
import type { FollowOptions } from '../exec/run.js';
import type { ExecSummary } from '../exec/summary.js';
import type { Snapshot } from '../plan/snapshot.js';
import { EMULATOR_ENTRY } from './emulatorEntry.js';
import { interruptible } from './interrupt.js';
import type { Output } from './output.js';
import { showPreflight } from './preflight.js';
import { openViewer, type Viewer } from './viewer.js';

/**
 * Lets a command act on a run while the run is shown; Ctrl-C leaves the run as it is. `looksFirst`: it may start work,
 * so the project is looked at before, and only what it is short of is shown.
 */
export async function followRun(
  run: KnownRun,
  options: { output: Output; ui: boolean; looksFirst?: boolean },
  work: (options: FollowOptions & { emulatorEntry: string }) => Promise<ExecSummary>,
): Promise<ExecSummary> {
  const { signal, interrupt, dispose } = interruptible();
  const shown: { viewer: Viewer | null } = { viewer: null };
  const onSnapshot = (snapshot: Snapshot): void => {
    shown.viewer ??= openViewer(run.plan, { ...options, onInterrupt: interrupt });
    shown.viewer.update(snapshot);
  };
  const beforeStart = async (start: BeforeStart): Promise<void> => {
    const found = await inspect(start, run.paths.plan);
    showPreflight(found, start.source, options.output, 'short');
  };
  const follow = { signal, onSnapshot, emulatorEntry: EMULATOR_ENTRY };
  try {
    return await work(options.looksFirst ? { ...follow, beforeStart } : follow);
  } finally {
    await shown.viewer?.close();
    dispose();
  }
}
