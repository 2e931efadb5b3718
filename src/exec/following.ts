import { isFinal } from '../plan/snapshot.js';
import type { Acting } from './acting.js';
import { type JobAccount, JobAccounting } from './attempts.js';
import { weighAttempts } from './breakerEvidence.js';
import { PortError } from './port.js';
import { isOpen, type RunJob } from './runJob.js';
import { sweepTasks } from './sweep.js';

/**
 * Running tasks are looked at one by one no more often than this: in the first hour of a job, and while tasks of it
 * fail; else every half hour. A job that ends is always looked at.
 */
const CLOSE_SWEEP_SECONDS = 600;
const SWEEP_SECONDS = 1800;
const FIRST_HOUR_SECONDS = 3600;
const SWEEP_WALL_SECONDS = 3;
/** A listing may lag behind the counts of a job that has just ended, but not for ever. */
const MOST_LOOKS = 10;

/** Keeps the view of a run up to date with what Batch and the buckets tell, and closes jobs in the ledger. */
export class Following {
  readonly #acting: Acting;
  readonly #wall: () => number;
  /** Job id -> how often it was looked at since it ended. */
  readonly #looks = new Map<string, number>();
  /** Job id -> when its tasks were listed, in campaign seconds, and how many had failed then. */
  readonly #swept = new Map<string, { at: number; failed: number }>();
  /** No sweep before this, whatever the job. */
  #putOffAt = Number.NEGATIVE_INFINITY;
  #sweptWallAt = Number.NEGATIVE_INFINITY;

  constructor(acting: Acting, wall: () => number) {
    this.#acting = acting;
    this.#wall = wall;
  }

  /** The next sweep of running jobs is not due before its time from `now`. */
  putOff(now: number): void {
    this.#putOffAt = now + CLOSE_SWEEP_SECONDS;
    this.#sweptWallAt = this.#wall();
  }

  /** States and counts of all open jobs. */
  async poll(now: number): Promise<void> {
    const { view, cloud } = this.#acting;
    await Promise.all(
      view.jobs.filter(isOpen).map(async (job) => {
        const { shard, jobId } = job.intended;
        const answer = await unlessMissing(cloud.batch.getJob(shard.region, jobId));
        if (answer === null) view.missed(job, now);
        else view.saw(job, answer, now);
      }),
    );
  }

  /** Looks at the tasks of jobs that have ended, and now and then at those of all others. */
  async sweep(now: number): Promise<void> {
    const isFree = now >= this.#putOffAt && this.#wall() - this.#sweptWallAt >= SWEEP_WALL_SECONDS;
    for (const job of this.#acting.view.jobs.filter(isOpen)) {
      if (isFinal(job.state)) await this.#settle(job, now);
      else if (isFree && this.#isDue(job, now)) {
        this.#sweptWallAt = this.#wall();
        await this.#weigh(job, await this.#look(job, now), now);
      }
    }
  }

  #isDue({ intended, counts, createTime }: RunJob, now: number): boolean {
    if (counts.pending === counts.total) return false;
    const last = this.#swept.get(intended.jobId);
    if (last === undefined) return true;
    const isClose = now - (createTime ?? now) < FIRST_HOUR_SECONDS || counts.failed > last.failed;
    return now - last.at >= (isClose ? CLOSE_SWEEP_SECONDS : SWEEP_SECONDS);
  }

  /** What the breaker is to know of the job. */
  async #weigh(job: RunJob, account: JobAccount, now: number): Promise<void> {
    const { cloud, record, inputOf } = this.#acting;
    job.attempts = await weighAttempts(cloud.storage, record.plan, inputOf, { job, account, now });
  }

  /** The tasks that are over by the listing. */
  async #look(job: RunJob, now: number): Promise<JobAccount> {
    const { jobId, shard } = job.intended;
    const sweep = sweepTasks(this.#acting.cloud.batch, { region: shard.region, jobId }, now);
    const account = (await unlessMissing(sweep)) ?? new JobAccounting().total(now);
    this.#acting.view.swept(job, account, now);
    this.#swept.set(jobId, { at: now, failed: job.counts.failed });
    return account;
  }

  /** Closes a final job: what it achieved is what has a result. */
  async #settle(job: RunJob, now: number): Promise<void> {
    const { view, inventory, record } = this.#acting;
    const { jobId, tasks } = job.intended;
    const { succeeded, failed, untold } = await this.#look(job, now);
    const listed = succeeded.length + failed - untold;
    const over = job.counts.succeeded + job.counts.failed;
    const looks = (this.#looks.get(jobId) ?? 0) + 1;
    this.#looks.set(jobId, looks);
    if (listed < over && looks < MOST_LOOKS) {
      // Its attempts and errors would be counted short.
      view.note(now, `${jobId}: ListTasks shows ${listed} of ${over} ended tasks, looking again`);
      return;
    }
    view.found(await inventory.complete(tasks));
    await record.ledger.append(view.close(job, now));
  }
}

/** Null where Batch knows no such thing: tasks, and even jobs, may be invisible for minutes after their creation. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PortError && error.kind === 'NOT_FOUND') return null;
    throw error;
  }
}
