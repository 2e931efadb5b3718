import type { Plan } from '../plan/plan.js';
import type { Progress } from '../plan/progress.js';
import type { Range, RegionSnapshot, RunState, Snapshot, TaskCounts } from '../plan/snapshot.js';
import { countTasks, formatRanges, rangesOf, type TaskRange, tasksOf } from '../plan/taskRanges.js';
import { commonTasks, joinTasks, withoutTasks } from '../plan/taskSets.js';
import { gpuQuotaOf } from '../scenario/gpuQuota.js';
import { type JobAccount, JobAccounting } from './attempts.js';
import type { JobFinal, JobIntended, LedgerLine, LedgerState, RunHalted } from './ledger.js';
import { byExitCode, stuckTasks } from './ownErrors.js';
import type { PortJob } from './port.js';
import { jobProgress, newRunJob, type RunJob } from './runJob.js';
import { spentUsd } from './spend.js';
import { usdPerVmHour } from './vmPrice.js';
import { droppedTasks, reopenedAfter, type Wish, wantsCancel } from './wishes.js';

/** For so long a job that was created may be invisible. Campaign time. */
const DELETED_AFTER_SECONDS = 3600;
/** The number of messages that a snapshot carries. */
const MESSAGES = 12;

/**
 * The run as this process sees it: fed with the ledger, GetJob and ListTasks, asked for progress (for the
 * controller) and for snapshots (for everybody else). Does no I/O.
 */
export class CampaignView {
  readonly plan: Plan;
  readonly runId: string;
  readonly source: Snapshot['source'];
  readonly jobs: RunJob[] = [];
  /** What the user asked for, in order. */
  readonly wishes: Wish[] = [];
  state: RunState;
  /** VMs that a region's quota leaves to the run, where that is known. */
  room: Record<string, number> = {};
  /** What has stopped the run, or a part of it, since the user last went on with it. */
  halts: RunHalted[] = [];
  budgetUsd: number | null;
  deadlineWaived: boolean;
  /** Windows with a result. */
  readonly #complete: Uint8Array;
  /** Windows that Batch called succeeded: shown until the results are looked at. */
  readonly #reported: Uint8Array;
  /** `#complete` as ranges; null: to be worked out anew. */
  #completeRanges: TaskRange[] | null = null;
  #messages: Snapshot['messages'] = [];

  constructor(plan: Plan, run: { runId: string; source: Snapshot['source'] }, ledger: LedgerState) {
    this.plan = plan;
    this.runId = run.runId;
    this.source = run.source;
    this.state = ledger.finished?.outcome ?? 'running';
    this.#complete = new Uint8Array(plan.campaign.tasks);
    this.#reported = new Uint8Array(plan.campaign.tasks);
    this.wishes.push(...ledger.wishes);
    this.halts.push(...ledger.halts);
    this.budgetUsd = ledger.budgetUsd ?? plan.guard.budgetUsd;
    this.deadlineWaived = ledger.deadlineWaived;
    this.found(tasksOf(ledger.complete));
    for (const { intended, submitted, final, isCancelling, idleSince } of ledger.jobs) {
      const job = this.intend(intended);
      job.createTime = submitted?.createTime ?? null;
      job.spentAt = job.createTime;
      job.isCancelling = isCancelling;
      job.idleSince = idleSince;
      if (final !== null) this.#recall(job, final);
    }
  }

  intend(intended: JobIntended): RunJob {
    const job = newRunJob(intended);
    this.jobs.push(job);
    return job;
  }

  /** Their results are there. */
  found(tasks: Iterable<number>): void {
    for (const task of tasks) this.#complete[task] = 1;
    this.#completeRanges = null;
  }

  /** All results that are there, whatever was known before. */
  inventoried(tasks: Iterable<number>): void {
    this.#complete.fill(0);
    this.#reported.fill(0);
    this.found(tasks);
  }

  complete(): readonly TaskRange[] {
    // Asked for many times a round, and changed when a job ends.
    this.#completeRanges ??= rangesOf(this.#completeTasks());
    return this.#completeRanges;
  }

  #completeTasks(): number[] {
    const tasks: number[] = [];
    for (let task = 0; task < this.#complete.length; task += 1) if (this.#complete[task]) tasks.push(task);
    return tasks;
  }

