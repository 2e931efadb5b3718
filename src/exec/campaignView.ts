import type { Plan } from '../plan/plan.js';
import type { JobProgress, Progress } from '../plan/progress.js';
import {
  isFinal,
  type JobState,
  type Range,
  type RegionSnapshot,
  type RunState,
  type Snapshot,
  type TaskCounts,
} from '../plan/snapshot.js';
import { storageCost } from '../plan/storageCost.js';
import { countTasks, rangesOf, type TaskRange, tasksOf } from '../plan/taskRanges.js';
import type { JobAccount } from './attempts.js';
import type { JobFinal, JobIntended, LedgerLine, LedgerState } from './ledger.js';
import type { PortJob } from './port.js';
import { estimateStorageUse } from './storageUse.js';
import { usdPerVmHour } from './vmPrice.js';

/** What is known of one job of the run. Times are campaign seconds since the Unix epoch. */
export interface RunJob {
  readonly intended: JobIntended;
  /** Null until Batch has said that the job exists. */
  createTime: number | null;
  state: JobState;
  counts: TaskCounts;
  /** From the last full sweep, or from the ledger once final; null before any. */
  account: Omit<JobAccount, 'succeeded'> | null;
  /** VM seconds up to `spentAt`: swept, and counted on from the number of busy VMs. */
  spentVmSeconds: number;
  spentAt: number | null;
  /** Known once the job is final and in the ledger. */
  unfinished: TaskRange[] | null;
}

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
  state: RunState;
  readonly #succeeded: Uint8Array;
  #messages: Snapshot['messages'] = [];

  constructor(plan: Plan, run: { runId: string; source: Snapshot['source'] }, ledger: LedgerState) {
    this.plan = plan;
    this.runId = run.runId;
    this.source = run.source;
    this.state = ledger.finished?.outcome ?? 'running';
    this.#succeeded = new Uint8Array(plan.campaign.tasks);
    for (const { intended, submitted, final } of ledger.jobs) {
      const job = this.intend(intended);
      job.createTime = submitted?.createTime ?? null;
      job.spentAt = job.createTime;
      if (final !== null) this.#recall(job, final);
    }
  }

  intend(intended: JobIntended): RunJob {
    const total = countTasks(intended.tasks);
    const job: RunJob = {
      intended,
      createTime: null,
      state: 'QUEUED',
      counts: { total, pending: total, assigned: 0, running: 0, succeeded: 0, failed: 0 },
      account: null,
      spentVmSeconds: 0,
      spentAt: null,
      unfinished: null,
    };
    this.jobs.push(job);
    return job;
  }

  /** The answer of CreateJob or GetJob at campaign time `now`. */
  saw(job: RunJob, answer: PortJob, now: number): void {
    job.createTime ??= answer.createTime;
    const reason = answer.state === 'FAILED' && job.state !== 'FAILED' ? lastEvent(answer) : undefined;
    if (reason !== undefined) this.note(now, `${job.intended.jobId}: ${reason}`);
    const busy = job.counts.assigned + job.counts.running;
    job.spentVmSeconds += busy * Math.max(0, now - (job.spentAt ?? now));
    job.spentAt = now;
    job.state = answer.state;
    job.counts = answer.counts;
  }

  /** The sums of a full ListTasks sweep that was made at `now`. */
  swept(job: RunJob, account: JobAccount, now: number): void {
    const { succeeded, ...sums } = account;
    const tasks = [...tasksOf(job.intended.tasks)];
    for (const index of succeeded) {
      const task = tasks[index];
      if (task !== undefined) this.#succeeded[task] = 1;
    }
    job.account = sums;
    job.spentVmSeconds = sums.vmSeconds;
    job.spentAt = now;
  }

  /** The ledger line that closes a job which Batch calls final and whose tasks have just been swept. */
  close(job: RunJob, at: number): LedgerLine {
    const { state, account } = job;
    if (state !== 'SUCCEEDED' && state !== 'FAILED' && state !== 'CANCELLED') {
      throw new Error(`job ${job.intended.jobId} is ${state}, not final`);
    }
    if (account === null) throw new Error(`job ${job.intended.jobId} was not swept`);
    const missing = [...tasksOf(job.intended.tasks)].filter((task) => this.#succeeded[task] !== 1);
    const unfinished = rangesOf(missing);
    const { failed, attempts, preemptions, vms, vmSeconds, endTime, times } = account;
    const succeeded = job.counts.total - missing.length;
    const sums = { succeeded, failed, attempts, preemptions, vms, vmSeconds, endTime, times };
    this.#settle(job, unfinished, succeeded, failed);
    return { kind: 'job-final', at, jobId: job.intended.jobId, state, unfinished, ...sums };
  }

  /** For what the jobs' states and counts do not show by themselves. */
  note(now: number, text: string): void {
    this.#messages = [...this.#messages, { elapsedSeconds: this.#elapsed(now), text }].slice(-MESSAGES);
  }

  progress(now: number): Progress {
    return {
      runId: this.runId,
      elapsedSeconds: this.#elapsed(now),
      jobs: this.jobs.map(jobProgress),
      // Somebody cancelled a job at Batch: going on with further jobs would be against their will.
      cancelled: this.jobs.some(
        (job) => job.state === 'CANCELLED' || job.state === 'CANCELLATION_IN_PROGRESS',
      ),
    };
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
      molecules: { total: plan.campaign.molecules, complete: this.#moleculesComplete() },
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
      cost: { spentUsd: this.#spentUsd(now), budgetUsd: plan.guard.budgetUsd },
      forecast: { makespanHours: rangeOf(forecast?.makespanHours), costUsd: rangeOf(forecast?.costUsd) },
      messages: this.#messages,
    };
  }

  #recall(job: RunJob, final: JobFinal): void {
    const { attempts, preemptions, vms, vmSeconds, endTime, failed, times } = final;
    job.state = final.state;
    job.account = { attempts, preemptions, vms, vmSeconds, endTime, failed, times };
    job.spentVmSeconds = vmSeconds;
    const unfinished = new Set(tasksOf(final.unfinished));
    for (const task of tasksOf(job.intended.tasks)) if (!unfinished.has(task)) this.#succeeded[task] = 1;
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

  /** A task that a later round runs again counts there, no longer as failed or pending in the earlier job. */
  #taskCounts(): TaskCounts {
    const total = this.plan.campaign.tasks;
    const counts = { assigned: 0, running: 0, succeeded: 0, failed: 0 };
    for (const job of this.jobs) {
      counts.assigned += job.counts.assigned;
      counts.running += job.counts.running;
      counts.succeeded += job.counts.succeeded;
      if (!this.#takenOver(job)) counts.failed += job.counts.failed;
    }
    const pending = total - counts.assigned - counts.running - counts.succeeded - counts.failed;
    return { total, pending: Math.max(0, pending), ...counts };
  }

  #takenOver(job: RunJob): boolean {
    const { shard, round } = job.intended;
    return this.jobs.some(({ intended }) => intended.shard.id === shard.id && intended.round > round);
  }

  /** As of the last sweeps; null while there are successes that no sweep has told apart. */
  #moleculesComplete(): number | null {
    if (this.jobs.some((job) => job.counts.succeeded > 0 && job.account === null)) return null;
    const { molecules, windows } = this.plan.campaign;
    let complete = 0;
    for (let molecule = 0; molecule < molecules; molecule += 1) {
      const first = molecule * windows;
      if (this.#succeeded.subarray(first, first + windows).every((done) => done === 1)) complete += 1;
    }
    return complete;
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
        gpuQuota: (shard?.provisioning === 'onDemand' ? quota?.onDemandGpus : quota?.spotGpus) ?? null,
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

  /** VMs as their tasks' events tell, storage estimated from the time in which tasks ran. */
  #spentUsd(now: number): number {
    const ends = this.jobs.flatMap((job) => job.account?.endTime ?? []);
    const end = this.state !== 'running' && ends.length > 0 ? Math.max(...ends) : now;
    let usd = 0;
    for (const job of this.jobs) {
      const busy = job.counts.assigned + job.counts.running;
      const since = busy * Math.max(0, now - (job.spentAt ?? now));
      usd += ((job.spentVmSeconds + since) / 3600) * usdPerVmHour(this.plan, job.intended.shard);
      if (job.account) {
        const { times, attempts } = job.account;
        const { region } = job.intended.shard;
        const use = estimateStorageUse(this.plan, { region, times, attempts }, end);
        const parts = storageCost(this.plan.scenario.resolved.prices, use);
        usd += Object.values(parts).reduce((sum, part) => sum + part, 0);
      }
    }
    return usd;
  }
}

function jobProgress(job: RunJob): JobProgress {
  const { jobId, shard, round } = job.intended;
  // Final is what the ledger holds as final: before that the missing tasks are not known.
  const state = isFinal(job.state) && job.unfinished === null ? 'RUNNING' : job.state;
  return {
    jobId,
    shardId: shard.id,
    region: shard.region,
    round,
    state,
    counts: job.counts,
    unfinished: job.unfinished,
  };
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
