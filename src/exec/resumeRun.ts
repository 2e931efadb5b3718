import { askHolder, isHeldByOther } from './askHolder.js';
import { actOnRun, type KnownRun } from './knownRun.js';
import type { LedgerState } from './ledger.js';
import type { FollowOptions } from './run.js';
import { overAlready } from './run.js';
import { readStatus } from './status.js';
import type { ExecSummary } from './summary.js';

/**
 * Goes on with a run. One that has ended without all results, because it was cancelled, stopped or gave up, is opened
 * again: what is missing runs, from its checkpoints. Throws LeaseHeldError while somebody else works on it.
 */
export async function resumeRun(
  run: KnownRun,
  options: FollowOptions & { emulatorEntry: string; budgetUsd?: number | undefined },
): Promise<ExecSummary> {
  const over = run.about.source === 'rehearse' ? await overAlready(run) : null;
  if (over?.state === 'succeeded') return over;
  const { budgetUsd } = options;
  const wish = { kind: 'reopen' as const, tasks: null, ...(budgetUsd === undefined ? {} : { budgetUsd }) };
  const isOpen = ({ finished }: LedgerState): boolean => finished === null;
  const isDone = ({ finished }: LedgerState): boolean => finished?.outcome === 'succeeded';
  try {
    return await actOnRun(run, {
      ...options,
      wishFor: async ({ ledger }) =>
        isDone(ledger) || (isOpen(ledger) && budgetUsd === undefined) ? undefined : wish,
    });
  } catch (error) {
    // Another budget is all that the process which holds the run has to be told.
    if (budgetUsd === undefined || !isHeldByOther(error)) throw error;
  }
  await askHolder(run, wish, { isDone: () => true, signal: options.signal });
  return readStatus(run);
}
