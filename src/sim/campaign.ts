import type { Action, Halt } from '../plan/actions.js';
import { CONTROLLER_PERIOD_SECONDS, mustLookAt, nextActions } from '../plan/controller.js';
import type { Outcome } from '../plan/forecast.js';
import { isGuarded } from '../plan/guard.js';
import { buildJob } from '../plan/job.js';
import type { Plan, Shard } from '../plan/plan.js';
import type { JobProgress, Progress } from '../plan/progress.js';
import { readJobSpec } from '../plan/readJob.js';
import { rangesOf, type TaskRange } from '../plan/taskRanges.js';
import { joinTasks } from '../plan/taskSets.js';
import type { QueueKind } from './eventQueue.js';
import { Task } from './world/jobTable.js';
import { HORIZON_SECONDS } from './world/outcome.js';
import { spentUsd } from './world/spending.js';
import type { WorldObserver } from './world/view.js';
import { World } from './world/world.js';

/** Run id and project of simulated jobs: nothing depends on them. */
const SIMULATED_RUN = { runId: 'sim', project: 'simulated' };

/** What the driver knows of a job that it submitted. */
interface Submitted {
  job: number;
  shard: Shard;
  round: number;
}

/**
 * A plan being carried out in a World by the same controller and the same job builder as in `exec`. The
 * controller looks on the grid of its period; between two looks nothing happens that it could react to.
 */
export class Campaign {
  readonly world: World;
  private readonly plan: Plan;
  private readonly submitted: Submitted[] = [];
  private over = false;
  /** When the controller looks next because something has changed; Infinity when nothing has. */
  private lookAt = Number.POSITIVE_INFINITY;
  /** When time or money alone may make the guard act: then it looks, too. */
  private guardAt = Number.POSITIVE_INFINITY;
  private readonly isGuarded: boolean;
  private readonly halts: Halt[] = [];

  constructor(
    plan: Plan,
    seed: string,
    options: { observer?: WorldObserver; fold?: boolean; queue?: QueueKind } = {},
  ) {
    this.plan = plan;
    this.isGuarded = isGuarded(plan);
    this.world = new World(plan.scenario.resolved, seed, options);
    this.act();
  }

  get finished(): boolean {
    return this.over;
  }

  /** Goes on until `until` (seconds), or less far when the campaign ends before. */
  advance(until: number): void {
    while (!this.over && this.world.now < until) {
      if (this.lookAt === Number.POSITIVE_INFINITY) {
        const changes = this.world.changes;
        const at = this.world.advanceToChange(Math.min(until, this.guardAt));
        if (this.world.changes !== changes) this.lookAt = onGrid(at);
        else if (this.guardAt <= until) this.lookAt = this.guardAt;
        else return;
      }
      this.world.advance(Math.min(this.lookAt, until));
      if (this.lookAt > until) return;
      this.lookAt = Number.POSITIVE_INFINITY;
      this.act();
    }
  }

  /** Runs the campaign to its end, or to the horizon. */
  finish(): Outcome {
    this.advance(HORIZON_SECONDS);
    return this.world.outcome();
  }

  private act(): void {
    let progress = this.progress();
    let actions = nextActions(this.plan, progress);
    while (actions.some(({ kind }) => kind === 'halt')) {
      for (const action of actions) if (action.kind === 'halt') this.halts.push(action.halt);
      progress = { ...progress, halts: this.halts };
      actions = nextActions(this.plan, progress);
    }
    for (const action of actions) this.carryOut(action);
    this.guardAt = this.afterNow(mustLookAt(this.plan, progress));
  }

  private carryOut(action: Action): void {
    const { world } = this;
    if (action.kind === 'finish') this.over = true;
    if (action.kind === 'submit') {
      const job = buildJob(this.plan, action, SIMULATED_RUN);
      const spec = readJobSpec(job, action.shard.region, action.jobId, this.plan.scenario.resolved);
      this.submitted.push({ job: world.submit(spec), shard: action.shard, round: action.round });
    }
    if (action.kind === 'cancel') {
      const job = this.submitted.find((one) => world.jobs[one.job]!.spec.jobId === action.jobId);
      if (job !== undefined) world.cancel(job.job);
      this.lookAt = this.afterNow(0);
    }
  }

  /** The first look at or after `at` that is still to come. */
  private afterNow(at: number): number {
    return Math.max(onGrid(at), onGrid(this.world.now + CONTROLLER_PERIOD_SECONDS / 2));
  }

  private progress(): Progress {
    const { world } = this;
    const complete: TaskRange[] = [];
    const jobs = this.submitted.map(({ job: number, shard, round }): JobProgress => {
      const job = world.jobs[number]!;
      const tasks = job.spec.tasks ?? [];
      if (job.isFinal) complete.push(...succeededOf(world, number));
      return {
        jobId: job.spec.jobId,
        shardId: shard.id,
        region: job.spec.region,
        shard,
        round,
        state: job.state,
        counts: job.taskCounts(),
        tasks,
        ageSeconds: world.now - job.submittedAt,
        idleSeconds: job.idleSince === null ? null : world.now - job.idleSince,
        attempts: null,
        isSettled: job.isFinal,
      };
    });
    return {
      runId: SIMULATED_RUN.runId,
      elapsedSeconds: world.now,
      jobs,
      cancelled: false,
      complete: joinTasks(complete),
      dropped: [],
      stuck: [],
      reopened: [],
      room: {},
      // Counting takes time, and nobody asks unless a guard can act.
      spentUsd: this.isGuarded ? spentUsd(world) : 0,
      budgetUsd: this.plan.guard.budgetUsd,
      deadlineWaived: false,
      halts: this.halts,
    };
  }
}

function onGrid(seconds: number): number {
  return Math.ceil(seconds / CONTROLLER_PERIOD_SECONDS) * CONTROLLER_PERIOD_SECONDS;
}

/** In simulation the result of a window is there when its task has succeeded. */
function succeededOf(world: World, number: number): readonly TaskRange[] {
  const job = world.jobs[number]!;
  if (job.spec.tasks !== null && (job.counts[Task.succeeded] as number) === job.spec.taskCount)
    return job.spec.tasks;
  const tasks: number[] = [];
  for (let index = 0; index < job.spec.taskCount; index += 1) {
    if (job.states[index] === Task.succeeded) tasks.push(job.campaignTask(index));
  }
  return rangesOf(tasks.sort((a, b) => a - b));
}
