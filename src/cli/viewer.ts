import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { plainReporter } from '../ui/plainLines.js';
import { showDashboard } from '../ui/runDashboard.js';
import { isTerminal, type Output } from './output.js';

export interface Viewer {
  update(snapshot: Snapshot): void;
  close(): Promise<void>;
}

/** Shows a campaign as it goes: the dashboard on a terminal, else plain lines (on stderr with `--json`). */
export function openViewer(
  plan: Plan,
  options: { output: Output; ui: boolean; onInterrupt: () => void },
): Viewer {
  const { output, ui, onInterrupt } = options;
  if (ui && !output.json && isTerminal(process.stdout) && isTerminal(process.stdin)) {
    return showDashboard({ plan, onInterrupt });
  }
  let shown = false;
  const reporter = plainReporter((line) => {
    shown = true;
    if (output.json) output.note(line);
    else output.print(line);
  });
  return {
    update: (snapshot) => reporter.update(snapshot),
    async close() {
      reporter.close();
      if (shown) output.print('');
    },
  };
}
