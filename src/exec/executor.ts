import type { Action } from '../plan/actions.js';
import type { Clock } from '../plan/clock.js';
import { CONTROLLER_PERIOD_SECONDS, nextActions } from '../plan/controller.js';
import { buildJob, specHash } from '../plan/job.js';
import { isFinal, type Snapshot } from '../plan/snapshot.js';
import { countTasks, formatRanges } from '../plan/taskRanges.js';
import { InputError } from '../scenario/errors.js';
import { CampaignView, type RunJob } from './campaignView.js';
import { GuardWatch } from './guardWatch.js';
import { requestIdOf } from './ids.js';
import { type LedgerState, replay } from './ledger.js';
import { type BatchPort, PortError } from './port.js';
import { isRetryable, retryingPort } from './retry.js';
import type { RunFolder } from './runFolder.js';
import { createOrAdopt } from './submit.js';
import { type ExecSummary, summaryOf } from './summary.js';
import { sweepTasks } from './sweep.js';

export interface ExecuteOptions {
  folder: RunFolder;
  project: string;
  port: BatchPort;
  clock: Clock;
  source: 'rehearse' | 'execute';
  /** Uniform in [0, 1): the jitter of back-offs. */
  random: () => number;
  onSnapshot?: (snapshot: Snapshot) => void;
  /** Abort it to stop following; the jobs go on, and the run can be resumed. */
  signal?: AbortSignal | undefined;
  /** Stop following after this many campaign seconds. */
  maxSeconds?: number;
  /** Wall seconds, for what must not happen too often on a fast clock. */
  wallSeconds?: () => number;
}

/** Running tasks are looked at one by one no more often than this; a job that ends is always looked at. */
const SWEEP_CAMPAIGN_SECONDS = 600;
const SWEEP_WALL_SECONDS = 3;
/** How often the snapshot on disk is replaced. */
const SAVE_WALL_SECONDS = 1;

/**
 * Runs the plan to its end, or goes on with a run that was left: submits what the controller asks for, follows
 * the jobs, and writes down every step before it is relied on. A job is created once, however often this is
 * interrupted. Throws InputError when the ledger belongs to another plan, project or kind of run, and PortError
 * when Batch refuses for good; both leave the run resumable.
 */
export async function execute(options: ExecuteOptions): Promise<ExecSummary> {
  const ledger = replay(options.folder.entries);
  checkSameRun(ledger, options);
  const executor = new Executor(options, ledger);
  return summaryOf(await executor.run(), { runId: options.folder.runId, resumed: ledger.started !== null });
}

function checkSameRun({ started }: LedgerState, { folder, project, source }: ExecuteOptions): void {
  if (started === null) return;
  const mismatch = (what: string, found: string, expected: string): InputError =>
    new InputError(
      `run ${folder.runId}: ${what}: found ${found}, expected ${expected}; choose another --run-id`,
    );
  if (started.source !== source) throw mismatch('kind of run', source, started.source);
  if (started.project !== project) throw mismatch('project', project, started.project);
  if (started.planId !== folder.plan.id) throw mismatch('plan', folder.plan.id, started.planId);
}

