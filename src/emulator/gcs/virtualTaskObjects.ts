import { type IndexRow, parseIndexRow } from '../../plan/taskIndex.js';
import { CHECKPOINT_SLOTS, checkpointObject, claimObject, resultObject } from '../../plan/taskObjects.js';
import { type AttemptStart, parseClaim } from '../../plan/taskRecords.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { BucketUse, TaskState } from '../../sim/world/view.js';
import { onlyZone } from '../eventTexts.js';
import { describeAttempt, type SubmitCommand } from '../localTasks/describeAttempt.js';
import type { Objects } from './objects.js';
import { endLine, virtualResult } from './virtualTaskRecords.js';

/** What virtual tasks must know of the World. */
export interface VirtualWork {
  /** Seconds of the task's work in its newest durable checkpoint. */
  durableSeconds(job: number, task: number): number;
  /** Seconds of work that the task is. */
  workSeconds(job: number, task: number): number;
  /** Where the VM is; null where no zones are told apart. */
  zoneOf(vm: number): string | null;
}

/** A job whose tasks write objects. */
interface Job {
  submit: SubmitCommand;
  /** null: its tasks have no index, or are a canary's, and write nothing. */
  environment: Environment | null;
  /** The rows of its index; undefined: nobody has looked yet; null: it cannot be read. */
  index: { text: Buffer; rowBytes: number } | null | undefined;
  attempts: Map<number, Attempt>;
  retries: Map<number, number>;
}

interface Environment {
  bucket: string;
  index: string;
  rowBytes: number;
  runId: string;
  image: string;
  adapter: string;
}

/** An attempt that is running. */
interface Attempt {
  id: string;
  /** Campaign seconds. */
  startedAt: number;
  /** Seconds of work it went on from. */
  restored: number;
  checkpoints: number;
  /** Campaign seconds at which its last checkpoint became durable. */
  checkpointAt: number;
}

/** Exit codes of Batch. Source: https://docs.cloud.google.com/batch/docs/troubleshooting */
const EXIT_PREEMPTED = 50001;
const FIRST_BATCH_EXIT = 50001;
/** docs/tasks.md: stopped by a signal or notice. */
const EXIT_STOPPED = 76;

/**
 * The objects that virtual tasks leave: claim, checkpoint and result as a real task's would be (docs/tasks.md), for
 * jobs that name an index. They cost the World nothing, whose bucket has counted the requests already. Written at
 * once and not flushed: they outlive a kill of the emulator, and a crash of the machine takes a rehearsal with it.
 *
 * Until `begin`, while a journal is replayed, nothing is written: what happened then was written then.
 */
export class VirtualTaskObjects {
  readonly #scenario: Scenario;
  readonly #warn: (text: string) => void;
  readonly #jobs: Job[] = [];
  #work: VirtualWork | null = null;
  #objects: Objects | null = null;
  #epochSeconds = 0;

  constructor(scenario: Scenario, warn: (text: string) => void) {
    this.#scenario = scenario;
    this.#warn = warn;
  }

  /** Before the World is told anything. */
  attach(work: VirtualWork): void {
    this.#work = work;
  }

  /** From here on objects are written. `epochSeconds`: campaign second 0. */
  begin(objects: Objects, epochSeconds: number): void {
    this.#objects = objects;
    this.#epochSeconds = epochSeconds;
  }

  /** The World is about to get its next job. */
  submitted(submit: SubmitCommand): void {
    const environment = environmentOf(submit);
    this.#jobs.push({ submit, environment, index: undefined, attempts: new Map(), retries: new Map() });
  }

  taskChanged(
    number: number,
    task: number,
    from: TaskState,
    to: TaskState,
    at: number,
    vm: number,
    exitCode: number | null,
  ): void {
    const job = this.#jobs[number];
    if (!job?.environment) return;
    if (to === 'RUNNING') this.#started(job, number, task, at, vm);
    else if (from === 'RUNNING') this.#ended(job, number, task, at, exitCode);
  }

  bucketUsed(use: BucketUse, number: number, task: number, at: number): void {
    const attempt = use === 'checkpointWritten' ? this.#jobs[number]?.attempts.get(task) : undefined;
    if (!attempt) return;
    attempt.checkpoints += 1;
    attempt.checkpointAt = at;
  }

