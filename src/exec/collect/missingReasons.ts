import type { Shard } from '../../plan/plan.js';
import { tasksOf } from '../../plan/taskRanges.js';
import type { LedgerJob, LedgerState } from '../ledger.js';

/** Exit codes of docs/tasks.md, and of Batch, in words. */
const WORDS: Readonly<Record<number, string>> = {
  2: 'configuration',
  72: 'input missing or damaged',
  74: 'disk full',
  75: 'fenced by a newer attempt',
  76: 'stopped',
  77: 'store unreachable',
  78: 'no checkpoint verifies',
  79: 'the engine fails at the same step twice',
  80: 'the engine stalled',
  81: 'far slower than planned',
  82: 'accelerator not usable',
  83: 'time limit',
  84: 'the engine failed',
  50001: 'Spot preemption',
  50002: 'VM reporting time-out',
  50003: 'VM reboot',
  50004: 'VM unresponsive',
  50005: 'time limit of Batch',
  50006: 'VM recreated',
};

/** Why a window has no result, as far as the run's ledger tells: what became of the last job that had it. */
export function missingReasons(ledger: LedgerState): (task: number) => string {
  const reasons = new Map<number, string>();
  for (const job of ledger.jobs) {
    for (const task of tasksOf(job.intended.tasks)) reasons.set(task, reasonOf(job));
    for (const { exitCode, tasks } of job.final?.ownErrors ?? []) {
      const words = WORDS[exitCode] === undefined ? '' : ` (${WORDS[exitCode]})`;
      for (const task of tasksOf(tasks)) reasons.set(task, `failed with exit code ${exitCode}${words}`);
    }
  }
  const unasked = ledger.finished === null ? 'not started yet' : 'never started';
  return (task) => reasons.get(task) ?? unasked;
}

function reasonOf({ intended: { jobId }, final, isCancelling }: LedgerJob): string {
  if (final === null) return isCancelling ? `job ${jobId} is being cancelled` : `job ${jobId} goes on`;
  if (final.state === 'CANCELLED') return `job ${jobId} was cancelled`;
  return `job ${jobId} ended without its result (lost VMs, or retries used up)`;
}

/** The shard of a job as it was submitted, by the job's id. */
export function shardsOfJobs(ledger: LedgerState): (jobId: string) => Shard | null {
  const shards = new Map(ledger.jobs.map(({ intended }) => [intended.jobId, intended.shard]));
  return (jobId) => shards.get(jobId) ?? null;
}
