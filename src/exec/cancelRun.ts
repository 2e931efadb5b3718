import { isFinal } from '../plan/snapshot.js';
import type { TaskRange } from '../plan/taskRanges.js';
import { commonTasks } from '../plan/taskSets.js';
import { askHolder, isHeldByOther } from './askHolder.js';
import type { CampaignView } from './campaignView.js';
import { actOnRun, type KnownRun } from './knownRun.js';
import type { LedgerState } from './ledger.js';
import type { FollowOptions } from './run.js';
import { overAlready } from './run.js';
import { readStatus } from './status.js';
import type { ExecSummary } from './summary.js';

/**
 * Cancels a run, or gives up some of its tasks (null: all). Ends when no job that was to end bills any more; results
 * and checkpoints stay. Whoever holds the run is asked to do it; else this process does it.
 */
export async function cancelRun(
  run: KnownRun,
  tasks: TaskRange[] | null,
  options: FollowOptions & { emulatorEntry: string },
): Promise<ExecSummary> {
  const over = run.about.source === 'rehearse' ? await overAlready(run) : null;
  if (over !== null) return over;
  const wish = { kind: 'cancel' as const, tasks };
  const act = (isAsked: boolean): Promise<ExecSummary> =>
    actOnRun(run, {
      ...options,
      wishFor: async ({ ledger }) => (ledger.finished !== null || isAsked ? undefined : wish),
      ...(tasks === null ? {} : { stopWhen: (view) => isGone(view, tasks) }),
    });
  try {
    return await act(false);
  } catch (error) {
    if (!isHeldByOther(error)) throw error;
  }
  const isDone = (ledger: LedgerState): boolean =>
    ledger.finished !== null || (tasks !== null && isGoneBy(ledger, tasks));
  const answered = await askHolder(run, wish, { isDone, signal: options.signal });
  return answered === 'done' ? readStatus(run) : act(true);
}

/** No job that has one of the tasks goes on. */
function isGone(view: CampaignView, tasks: readonly TaskRange[]): boolean {
  return view.jobs.every(
    ({ intended, state, unfinished }) =>
      unfinished !== null || isFinal(state) || commonTasks(intended.tasks, tasks).length === 0,
  );
}

function isGoneBy({ jobs }: LedgerState, tasks: readonly TaskRange[]): boolean {
  return jobs.every(
    ({ intended, final }) => final !== null || commonTasks(intended.tasks, tasks).length === 0,
  );
}
