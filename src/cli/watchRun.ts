import { setTimeout as sleep } from 'node:timers/promises';
import { findRun } from '../exec/knownRun.js';
import { openWatch } from '../exec/status.js';
import { summaryOf } from '../exec/summary.js';
import { EXIT, type ExitCode } from './exit.js';
import { interruptible } from './interrupt.js';
import { createOutput } from './output.js';
import { openViewer } from './viewer.js';

/** A run on Google moves slowly, and each look costs a call for each of its jobs; a rehearsal is watched as it goes. */
const LOOK_EVERY_MS = { execute: 30_000, rehearse: 500 };

/** Shows a run that another process follows, or none, until it ends. Changes nothing. */
export async function watchRun(
  name: string,
  options: { stateDir: string; ui: boolean; json?: boolean },
): Promise<ExitCode> {
  const output = createOutput(options);
  const run = await findRun(name, options.stateDir);
  const { signal, interrupt, dispose } = interruptible();
  const watch = await openWatch(run);
  const viewer = openViewer(run.plan, { output, ui: options.ui, onInterrupt: interrupt });
  try {
    let snapshot = await watch.look();
    viewer.update(snapshot);
    while (snapshot.state === 'running' && !signal.aborted) {
      await sleep(LOOK_EVERY_MS[run.about.source], undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      snapshot = await watch.look();
      viewer.update(snapshot);
    }
    output.document(
      summaryOf(snapshot, { runId: run.runId, resumed: watch.resumed(), findings: watch.findings() }),
    );
    return snapshot.state === 'running' ? EXIT.interrupted : EXIT.done;
  } finally {
    await viewer.close();
    await watch.close();
    dispose();
  }
}