class Executor {
  readonly #options: ExecuteOptions;
  readonly #port: BatchPort;
  readonly #view: CampaignView;
  readonly #guard: GuardWatch;
  readonly #wall: () => number;
  readonly #resumed: boolean;
  #startedAt = 0;
  #sweptAt = { campaign: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ExecuteOptions, ledger: LedgerState) {
    const { folder, source, clock, random, signal } = options;
    this.#options = options;
    this.#port = retryingPort(options.port, { clock, random, signal });
    this.#view = new CampaignView(folder.plan, { runId: folder.runId, source }, ledger);
    this.#guard = new GuardWatch(folder.plan);
    this.#wall = options.wallSeconds ?? (() => performance.now() / 1000);
    this.#resumed = ledger.started !== null;
  }

  /** The last snapshot; its state is `running` when the run was left before its end. */
  async run(): Promise<Snapshot> {
    const { clock, folder, signal } = this.#options;
    let now = await clock.now();
    if (this.#view.state === 'running') await this.#announce(now);
    this.#startedAt = now;
    // What a resumed run has cost so far is known from the tasks only.
    if (!this.#resumed) this.#sweptAt = { campaign: now, wall: this.#wall() };
    while (this.#view.state === 'running' && !signal?.aborted && !this.#isTimeOver(now)) {
      await this.#roundUnlessDown(now);
      await this.#show(now);
      if (this.#view.state !== 'running') break;
      await this.#untilNextRound(now);
      now = await clock.now();
    }
    const last = this.#view.snapshot(now);
    await folder.writeSnapshot(last);
    return last;
  }

  async #announce(at: number): Promise<void> {
    const { folder, project, source } = this.#options;
    await folder.ledger.append(
      this.#resumed
        ? { kind: 'run-resumed', at }
        : { kind: 'run-started', at, runId: folder.runId, planId: folder.plan.id, project, source },
    );
  }

  #isTimeOver(now: number): boolean {
    return now - this.#startedAt >= (this.#options.maxSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** The controller looks on a grid since the first submission, as simulate's driver does. */
  async #untilNextRound(now: number): Promise<void> {
    const { clock, signal } = this.#options;
    const late = this.#view.progress(now).elapsedSeconds % CONTROLLER_PERIOD_SECONDS;
    await clock.sleep(CONTROLLER_PERIOD_SECONDS - late, signal).catch(unlessAborted(signal));
  }

  /** A service that stays unavailable after all tries ends the round, not the run: the jobs go on without us. */
  async #roundUnlessDown(now: number): Promise<void> {
    try {
      await this.#round(now);
    } catch (error) {
      if (isRetryable(error)) this.#view.note(now, `no answer, trying again: ${error.message}`);
      else unlessAborted(this.#options.signal)(error);
    }
  }

  async #round(now: number): Promise<void> {
    // Announced by a process that ended, or by a round that got no answer: they may exist or not.
    await this.#submitTogether(
      this.#view.jobs.filter((job) => job.createTime === null),
      now,
    );
    await this.#poll(now);
    await this.#sweep(now);
    const intended: RunJob[] = [];
    for (const action of nextActions(this.#options.folder.plan, this.#view.progress(now))) {
      if (action.kind === 'submit') intended.push(await this.#intend(action, now));
      else await this.#finish(action.outcome, now);
    }
    await this.#submitTogether(intended, now);
  }

  /** The jobs of a wave start as nearly at one time as the network allows; all answers are awaited. */
  async #submitTogether(jobs: readonly RunJob[], now: number): Promise<void> {
    const answers = await Promise.allSettled(jobs.map((job) => this.#submit(job, now)));
    for (const answer of answers) if (answer.status === 'rejected') throw this.#refused(answer.reason);
  }

  async #intend(action: Extract<Action, { kind: 'submit' }>, at: number): Promise<RunJob> {
    const { folder, project } = this.#options;
    const { jobId, shard, round, tasks } = action;
    const hash = specHash(buildJob(folder.plan, action, { runId: folder.runId, project }));
    const requestId = requestIdOf(folder.runId, jobId, 'create');
    const intended = { kind: 'job-intended' as const, at, jobId, requestId, specHash: hash, shard, round };
    await folder.ledger.append({ ...intended, tasks: formatRanges(tasks) });
    return this.#view.intend({ ...intended, tasks });
  }

  async #submit(job: RunJob, now: number): Promise<void> {
    const { folder, project } = this.#options;
    const { jobId, requestId, shard } = job.intended;
    const built = buildJob(folder.plan, job.intended, { runId: folder.runId, project });
    if (specHash(built) !== job.intended.specHash) {
      throw new InputError(
        `run ${folder.runId}: job ${jobId} was announced by another version of fepcast; go on with that version or choose another --run-id`,
      );
    }
    const answer = await createOrAdopt(this.#port, {
      region: shard.region,
      jobId,
      requestId,
      job: built,
    });
    const { createTime } = answer.job;
    await folder.ledger.append({
      kind: 'job-submitted',
      at: now,
      jobId,
      createTime,
      adopted: answer.adopted,
    });
    this.#view.saw(job, answer.job, now);
    const { round, tasks } = job.intended;
    if (answer.adopted) this.#view.note(now, `${jobId}: had been submitted before, going on with it`);
    else if (round > 0) this.#view.note(now, `${jobId}: runs ${countTasks(tasks)} unfinished tasks again`);
  }

  /** A refusal says what it leaves behind. */
  #refused(error: unknown): unknown {
    const submitted = this.#view.jobs.filter(
      (job) => job.createTime !== null && job.unfinished === null,
    ).length;
    if (!(error instanceof PortError) || isRetryable(error) || submitted === 0) return error;
    const left = submitted === 1 ? '1 submitted job goes on' : `${submitted} submitted jobs go on`;
    return new PortError(error.kind, `${error.message}; ${left}`);
  }

  async #poll(now: number): Promise<void> {
    const open = this.#view.jobs.filter((job) => job.unfinished === null && job.createTime !== null);
    await Promise.all(
      open.map(async (job) => {
        const { shard, jobId } = job.intended;
        this.#view.saw(job, await this.#port.getJob(shard.region, jobId), now);
      }),
    );
  }

  /** Looks at the tasks of jobs that have ended, and now and then at those of all others. */
  async #sweep(now: number): Promise<void> {
    const { campaign, wall } = this.#sweptAt;
    const due = now - campaign >= SWEEP_CAMPAIGN_SECONDS && this.#wall() - wall >= SWEEP_WALL_SECONDS;
    if (due) this.#sweptAt = { campaign: now, wall: this.#wall() };
    for (const job of this.#view.jobs) {
      if (job.unfinished !== null || job.createTime === null) continue;
      if (isFinal(job.state)) await this.#settle(job, now);
      else if (due && job.counts.pending < job.counts.total) await this.#look(job, now);
    }
  }

  async #look(job: RunJob, now: number): Promise<number> {
    const { jobId, shard } = job.intended;
    const account = await sweepTasks(this.#port, { region: shard.region, jobId }, now);
    this.#view.swept(job, account, now);
    return account.succeeded.length;
  }

  async #settle(job: RunJob, now: number): Promise<void> {
    const succeeded = await this.#look(job, now);
    if (succeeded < job.counts.succeeded) {
      // Believing a listing that lags behind would run finished tasks again.
      this.#view.note(
        now,
        `${job.intended.jobId}: ListTasks shows ${succeeded} of ${job.counts.succeeded} successes, looking again`,
      );
      return;
    }
    await this.#options.folder.ledger.append(this.#view.close(job, now));
  }

  async #finish(outcome: 'succeeded' | 'failed' | 'cancelled', at: number): Promise<void> {
    await this.#options.folder.ledger.append({ kind: 'run-finished', at, outcome });
    this.#view.state = outcome;
  }

  async #show(now: number): Promise<void> {
    const seen = this.#view.snapshot(now);
    for (const text of this.#guard.look(seen.cost.spentUsd, seen.elapsedSeconds)) this.#view.note(now, text);
    const snapshot = this.#view.snapshot(now);
    this.#options.onSnapshot?.(snapshot);
    if (this.#wall() - this.#savedAt < SAVE_WALL_SECONDS) return;
    this.#savedAt = this.#wall();
    await this.#options.folder.writeSnapshot(snapshot);
  }
}

/** An interrupted wait is no failure: the loop sees the signal. */
function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => void {
  return (error) => {
    if (!signal?.aborted) throw error;
  };
}
