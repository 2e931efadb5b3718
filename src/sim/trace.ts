import type { CostPart, Metric, Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import type { JobState } from '../plan/snapshot.js';
import type { Provisioning } from '../scenario/scenario.js';
import { Campaign } from './campaign.js';
import { guessesOf } from './guesses.js';
import { keyOf, planOfReplication } from './replicate.js';
import { HORIZON_SECONDS } from './world/outcome.js';
import type { BindingQuota, BucketUse, TaskState, WaitCause, WorldObserver } from './world/view.js';
import type { World } from './world/world.js';

/** Grows when a field changes its meaning; fields that are added leave it as it is. */
export const TRACE_VERSION = 1;

/** What `playTraced` lets the caller breathe after: a whole number of the controller's periods. */
const STEP_SECONDS = 3600;

/** Where an event happened. `at`: seconds of campaign time, to the millisecond. */
interface InJob {
  at: number;
  /** Number of the job, in the order of submission. */
  job: number;
  region: string;
}

interface OfTask extends InJob {
  /** Batch's task index within the job, and the task of the campaign: molecule x windows + window. */
  index: number;
  task: number;
  /** Number of the VM, unique in the replication; null: none. */
  vm: number | null;
}

/** One line of the event log of a replication. Described in docs/trace.md. */
export type TraceEvent =
  | {
      type: 'replication';
      version: typeof TRACE_VERSION;
      scenario: { name: string; sha256: string };
      plan: string;
      seed: string;
      replication: number;
      /** The guesses as this replication took them. */
      guesses: Record<string, number[]>;
    }
  | (InJob & {
      type: 'submitted';
      jobId: string;
      provisioning: Provisioning;
      tasks: number;
      parallelism: number;
      maxRetryCount: number;
    })
  | (InJob & { type: 'job'; from: JobState; to: JobState; reason: string | null })
  | (OfTask & { type: 'task'; from: TaskState; to: TaskState; exitCode: number | null })
  | (InJob & { type: 'waits'; cause: WaitCause['cause']; quota: BindingQuota | null })
  | (OfTask & { type: BucketUse })
  | {
      type: 'outcome';
      at: number;
      metrics: Record<Metric, number>;
      costBreakdownUsd: Record<CostPart, number>;
    };

/**
 * Plays replication `r` of a forecast of the plan and hands over every event as it happens: the same campaign, event
 * by event, with the outcome that the forecast holds. Yields after each hour of the campaign.
 */
export function* playTraced(
  plan: Plan,
  { seed, r, uncertainty }: { seed: string; r: number; uncertainty: boolean },
  write: (event: TraceEvent) => void,
): Generator<undefined, Outcome> {
  const { name, sha256 } = plan.scenario;
  const played = planOfReplication(plan, seed, r, uncertainty);
  write({
    type: 'replication',
    version: TRACE_VERSION,
    scenario: { name, sha256 },
    plan: plan.id,
    seed,
    replication: r,
    guesses: Object.fromEntries(
      guessesOf(played.scenario.resolved).map(({ path, values }) => [path, values]),
    ),
  });
  const log = new EventLog(write);
  const campaign = new Campaign(played, keyOf(seed, r), { observer: log });
  log.follow(campaign.world);
  for (let t = STEP_SECONDS; !campaign.finished && t <= HORIZON_SECONDS; t += STEP_SECONDS) {
    campaign.advance(t);
    yield;
  }
  log.close();
  const outcome = campaign.world.outcome();
  const { metrics, costBreakdownUsd } = outcome;
  write({ type: 'outcome', at: milliseconds(campaign.world.now), metrics, costBreakdownUsd });
  return outcome;
}

/** Turns what a World tells its observer into events that stand for themselves. */
class EventLog implements WorldObserver {
  private readonly write: (event: TraceEvent) => void;
  private world: World | null = null;
  private submitted = 0;

  constructor(write: (event: TraceEvent) => void) {
    this.write = write;
  }

  follow(world: World): void {
    this.world = world;
  }

  /** Jobs that were submitted and of which nothing was heard. */
  close(): void {
    this.tellSubmitted();
  }

  jobChanged(job: number, from: JobState, to: JobState, at: number, reason: string): void {
    this.write({ type: 'job', ...this.inJob(job, at), from, to, reason: reason === '' ? null : reason });
  }

  taskChanged(
    job: number,
    index: number,
    from: TaskState,
    to: TaskState,
    at: number,
    vm: number,
    exitCode: number | null,
  ): void {
    this.write({ type: 'task', ...this.ofTask(job, index, at, vm), from, to, exitCode });
  }

  jobWaits(job: number, why: WaitCause, at: number): void {
    const quota = why.cause === 'quota' ? why.quota : null;
    this.write({ type: 'waits', ...this.inJob(job, at), cause: why.cause, quota });
  }

  bucketUsed(use: BucketUse, job: number, index: number, at: number, vm: number): void {
    this.write({ type: use, ...this.ofTask(job, index, at, vm) });
  }

  private ofTask(job: number, index: number, at: number, vm: number): OfTask {
    const place = this.inJob(job, at);
    return { ...place, index, task: this.watched.jobs[job]!.campaignTask(index), vm: vm < 0 ? null : vm };
  }

  private inJob(job: number, at: number): InJob {
    this.tellSubmitted();
    return { at: milliseconds(at), job, region: this.watched.jobs[job]!.spec.region };
  }

  /** A World does not tell of a submission, which is its client's own doing; every later event comes after it. */
  private tellSubmitted(): void {
    const { jobs } = this.watched;
    for (; this.submitted < jobs.length; this.submitted += 1) {
      const { number, spec, submittedAt } = jobs[this.submitted]!;
      const { jobId, region, provisioning, taskCount, parallelism, maxRetryCount } = spec;
      const at = milliseconds(submittedAt);
      this.write({
        type: 'submitted',
        at,
        job: number,
        region,
        jobId,
        provisioning,
        tasks: taskCount,
        parallelism,
        maxRetryCount,
      });
    }
  }

  private get watched(): World {
    if (!this.world) throw new Error('an event before the first advance');
    return this.world;
  }
}

function milliseconds(t: number): number {
  return Math.round(t * 1000) / 1000;
}
