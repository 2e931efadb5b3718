import type { Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import type { Snapshot } from '../plan/snapshot.js';
import { Campaign } from './campaign.js';
import { HORIZON_SECONDS } from './world/outcome.js';
import { snapshotOf } from './world/worldSnapshot.js';

/** Plays one replication for somebody to watch: a snapshot every `everySeconds` of campaign time, and at the end. */
export async function playPlan(
  plan: Plan,
  seed: string,
  onSnapshot: (snapshot: Snapshot) => Promise<void> | void,
  everySeconds: number,
): Promise<Outcome> {
  const campaign = new Campaign(plan, seed);
  for (let t = everySeconds; !campaign.finished && t <= HORIZON_SECONDS; t += everySeconds) {
    campaign.advance(t);
    await onSnapshot(snapshotOf(campaign.world, plan, 'simulate'));
  }
  return campaign.world.outcome();
}