  #started(job: Job, number: number, task: number, at: number, vm: number): void {
    const retry = job.retries.get(task) ?? 0;
    job.retries.set(task, retry + 1);
    const { submit } = job;
    const id = `${submit.project}/${submit.jobId}/${task}/${retry}`;
    const restored = this.#work?.durableSeconds(number, task) ?? 0;
    job.attempts.set(task, {
      id,
      startedAt: at,
      restored,
      checkpoints: 0,
      checkpointAt: Number.NEGATIVE_INFINITY,
    });
    const row = this.#row(job, task);
    if (row === null) return;
    const objects = this.#objects as Objects;
    const zone = this.#work?.zoneOf(vm) ?? onlyZone(submit.region);
    const { identity } = describeAttempt({ job: number, task, retry, vm }, submit, zone, this.#scenario);
    const claim = this.#claim(row);
    const start: AttemptStart = {
      kind: 'start',
      attempt: starts(claim) + 1,
      id,
      run: job.environment?.runId ?? '',
      job: submit.jobId,
      index: task,
      retry,
      vm: identity.name,
      zone: identity.zone,
      at: this.#epochSeconds + at,
    };
    this.#try(row, () => {
      this.#writeClaim(row, `${claim}${JSON.stringify(start)}\n`);
      for (const slot of CHECKPOINT_SLOTS) {
        const name = checkpointObject(row, slot);
        const held = { 'fepcast-holder': id };
        const found = objects.find(row.scratchBucket, name);
        if (found) objects.patchNow(found, held);
        else objects.putNow(row.scratchBucket, name, Buffer.alloc(0), { metadata: held });
      }
    });
  }

  #ended(job: Job, number: number, task: number, at: number, exitCode: number | null): void {
    const attempt = job.attempts.get(task);
    job.attempts.delete(task);
    const row = this.#row(job, task);
    if (!attempt || row === null || !job.environment) return;
    const claim = this.#claim(row);
    const { lines } = parseClaim(claim);
    const start = lines.findLast((line) => line.kind === 'start');
    // Somebody else holds the task, or has removed its claim.
    if (start?.kind !== 'start' || start.id !== attempt.id) return;
    const durable = this.#work?.durableSeconds(number, task) ?? 0;
    const work = this.#work?.workSeconds(number, task) ?? 0;
    const farewell = this.#farewell(attempt, at, exitCode);
    const done = exitCode === 0 ? work : Math.min(work, attempt.restored + at - attempt.startedAt);
    const finished = exitCode === 0 ? 1 : 0;
    this.#try(row, () => {
      const shipped = exitCode === 0 ? work : durable;
      if (shipped > attempt.restored || exitCode === 0) this.#writeCheckpoint(row, start, shipped);
      if (farewell === null) return;
      const end = endLine({
        start,
        endedAt: this.#epochSeconds + at,
        ...farewell,
        restored: attempt.restored,
        done: farewell.exit === EXIT_STOPPED ? durable : Math.max(durable, done),
        durable: shipped,
        checkpoints: attempt.checkpoints + finished,
        checkpointBytes: this.#scenario.checkpoint.sizeBytes,
      });
      if (exitCode === 0 && job.environment) this.#publish(row, job.environment, start, end, [...lines, end]);
      this.#writeClaim(row, `${claim}${JSON.stringify(end)}\n`);
    });
  }

  /** What an attempt can still say when it ends; null: its VM is gone. */
  #farewell(attempt: Attempt, at: number, exitCode: number | null): { exit: number; reason: string } | null {
    // The job was cancelled or killed: its tasks get a signal.
    if (exitCode === null) return { exit: EXIT_STOPPED, reason: 'signal' };
    if (exitCode === 0) return { exit: 0, reason: 'done' };
    if (exitCode < FIRST_BATCH_EXIT) return { exit: exitCode, reason: 'engine' };
    // A checkpoint that became durable within the notice is the flush, as far as can be seen from outside.
    const flushed =
      exitCode === EXIT_PREEMPTED && at - attempt.checkpointAt <= this.#scenario.spot.noticeSeconds;
    return flushed ? { exit: EXIT_STOPPED, reason: 'preempted' } : null;
  }

  #publish(
    row: IndexRow,
    environment: Environment,
    start: AttemptStart,
    end: ReturnType<typeof endLine>,
    lines: Parameters<typeof virtualResult>[4],
  ): void {
    const { key, digest, task, input } = row;
    const name = resultObject(row);
    const objects = this.#objects as Objects;
    // The first result counts.
    if (objects.find(row.resultsBucket, name)) return;
    const result = virtualResult({ key, digest, task, input }, end, start, environment, lines);
    const settings = { contentType: 'application/json' };
    objects.putNow(row.resultsBucket, name, Buffer.from(`${JSON.stringify(result)}\n`), settings);
  }

  /** The two slots are taken in turn; a small body stands for the bytes that a real one would have. */
  #writeCheckpoint(row: IndexRow, { attempt, id }: AttemptStart, seconds: number): void {
    const slot = CHECKPOINT_SLOTS[attempt % CHECKPOINT_SLOTS.length] ?? CHECKPOINT_SLOTS[0];
    const step = String(Math.floor(seconds));
    const metadata = {
      'fepcast-holder': id,
      'fepcast-virtual-step': step,
      'fepcast-virtual-bytes': String(this.#scenario.checkpoint.sizeBytes),
    };
    const body = Buffer.from(`a virtual task's checkpoint after ${step} seconds of work\n`);
    (this.#objects as Objects).putNow(row.scratchBucket, checkpointObject(row, slot), body, { metadata });
  }

  #claim(row: IndexRow): string {
    const objects = this.#objects as Objects;
    let text = '';
    this.#try(row, () => {
      text = objects.readNow(row.scratchBucket, claimObject(row))?.toString('utf8') ?? '';
    });
    return text === '' || text.endsWith('\n') ? text : `${text}\n`;
  }

  #writeClaim(row: IndexRow, text: string): void {
    const settings = { contentType: 'application/x-ndjson' };
    (this.#objects as Objects).putNow(row.scratchBucket, claimObject(row), Buffer.from(text), settings);
  }

  /** The task's row; null: nothing is to be written, or it is not known where. */
  #row(job: Job, task: number): IndexRow | null {
    if (this.#objects === null) return null;
    job.index ??= job.index === null ? null : this.#readIndex(job);
    if (job.index === null) return null;
    const { text, rowBytes } = job.index;
    const row = parseIndexRow(text.toString('utf8', task * rowBytes, (task + 1) * rowBytes));
    // "-": nobody has looked at the task's input yet; a real task refuses such a row.
    if (row === null || row.digest === '-') {
      this.#warn(
        `job ${job.submit.jobId}: row ${task} of its index cannot be read; its task leaves no objects`,
      );
    }
    return row;
  }

  #readIndex({ submit, environment }: Job): NonNullable<Job['index']> | null {
    if (environment === null) return null;
    const { bucket, index, rowBytes } = environment;
    let text: Buffer | null = null;
    try {
      text = this.#objects?.readNow(bucket, index) ?? null;
    } catch {
      // Said below in the same words.
    }
    if (text !== null && rowBytes > 0 && text.length % rowBytes === 0) return { text, rowBytes };
    this.#warn(
      `job ${submit.jobId}: its index gs://${bucket}/${index} ${text === null ? 'is not there' : 'cannot be read'}; ` +
        'its virtual tasks run and leave no objects, where real ones would end with exit code 2',
    );
    return null;
  }

  /** What the store refuses (no such bucket, a retention policy) is said and costs the task its objects. */
  #try(row: IndexRow, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#warn(
        `task ${row.key}: an object could not be written: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

function environmentOf({ job }: SubmitCommand): Environment | null {
  const group = job.taskGroups[0];
  const variables: Record<string, string> = {
    ...group?.taskSpec.environment?.variables,
    ...group?.taskSpec.runnables[0]?.environment?.variables,
  };
  const match = /^gs:\/\/([^/]+)\/(.+)$/s.exec(variables.FEPCAST_INDEX ?? '');
  // A canary has the index of a task of the campaign, and does none of its work.
  if (!match || variables.FEPCAST_CANARY === '1') return null;
  return {
    bucket: match[1] ?? '',
    index: match[2] ?? '',
    rowBytes: Number(variables.FEPCAST_INDEX_ROW_BYTES) || 0,
    runId: variables.FEPCAST_RUN_ID ?? '',
    image: variables.FEPCAST_IMAGE ?? '',
    adapter: variables.FEPCAST_ADAPTER ?? 'command',
  };
}

/** Start lines of a claim. */
function starts(claim: string): number {
  return claim.match(/"kind"\s*:\s*"start"/g)?.length ?? 0;
}
