import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { playPlan } from '../sim/playPlan.js';
import { CommandError, EXIT } from './exit.js';
import { interruptible } from './interrupt.js';
import type { Output } from './output.js';
import { openViewer } from './viewer.js';

/** One frame shows this much more of the campaign, so that eight days take about 20 seconds. */
const FRAME_CAMPAIGN_SECONDS = 3600;
const FRAME_MS = 100;

/** Replication 0 of a forecast with the same seed, at a pace that can be watched. */
export async function watchReplication(plan: Plan, seed: string, output: Output): Promise<Outcome> {
  const { signal, interrupt, dispose } = interruptible();
  const viewer = openViewer(plan, { output, ui: true, onInterrupt: interrupt });
  try {
    return await playPlan(
      plan,
      `${seed}/0`,
      async (snapshot) => {
        viewer.update(snapshot);
        await sleep(FRAME_MS, undefined, { signal });
      },
      FRAME_CAMPAIGN_SECONDS,
    );
  } catch (error) {
    if (signal.aborted) throw new CommandError(EXIT.interrupted, 'interrupted');
    throw error;
  } finally {
    await viewer.close();
    dispose();
  }
}
