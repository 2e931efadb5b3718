import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Shard } from '../plan/plan.js';
import { parseRanges, type TaskRange } from '../plan/taskRanges.js';
import { joinTasks, withoutTasks } from '../plan/taskSets.js';
import { InputError, inputError } from '../scenario/errors.js';
import type { KnownCanary } from './canary/canaries.js';
import { canaryFailed, canaryIntended, canaryPassed, withCanaryLine } from './canary/canaryLines.js';
import type { Aside } from './setAside.js';
import type { Wish } from './wishes.js';

/**
 * The run's durable record: one JSON object per line, each in the state bucket (bucketLedger.ts) before the step that
 * it announces or confirms is relied on. Times (`at`, `createTime`, `endTime`) are campaign seconds since the Unix
 * epoch. Never a token, a key or a secret's value.
 */
const seconds = z.number();
const count = z.number().int().nonnegative();
const ranges = z.array(z.strictObject({ first: count, count: count.positive() }));
/** "0-12,26": campaign tasks. */
const rangesText = z.string().transform((text, context): TaskRange[] => {
  const parsed = text === '' ? [] : parseRanges(text);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: 'expected task ranges such as 0-12,26' });
  return z.NEVER;
});
/** Who did it: "anna@login-3, process 4711". */
const by = z.string().default('');

const shard = z.strictObject({
  id: z.string(),
  region: z.string(),
  firstTask: count,
  taskCount: count,
  parallelism: count,
  provisioning: z.enum(['spot', 'onDemand', 'flexStart']),
  maxRetryCount: count,
  wave: count,
}) satisfies z.ZodType<Shard>;

const aside = z.strictObject({
  task: count,
  of: z.enum(['result', 'claim']),
  bucket: z.string(),
  generation: z.string(),
}) satisfies z.ZodType<Aside>;

const runStarted = z.strictObject({
  kind: z.literal('run-started'),
  at: seconds,
  runId: z.string(),
  planId: z.string(),
  project: z.string(),
  source: z.enum(['rehearse', 'execute']),
  by,
});

const runResumed = z.strictObject({ kind: z.literal('run-resumed'), at: seconds, by });

/** All windows that have a result, where that is not what the entries before say: written when a run is taken up. */
const inventory = z.strictObject({ kind: z.literal('inventory'), at: seconds, complete: rangesText });

/** The user wants these tasks no more (null: the whole run); jobs that have them are cancelled after this. */
const cancelRequested = z.strictObject({
  kind: z.literal('cancel-requested'),
  at: seconds,
  /** Of the request, so that one that is read twice counts once. */
  request: z.string(),
  tasks: rangesText.nullable(),
  by,
});

/**
 * The user wants what is missing of these tasks (null: of all) to be run again, whatever became of it before: after
 * a cancel, a guard's stop, an error that repeats or a last round.
 */
const runReopened = z.strictObject({
  kind: z.literal('run-reopened'),
  at: seconds,
  request: z.string(),
  tasks: rangesText.nullable(),
  /** From here on the run may cost this much. */
  budgetUsd: z.number().positive().optional(),
  /** What is put aside for it, before anything is run again. */
  aside: z.array(aside).default([]),
  by,
});

/** All that was to be put aside has been. */
const putAside = z.strictObject({ kind: z.literal('put-aside'), at: seconds });

/** The guard or the breaker has stopped the run, or a job and its region: holds until the run is reopened. */
const runHalted = z.strictObject({
  kind: z.literal('run-halted'),
  at: seconds,
  cause: z.enum(['budget', 'deadline', 'exposure', 'breaker']),
  cancel: z.boolean(),
  job: z.strictObject({ jobId: z.string(), shardId: z.string(), region: z.string() }).nullable(),
  message: z.string(),
  /** What it went by: exit codes, zones, VMs, last lines. */
  evidence: z.array(z.string()).default([]),
});

/** Written before CancelJob. */
const jobCancelling = z.strictObject({
  kind: z.literal('job-cancelling'),
  at: seconds,
  jobId: z.string(),
  requestId: z.string(),
  why: z.string(),
  /** Since when it has had no VM, where it has none. */
  idleSince: seconds.optional(),
});

