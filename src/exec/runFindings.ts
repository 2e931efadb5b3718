import { committedUsd } from '../plan/exposure.js';
import { tasksOf } from '../plan/taskRanges.js';
import { planTask } from '../plan/work.js';
import type { CampaignView } from './campaignView.js';
import type { RunHalted } from './ledger.js';

/** Windows of one molecule that end by an error of their own. */
export interface FailedWindows {
  molecule: string;
  /** The task's own exit code: see docs/tasks.md. */
  exitCode: number;
  windows: { leg: string; repeat: string; window: string }[];
}

/** What is to be said of a run beside its figures. */
export interface RunFindings {
  /** What stopped the run, or a part of it; null: nothing. */
  stopped: Pick<RunHalted, 'cause' | 'message' | 'evidence'> | null;
  budgetUsd: number | null;
  /** The most that the jobs that have not ended can still cost if nobody watches them. */
  exposureUsd: number;
  failedWindows: FailedWindows[];
}

export function findingsOf(view: CampaignView, now: number): RunFindings {
  const halt = view.state === 'succeeded' ? undefined : view.halts[0];
  const { jobs } = view.progress(now);
  return {
    stopped:
      halt === undefined ? null : { cause: halt.cause, message: halt.message, evidence: halt.evidence },
    budgetUsd: view.budgetUsd,
    exposureUsd: view.state === 'running' ? committedUsd(view.plan, jobs) : 0,
    failedWindows: failedWindows(view),
  };
}

/** Windows whose last attempt ended by an error of their own, that have no result and are not at work again. */
function failedWindows(view: CampaignView): FailedWindows[] {
  const codes = new Map<number, number>();
  for (const { intended, ownErrors, unfinished } of view.jobs) {
    if (codes.size > 0 && unfinished === null) for (const task of tasksOf(intended.tasks)) codes.delete(task);
    for (const { exitCode, tasks } of ownErrors) for (const task of tasksOf(tasks)) codes.set(task, exitCode);
  }
  for (const task of tasksOf(view.complete())) codes.delete(task);
  const groups = new Map<string, FailedWindows>();
  for (const [task, exitCode] of [...codes].sort(([a], [b]) => a - b)) {
    const { molecule, leg, repeat, window } = planTask(view.plan, task);
    const key = JSON.stringify([molecule, exitCode]);
    const group = groups.get(key) ?? { molecule, exitCode, windows: [] };
    group.windows.push({ leg, repeat, window });
    groups.set(key, group);
  }
  return [...groups.values()];
}