  /** The answer of CreateJob or GetJob at campaign time `now`. */
  saw(job: RunJob, answer: PortJob, now: number): void {
    job.createTime ??= answer.createTime;
    const reason = answer.state === 'FAILED' && job.state !== 'FAILED' ? lastEvent(answer) : undefined;
    if (reason !== undefined) this.note(now, `${job.intended.jobId}: ${reason}`);
    const busy = job.counts.assigned + job.counts.running;
    job.spentVmSeconds += busy * Math.max(0, now - (job.spentAt ?? now));
    job.spentAt = now;
    job.missingSince = null;
    job.state = answer.state;
    job.counts = answer.counts;
    if (answer.state === 'SCHEDULED' || answer.state === 'RUNNING') {
      const { pending, assigned, running } = answer.counts;
      job.idleSince = assigned + running === 0 && pending > 0 ? (job.idleSince ?? now) : null;
    }
  }

  /** The sums of a full ListTasks sweep that was made at `now`. */
  swept(job: RunJob, account: JobAccount, now: number): void {
    const {
      succeeded,
      ownErrors,
      endings: _endings,
      openRuns: _openRuns,
      untold: _untold,
      ...sums
    } = account;
    const tasks = [...tasksOf(job.intended.tasks)];
    for (const index of succeeded) {
      const task = tasks[index];
      if (task !== undefined) this.#reported[task] = 1;
    }
    job.account = sums;
    job.ownErrors = byExitCode(ownErrors, tasks);
    job.spentVmSeconds = sums.vmSeconds;
    job.spentAt = now;
  }