/** Written before CreateJob: from here on the job may exist. */
const jobIntended = z.strictObject({
  kind: z.literal('job-intended'),
  at: seconds,
  jobId: z.string(),
  requestId: z.string(),
  /** Of the job as it was built: what the job of that id must carry as its label. */
  specHash: z.string(),
  shard,
  round: count,
  /** The campaign tasks by task index. */
  tasks: rangesText,
});

const jobSubmitted = z.strictObject({
  kind: z.literal('job-submitted'),
  at: seconds,
  jobId: z.string(),
  createTime: seconds,
  /** It was there already: an earlier try had reached Batch. */
  adopted: z.boolean(),
});

const jobFinal = z.strictObject({
  kind: z.literal('job-final'),
  at: seconds,
  jobId: z.string(),
  state: z.enum(['SUCCEEDED', 'FAILED', 'CANCELLED']),
  succeeded: count,
  failed: count,
  /** Campaign tasks without a result. */
  unfinished: ranges,
  /** Of these, the ones that ended by an error of their own, by its exit code. */
  ownErrors: z.array(z.strictObject({ exitCode: z.int(), tasks: rangesText })).default([]),
  attempts: count,
  preemptions: count,
  vms: count,
  vmSeconds: z.number().nonnegative(),
  times: z.strictObject({
    runningSeconds: z.number().nonnegative(),
    started: z.int().nonnegative(),
    startedTimeSum: z.number().nonnegative(),
    finished: z.int().nonnegative(),
    finishedTimeSum: z.number().nonnegative(),
  }),
  /** Of the last task event; null when no task ever had one. */
  endTime: seconds.nullable(),
});

const runFinished = z.strictObject({
  kind: z.literal('run-finished'),
  at: seconds,
  outcome: z.enum(['succeeded', 'failed', 'cancelled']),
});

const entry = z.discriminatedUnion('kind', [
  runStarted,
  runResumed,
  inventory,
  cancelRequested,
  runReopened,
  putAside,
  runHalted,
  jobIntended,
  jobSubmitted,
  jobCancelling,
  jobFinal,
  canaryIntended,
  canaryPassed,
  canaryFailed,
  runFinished,
]);

export type LedgerEntry = z.output<typeof entry>;
/** As it is written: task ranges as text. */
export type LedgerLine = z.input<typeof entry>;
export type RunStarted = z.output<typeof runStarted>;
export type JobIntended = z.output<typeof jobIntended>;
export type JobSubmitted = z.output<typeof jobSubmitted>;
export type JobFinal = z.output<typeof jobFinal>;
export type RunFinished = z.output<typeof runFinished>;
export type RunHalted = z.output<typeof runHalted>;
type RunReopened = z.output<typeof runReopened>;
type CancelRequested = z.output<typeof cancelRequested>;

/** What the ledger knows of one job. */
export interface LedgerJob {
  intended: JobIntended;
  submitted: JobSubmitted | null;
  final: JobFinal | null;
  /** CancelJob may have been called for it by this run. */
  isCancelling: boolean;
  /** Since when it had had no VM when it was cancelled; null: it had some. */
  idleSince: number | null;
}

export interface LedgerState {
  started: RunStarted | null;
  /** Null again once the run has been reopened. */
  finished: RunFinished | null;
  /** In the order of their intention. */
  jobs: LedgerJob[];
  /** Windows with a result, as far as the ledger knows. */
  complete: TaskRange[];
  /** In their order. */
  wishes: Wish[];
  /** What is still to be put aside before anything is run again. */
  aside: Aside[];
  /** In the order of their intention. */
  canaries: KnownCanary[];
  /** Since the run was reopened last. */
  halts: RunHalted[];
  /** What the user has made of the plan's budget; null: nothing. */
  budgetUsd: number | null;
  /** The user went on although the deadline had stopped the run. */
  deadlineWaived: boolean;
}

