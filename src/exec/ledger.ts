import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Shard } from '../plan/plan.js';
import { parseRanges, type TaskRange } from '../plan/taskRanges.js';
import { InputError, inputError } from '../scenario/errors.js';
import { syncFolder } from './atomicFile.js';

/**
 * The run's durable record: one JSON object per line, each on disk before the step that it announces or confirms
 * is relied on. Times (`at`, `createTime`, `endTime`) are campaign seconds since the Unix epoch.
 */
const seconds = z.number();
const count = z.number().int().nonnegative();
const ranges = z.array(z.strictObject({ first: count, count: count.positive() }));

const shard = z.strictObject({
  id: z.string(),
  region: z.string(),
  firstTask: count,
  taskCount: count,
  parallelism: count,
  provisioning: z.enum(['spot', 'onDemand']),
  maxRetryCount: count,
  wave: count,
}) satisfies z.ZodType<Shard>;

const runStarted = z.strictObject({
  kind: z.literal('run-started'),
  at: seconds,
  runId: z.string(),
  planId: z.string(),
  project: z.string(),
  source: z.enum(['rehearse', 'execute']),
});

const runResumed = z.strictObject({ kind: z.literal('run-resumed'), at: seconds });

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
  /** "0-12,26": the campaign tasks by task index. */
  tasks: z.string().transform((text, context): TaskRange[] => {
    const parsed = parseRanges(text);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: 'expected task ranges such as 0-12,26' });
    return z.NEVER;
  }),
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
  /** Campaign tasks without success. */
  unfinished: ranges,
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
  jobIntended,
  jobSubmitted,
  jobFinal,
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

/** What the ledger knows of one job. */
export interface LedgerJob {
  intended: JobIntended;
  submitted: JobSubmitted | null;
  final: JobFinal | null;
}

export interface LedgerState {
  started: RunStarted | null;
  finished: RunFinished | null;
  /** In the order of their intention. */
  jobs: LedgerJob[];
}

export interface Ledger {
  /** Resolves once the line is on disk. */
  append(line: LedgerLine): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the ledger for appending, creates it where it is not, and cuts off a torn last line (a crash in the middle
 * of a write: nothing has relied on it yet).
 */
export async function openLedger(path: string): Promise<{ ledger: Ledger; entries: LedgerEntry[] }> {
  const file = await open(path, 'a+');
  try {
    const bytes = await file.readFile();
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    const entries = parseLines(whole.toString('utf8'), path);
    if (whole.length < bytes.length) await file.truncate(whole.length);
    await syncFolder(dirname(path));
    return { ledger: ledgerOn(file), entries };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function ledgerOn(file: FileHandle): Ledger {
  let last: Promise<void> = Promise.resolve();
  const write = async (line: LedgerLine): Promise<void> => {
    await file.appendFile(`${JSON.stringify(line)}\n`);
    await file.datasync();
  };
  return {
    append(line) {
      last = last.then(() => write(line));
      return last;
    },
    close: () => file.close(),
  };
}

/** Reads without changing anything: also while another process appends. An absent file has no entries. */
export async function readLedger(path: string): Promise<LedgerEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return parseLines(text.slice(0, text.lastIndexOf('\n') + 1), path);
}

function parseLines(text: string, path: string): LedgerEntry[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const where = `line ${index + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw inputError({ file: path, path: where, found: excerpt(line), expected: 'one JSON object' });
    }
    const parsed = entry.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const found = `${excerpt(line)} (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`;
    throw inputError({ file: path, path: where, found, expected: 'a ledger entry of this version' });
  });
}

function excerpt(line: string): string {
  return line.length <= 60 ? line : `${line.slice(0, 60)}...`;
}

/** The state of the run after all entries. Throws InputError when an entry speaks of a job that was never intended. */
export function replay(entries: readonly LedgerEntry[]): LedgerState {
  const jobs = new Map<string, LedgerJob>();
  const state: LedgerState = { started: null, finished: null, jobs: [] };
  const known = (jobId: string): LedgerJob => {
    const job = jobs.get(jobId);
    if (job === undefined) throw new InputError(`ledger: found job ${jobId} without its job-intended entry`);
    return job;
  };
  for (const line of entries) {
    switch (line.kind) {
      case 'run-started':
        state.started ??= line;
        break;
      case 'run-resumed':
        break;
      case 'job-intended':
        // A second intention of the same job is the same job: the first one stands.
        if (!jobs.has(line.jobId)) jobs.set(line.jobId, { intended: line, submitted: null, final: null });
        break;
      case 'job-submitted':
        known(line.jobId).submitted ??= line;
        break;
      case 'job-final':
        known(line.jobId).final ??= line;
        break;
      case 'run-finished':
        state.finished ??= line;
        break;
    }
  }
  state.jobs = [...jobs.values()];
  return state;
}