  /**
   * The ledger line that closes a job which Batch calls final and whose tasks and results have just been looked at.
   * A window with a result is complete, whatever Batch says of its task; one without is not.
   */
  close(job: RunJob, at: number): LedgerLine {
    const { state, account } = job;
    if (state !== 'SUCCEEDED' && state !== 'FAILED' && state !== 'CANCELLED') {
      throw new Error(`job ${job.intended.jobId} is ${state}, not final`);
    }
    if (account === null) throw new Error(`job ${job.intended.jobId} was not swept`);
    const missing = [...tasksOf(job.intended.tasks)].filter((task) => this.#complete[task] !== 1);
    const unfinished = rangesOf(missing);
    const ownErrors = job.ownErrors
      .map(({ exitCode, tasks }) => ({ exitCode, tasks: commonTasks(tasks, unfinished) }))
      .filter(({ tasks }) => tasks.length > 0);
    job.ownErrors = ownErrors;
    const failed = Math.min(account.failed, missing.length);
    const { attempts, preemptions, vms, vmSeconds, endTime, times } = account;
    const succeeded = job.counts.total - missing.length;
    const sums = { succeeded, failed, attempts, preemptions, vms, vmSeconds, endTime, times };
    this.#settle(job, unfinished, succeeded, failed);
    return {
      kind: 'job-final',
      at,
      jobId: job.intended.jobId,
      state,
      unfinished,
      ownErrors: ownErrors.map(({ exitCode, tasks }) => ({ exitCode, tasks: formatRanges(tasks) })),
      ...sums,
    };
  }

  /**
   * Batch says that there is no such job. A fresh one may not be visible yet; one that stays away has been deleted by
   * somebody, which ends a job as a cancel does.
   */
  missed(job: RunJob, now: number): void {
    job.missingSince ??= now;
    if (now - job.missingSince < DELETED_AFTER_SECONDS) return;
    job.state = 'CANCELLED';
    this.note(now, `${job.intended.jobId}: Batch does not know it any more`);
  }

  /** Takes over what an earlier view of the same run has swept. */
  recallSweeps(earlier: CampaignView): void {
    for (const job of this.jobs) {
      const before = earlier.jobs.find(({ intended }) => intended.jobId === job.intended.jobId);
      if (before === undefined || job.account !== null) continue;
      job.account = before.account;
      job.spentVmSeconds = before.spentVmSeconds;
      job.spentAt = before.spentAt;
      job.counts = before.counts;
    }
    for (const [task, reported] of earlier.#reported.entries()) if (reported === 1) this.#reported[task] = 1;
  }

  /** The ledger line that closes a job which Batch never took. */
  closeUncreated(job: RunJob, at: number): LedgerLine {
    job.state = 'CANCELLED';
    job.isCancelling = true;
    job.account = new JobAccounting().total(at);
    return this.close(job, at);
  }

  /** The user goes on with the run, with another budget where one is named: what stopped it holds no longer. */
  reopened(budgetUsd: number | undefined): void {
    this.state = 'running';
    this.deadlineWaived ||= this.halts.some(({ cause }) => cause === 'deadline');
    this.halts = [];
    this.budgetUsd = budgetUsd ?? this.budgetUsd;
    // The breaker begins to count anew.
    for (const job of this.jobs) job.attempts = null;
  }

  /** For what the jobs' states and counts do not show by themselves. */
  note(now: number, text: string): void {
    this.#messages = [...this.#messages, { elapsedSeconds: this.#elapsed(now), text }].slice(-MESSAGES);
  }

  progress(now: number): Progress {
    return {
      runId: this.runId,
      elapsedSeconds: this.#elapsed(now),
      jobs: this.jobs.map((job) => jobProgress(job, now)),
      cancelled: this.isCancelled(),
      complete: this.complete(),
      dropped: droppedTasks(this.wishes),
      stuck: stuckTasks(this.jobs, this.wishes),
      reopened: this.wishes.filter(({ kind }) => kind === 'reopen'),
      room: this.room,
      spentUsd: this.spentUsd(now),
      budgetUsd: this.budgetUsd,
      deadlineWaived: this.deadlineWaived,
      halts: this.halts,
    };
  }

  /**
   * The user cancelled the run, or somebody a job of it at Batch: going on with further jobs would be against their
   * will, until the user reopens the run.
   */
  isCancelled(): boolean {
    const since = reopenedAfter(this.wishes.filter(({ tasks }) => tasks === null))(0);
    const byOthers = ({ state, isCancelling }: RunJob): boolean =>
      !isCancelling && (state === 'CANCELLED' || state === 'CANCELLATION_IN_PROGRESS');
    return wantsCancel(this.wishes) || this.jobs.slice(since).some(byOthers);
  }

  spentUsd(now: number): number {
    return spentUsd(this.plan, this.jobs, { now, isOver: this.state !== 'running' });
  }

  snapshot(now: number): Snapshot {
    const { plan, jobs } = this;
    const forecast = plan.forecast;
    return {
      source: this.source,
      name: plan.scenario.name,
      runId: this.runId,
      state: this.state,
      elapsedSeconds: this.#elapsed(now),
      tasks: this.#taskCounts(),
      molecules: this.#molecules(),
      regions: this.#regions(),
      jobs: jobs.map((job) => {
        const { pending, assigned, running, succeeded, failed } = job.counts;
        const { jobId, shard } = job.intended;
        return {
          jobId,
          region: shard.region,
          state: job.state,
          pending,
          assigned,
          running,
          succeeded,
          failed,
        };
      }),
      bucket: {
        writesPerSecond: null,
        limitPerSecond: this.#writeLimit(),
        peakWritesPerSecond: null,
        http429: null,
        checkpointsWritten: null,
      },
      attempts: sumOf(jobs, 'attempts'),
      preemptions: sumOf(jobs, 'preemptions'),
      lostWorkHours: null,
      cost: {
        spentUsd: this.spentUsd(now),
        budgetUsd: this.budgetUsd,
      },
      forecast: { makespanHours: rangeOf(forecast?.makespanHours), costUsd: rangeOf(forecast?.costUsd) },
      messages: this.#messages,
    };
  }

  #recall(job: RunJob, final: JobFinal): void {
    const { attempts, preemptions, vms, vmSeconds, endTime, failed, times } = final;
    job.state = final.state;
    job.account = { attempts, preemptions, vms, vmSeconds, endTime, failed, times };
    job.spentVmSeconds = vmSeconds;
    job.ownErrors = final.ownErrors;
    this.#settle(job, final.unfinished, final.succeeded, failed);
  }

  #settle(job: RunJob, unfinished: TaskRange[], succeeded: number, failed: number): void {
    const { total } = job.counts;
    job.unfinished = unfinished;
    job.counts = { total, pending: total - succeeded - failed, assigned: 0, running: 0, succeeded, failed };
    job.spentAt = null;
  }

