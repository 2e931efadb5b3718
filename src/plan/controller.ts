import type { Action } from './actions.js';
import { jobIdOf } from './job.js';
import type { Plan, Shard } from './plan.js';
import type { JobProgress, Progress } from './progress.js';
import { isFinal } from './snapshot.js';
import { countTasks, type TaskRange } from './taskRanges.js';

/**
 * How often the controller looks, in campaign seconds: `exec` polls so, and simulate's driver acts on the same
 * grid, so that both react equally late.
 */
export const CONTROLLER_PERIOD_SECONDS = 60;

/**
 * What to do next: which jobs to submit now (the first wave, a wave whose turn has come, the remainder of a job
 * that ended short), or that the run is over. Pure and repeatable: it names only jobs that `progress` does not
 * know yet, so calling it again after the actions were done gives nothing new.
 */
export function nextActions(plan: Plan, progress: Progress): Action[] {
  const actions: Action[] = [];
  if (!progress.cancelled) {
    for (const region of new Set(plan.shards.map((shard) => shard.region))) {
      actions.push(...nextWave(plan, progress, region));
    }
    for (const shard of plan.shards) actions.push(...remainderOf(plan, progress, actions, shard));
  }
  if (actions.length > 0) return actions;
  if (!progress.jobs.every((job) => isFinal(job.state))) return [];
  if (progress.cancelled) return [{ kind: 'finish', outcome: 'cancelled' }];
  // A final job whose missing tasks are not known yet: the caller must look before anyone can decide.
  if (progress.jobs.some((job) => job.unfinished === null)) return [];
  const complete = plan.shards.every((shard) => lastRound(progress, shard)?.unfinished?.length === 0);
  return [{ kind: 'finish', outcome: complete ? 'succeeded' : 'failed' }];
}

/** The first wave of the region that is not fully submitted, if its turn has come. */
function nextWave(plan: Plan, progress: Progress, region: string): Action[] {
  const shards = plan.shards.filter((shard) => shard.region === region);
  const submitted = (shard: Shard) =>
    progress.jobs.some((job) => job.shardId === shard.id && job.round === 0);
  const missing = shards.filter((shard) => !submitted(shard));
  const wave = Math.min(...missing.map((shard) => shard.wave));
  const earlier = new Set(shards.filter((shard) => shard.wave < wave).map((shard) => shard.id));
  const jobs = progress.jobs.filter((job) => earlier.has(job.shardId));
  const done = plan.waveStart === 'finished' ? finished : drained;
  if (!jobs.every(done)) return [];
  return missing
    .filter((shard) => shard.wave === wave)
    .map((shard) => submit(progress, shard, 0, [{ first: shard.firstTask, count: shard.taskCount }]));
}

function finished(job: JobProgress): boolean {
  return isFinal(job.state);
}

/** Every task has a VM or is over: the quota that the job used begins to come free. */
function drained(job: JobProgress): boolean {
  return isFinal(job.state) || job.counts.pending === 0;
}

/** A new job for the tasks that the shard's last job left without success, as the plan's policy says. */
function remainderOf(plan: Plan, progress: Progress, sofar: readonly Action[], shard: Shard): Action[] {
  const last = lastRound(progress, shard);
  const { policy, maxRounds } = plan.remainder;
  if (!last || policy === 'leave' || last.round >= maxRounds) return [];
  // A cancelled job was somebody's decision: it is not put back.
  if (last.state !== 'FAILED' || !last.unfinished || last.unfinished.length === 0) return [];
  const moved: Shard =
    policy === 'onDemand'
      ? { ...shard, provisioning: 'onDemand' }
      : policy === 'anyRegion'
        ? { ...shard, region: leastBusyRegion(plan, progress, sofar, shard) }
        : shard;
  return [submit(progress, moved, last.round + 1, last.unfinished)];
}

function lastRound(progress: Progress, shard: Shard): JobProgress | undefined {
  let last: JobProgress | undefined;
  for (const job of progress.jobs) {
    if (job.shardId === shard.id && (!last || job.round > last.round)) last = job;
  }
  return last;
}

/**
 * The region of the plan with the fewest unfinished tasks for its parallelism, those that are about to be submitted
 * included; the first where they tie. A region without quota for the shard's VMs is none.
 */
function leastBusyRegion(plan: Plan, progress: Progress, sofar: readonly Action[], shard: Shard): string {
  const capacity = new Map<string, number>();
  for (const { region, parallelism } of plan.shards) {
    const quota = plan.scenario.resolved.regions[region]?.quota;
    const gpus = shard.provisioning === 'spot' ? quota?.spotGpus : quota?.onDemandGpus;
    if ((gpus ?? 0) > 0) capacity.set(region, Math.max(capacity.get(region) ?? 1, parallelism));
  }
  let best = shard.region;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (const [region, parallelism] of capacity) {
    let open = 0;
    for (const job of progress.jobs) {
      if (job.region !== region || isFinal(job.state)) continue;
      open += job.counts.pending + job.counts.assigned + job.counts.running;
    }
    for (const action of sofar) {
      if (action.kind === 'submit' && action.shard.region === region) open += countTasks(action.tasks);
    }
    if (open / parallelism < bestLoad) {
      best = region;
      bestLoad = open / parallelism;
    }
  }
  return best;
}

function submit(progress: Progress, shard: Shard, round: number, tasks: TaskRange[]): Action {
  return { kind: 'submit', jobId: jobIdOf(progress.runId, shard.id, round), shard, round, tasks };
}