export interface Ledger {
  /** Resolves once the lines are durable. Lines of one call appear together or not at all. */
  append(...lines: LedgerLine[]): Promise<void>;
}

/** Reads the copy on this machine without changing anything. An absent file has no entries. */
export async function readLedger(path: string): Promise<LedgerEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return parseLedger(text.slice(0, text.lastIndexOf('\n') + 1), path);
}

export function ledgerText(lines: readonly LedgerLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Throws InputError for anything but whole lines of this version; `source` names them in it. */
export function parseLedger(text: string, source: string): LedgerEntry[] {
  const lines = text.split('\n');
  // What follows the last line feed is the rest of a torn line.
  if (lines.pop() !== '')
    throw inputError({ file: source, found: 'a torn last line', expected: 'whole lines' });
  return lines.map((line, index) => {
    const where = `line ${index + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw inputError({ file: source, path: where, found: excerpt(line), expected: 'one JSON object' });
    }
    const parsed = entry.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const found = `${excerpt(line)} (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`;
    throw inputError({ file: source, path: where, found, expected: 'a ledger entry of this version' });
  });
}

function excerpt(line: string): string {
  return line.length <= 60 ? line : `${line.slice(0, 60)}...`;
}

/** The state of the run after all entries. Throws InputError when an entry speaks of a job that was never intended. */
export function replay(entries: readonly LedgerEntry[]): LedgerState {
  const jobs = new Map<string, LedgerJob>();
  const state: LedgerState = {
    started: null,
    finished: null,
    jobs: [],
    complete: [],
    wishes: [],
    aside: [],
    canaries: [],
    halts: [],
    budgetUsd: null,
    deadlineWaived: false,
  };
  const known = (jobId: string): LedgerJob => {
    const job = jobs.get(jobId);
    if (job === undefined) throw new InputError(`ledger: found job ${jobId} without its job-intended entry`);
    return job;
  };
  /** False for a request that was read before. */
  const wish = ({ request, tasks }: CancelRequested | RunReopened, kind: Wish['kind']): boolean => {
    if (state.wishes.some((one) => one.request === request)) return false;
    state.wishes.push({ kind, request, tasks, afterJobs: jobs.size });
    return true;
  };
  for (const line of entries) {
    switch (line.kind) {
      case 'run-started':
        state.started ??= line;
        break;
      case 'run-resumed':
        break;
      case 'inventory':
        state.complete = line.complete;
        break;
      case 'cancel-requested':
        wish(line, 'cancel');
        break;
      case 'run-reopened':
        if (!wish(line, 'reopen')) break;
        state.finished = null;
        state.aside.push(...line.aside);
        state.deadlineWaived ||= state.halts.some(({ cause }) => cause === 'deadline');
        state.halts = [];
        state.budgetUsd = line.budgetUsd ?? state.budgetUsd;
        break;
      case 'put-aside':
        state.aside = [];
        break;
      case 'run-halted':
        state.halts.push(line);
        break;
      case 'job-intended':
        // A second intention of the same job is the same job: the first one stands.
        if (jobs.has(line.jobId)) break;
        jobs.set(line.jobId, {
          intended: line,
          submitted: null,
          final: null,
          isCancelling: false,
          idleSince: null,
        });
        break;
      case 'job-submitted':
        known(line.jobId).submitted ??= line;
        break;
      case 'job-cancelling': {
        const job = known(line.jobId);
        job.isCancelling = true;
        job.idleSince ??= line.idleSince ?? null;
        break;
      }
      case 'job-final': {
        const job = known(line.jobId);
        if (job.final !== null) break;
        job.final = line;
        state.complete = joinTasks(state.complete, withoutTasks(job.intended.tasks, line.unfinished));
        break;
      }
      case 'canary-intended':
      case 'canary-passed':
      case 'canary-failed':
        state.canaries = withCanaryLine(state.canaries, line);
        break;
      case 'run-finished':
        state.finished ??= line;
        break;
    }
  }
  state.jobs = [...jobs.values()];
  return state;
}