  /** To `now`, or to the end of the last task once the run is over. */
  #elapsed(now: number): number {
    const created = this.jobs.flatMap((job) => job.createTime ?? []);
    if (created.length === 0) return 0;
    const start = Math.min(...created);
    const ends = this.jobs.flatMap((job) => job.account?.endTime ?? []);
    const end = this.state !== 'running' && ends.length > 0 ? Math.max(...ends) : now;
    return Math.max(0, end - start);
  }

  /**
   * A task that a later round runs again counts there, no longer as failed or pending in the earlier job; what is not
   * wanted any more does not count at all.
   */
  #taskCounts(): TaskCounts {
    const complete = this.complete();
    const total = this.plan.campaign.tasks - countTasks(withoutTasks(droppedTasks(this.wishes), complete));
    const counts = { assigned: 0, running: 0, succeeded: 0, failed: 0 };
    const atWork: (readonly TaskRange[])[] = [];
    for (const job of this.jobs) {
      counts.assigned += job.counts.assigned;
      counts.running += job.counts.running;
      counts.failed += this.#failedOf(job, complete);
      if (job.unfinished !== null) continue;
      counts.succeeded += job.counts.succeeded;
      atWork.push(job.intended.tasks);
    }
    counts.succeeded += countTasks(withoutTasks(complete, joinTasks(...atWork)));
    const pending = total - counts.assigned - counts.running - counts.succeeded - counts.failed;
    return { total, pending: Math.max(0, pending), ...counts };
  }

  /** Tasks that failed in the job and that no later one of its shard has taken over. */
  #failedOf(job: RunJob, complete: readonly TaskRange[]): number {
    const { shard, round, tasks } = job.intended;
    const later = this.jobs.filter(
      ({ intended }) => intended.shard.id === shard.id && intended.round > round,
    );
    const own = withoutTasks(
      job.unfinished ?? tasks,
      joinTasks(...later.map(({ intended }) => intended.tasks)),
    );
    const mayHaveFailed = job.unfinished === null ? own : withoutTasks(own, complete);
    return Math.min(job.counts.failed, countTasks(mayHaveFailed));
  }

  /** As of the last sweeps; null while there are successes that no sweep has told apart. */
  #molecules(): Snapshot['molecules'] {
    const { molecules, windows } = this.plan.campaign;
    const dropped = new Uint8Array(molecules);
    for (const task of tasksOf(droppedTasks(this.wishes))) {
      if (this.#complete[task] !== 1) dropped[Math.floor(task / windows)] = 1;
    }
    let total = 0;
    let complete = 0;
    for (let molecule = 0; molecule < molecules; molecule += 1) {
      if (dropped[molecule] === 1) continue;
      total += 1;
      let isComplete = true;
      for (let task = molecule * windows; isComplete && task < (molecule + 1) * windows; task += 1) {
        isComplete = this.#complete[task] === 1 || this.#reported[task] === 1;
      }
      if (isComplete) complete += 1;
    }
    const isKnown = !this.jobs.some((job) => job.counts.succeeded > 0 && job.account === null);
    return { total, complete: isKnown ? complete : null };
  }

  #regions(): RegionSnapshot[] {
    const names = new Set(
      [...this.plan.shards, ...this.jobs.map((job) => job.intended.shard)].map((s) => s.region),
    );
    return [...names].map((region) => {
      const jobs = this.jobs.filter((job) => job.intended.shard.region === region);
      const count = (key: 'assigned' | 'running' | 'pending'): number =>
        jobs.reduce((sum, job) => sum + (job.unfinished === null ? job.counts[key] : 0), 0);
      const shard = jobs.at(-1)?.intended.shard ?? this.plan.shards.find((one) => one.region === region);
      const quota = this.plan.scenario.resolved.regions[region]?.quota;
      return {
        region,
        // One task a VM, so the tasks that have one are the VMs that Batch lets us see.
        vms: count('assigned') + count('running'),
        gpuQuota: quota?.[gpuQuotaOf(shard?.provisioning ?? 'spot')] ?? null,
        running: count('running'),
        pending: count('pending'),
        preemptions: sumOf(jobs, 'preemptions'),
        usdPerVmHour: shard === undefined ? null : usdPerVmHour(this.plan, shard),
      };
    });
  }

  /** The plan's assumption for the buckets that its tasks write to; null where it assumes no limit. */
  #writeLimit(): number | null {
    const limit = this.plan.scenario.resolved.bucket.writesPerSecond;
    const regions = new Set(this.plan.shards.map((shard) => shard.region)).size;
    return limit === null ? null : limit * (this.plan.buckets === 'one' ? 1 : regions);
  }
}

/** Batch's own sentence about the job's last change; events do not come in the order of time. */
function lastEvent({ events }: PortJob): string | undefined {
  return events.toSorted((a, b) => a.time - b.time).at(-1)?.description;
}

function rangeOf(summary: Range | undefined): Range | null {
  return summary === undefined ? null : { p10: summary.p10, p50: summary.p50, p90: summary.p90 };
}

/** Null while a job has tasks that started and was never swept. */
function sumOf(jobs: readonly RunJob[], key: 'attempts' | 'preemptions'): number | null {
  let sum = 0;
  for (const { account, counts } of jobs) {
    if (account === null && counts.pending < counts.total) return null;
    sum += account?.[key] ?? 0;
  }
  return sum;
}
