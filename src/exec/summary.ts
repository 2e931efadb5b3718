import type { JobState, RunState, Snapshot } from '../plan/snapshot.js';
import type { RunFindings } from './runFindings.js';

/** What `exec --json` and `status --json` print. Money in USD, times in campaign hours; null: not known. */
export interface ExecSummary extends RunFindings {
  runId: string;
  /** `running` from `execute` means: stopped before the end, and the same command goes on. */
  state: RunState;
  /** `pending` includes tasks that have a VM but do not run yet. */
  tasks: { total: number; succeeded: number; failed: number; running: number; pending: number };
  molecules: { complete: number | null; total: number };
  jobs: { jobId: string; region: string; state: JobState }[];
  attempts: number | null;
  preemptions: number | null;
  costUsd: number | null;
  elapsedHours: number;
  forecast: Snapshot['forecast'];
  /** The run had been started before by another process. */
  resumed: boolean;
}

export function summaryOf(
  snapshot: Snapshot,
  run: { runId: string; resumed: boolean; findings: RunFindings },
): ExecSummary {
  const { total, succeeded, failed, running, pending, assigned } = snapshot.tasks;
  return {
    runId: run.runId,
    state: snapshot.state,
    tasks: { total, succeeded, failed, running, pending: pending + assigned },
    molecules: { complete: snapshot.molecules.complete, total: snapshot.molecules.total },
    jobs: snapshot.jobs.map(({ jobId, region, state }) => ({ jobId, region, state })),
    attempts: snapshot.attempts,
    preemptions: snapshot.preemptions,
    costUsd: snapshot.cost.spentUsd,
    elapsedHours: snapshot.elapsedSeconds / 3600,
    forecast: snapshot.forecast,
    resumed: run.resumed,
    ...run.findings,
  };
}
