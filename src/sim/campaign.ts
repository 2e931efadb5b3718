import { CONTROLLER_PERIOD_SECONDS, nextActions } from '../plan/controller.js';
import type { Outcome } from '../plan/forecast.js';
import { buildJob } from '../plan/job.js';
import type { Plan } from '../plan/plan.js';
import type { JobProgress, Progress } from '../plan/progress.js';
import { readJobSpec } from '../plan/readJob.js';
import { rangesOf } from '../plan/taskRanges.js';
import type { QueueKind } from './eventQueue.js';
import { Task } from './world/jobTable.js';
import { HORIZON_SECONDS } from './world/outcome.js';
import type { WorldObserver } from './world/view.js';
import { World } from './world/world.js';

/** Run id and project of simulated jobs: nothing depends on them. */
const SIMULATED_RUN = { runId: 'sim', project: 'simulated' };

/** What the driver knows of a job that it submitted. */
interface Submitted {
  job: number;
  shardId: string;
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

  constructor(
    plan: Plan,
    seed: string,
    options: { observer?: WorldObserver; fold?: boolean; queue?: QueueKind } = {},
  ) {
    this.plan = plan;
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
        const at = this.world.advanceToChange(until);
        if (this.world.changes === changes) return;
        this.lookAt = Math.ceil(at / CONTROLLER_PERIOD_SECONDS) * CONTROLLER_PERIOD_SECONDS;
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
    for (const action of nextActions(this.plan, this.progress())) {
      if (action.kind === 'finish') {
        this.over = true;
        continue;
      }
      const job = buildJob(this.plan, action, SIMULATED_RUN);
      const spec = readJobSpec(job, action.shard.region, action.jobId, this.plan.scenario.resolved);
      this.submitted.push({ job: this.world.submit(spec), shardId: action.shard.id, round: action.round });
    }
  }

  private progress(): Progress {
    const { world } = this;
    return {
      runId: SIMULATED_RUN.runId,
      elapsedSeconds: world.now,
      cancelled: false,
      jobs: this.submitted.map(({ job: number, shardId, round }): JobProgress => {
        const job = world.jobs[number]!;
        return {
          jobId: job.spec.jobId,
          shardId,
          region: job.spec.region,
          round,
          state: job.state,
          counts: job.taskCounts(),
          unfinished: job.isFinal ? unfinishedOf(world, number) : null,
        };
      }),
    };
  }
}

function unfinishedOf(world: World, number: number) {
  const job = world.jobs[number]!;
  if ((job.counts[Task.succeeded] as number) === job.spec.taskCount) return [];
  const tasks: number[] = [];
  for (let index = 0; index < job.spec.taskCount; index += 1) {
    if (job.states[index] !== Task.succeeded) tasks.push(job.campaignTask(index));
  }
  return rangesOf(tasks.sort((a, b) => a - b));
}
