import type { Action } from './actions.js';
import { Allowance, cannotGoOn, dueCancels, dueHalts, guardActsAt, isGuarded } from './guard.js';
import { jobIdOf } from './job.js';
import type { Plan, Shard } from './plan.js';
import type { JobProgress, Progress } from './progress.js';
import { jobsOfShard, missingOf, tasksToRepeat, unsentOf } from './remainder.js';
import { isFinal } from './snapshot.js';
import { dueMoves, isFree, movesAt, usableRegions } from './starvation.js';
import { countTasks, type TaskRange } from './taskRanges.js';
import { firstTasks } from './taskSets.js';

/**
 * How often the controller looks, in campaign seconds: `exec` polls so, and simulate's driver acts on the same
 * grid, so that both react equally late.
 */
export const CONTROLLER_PERIOD_SECONDS = 60;

/**
 * What to do next: which jobs to submit now (the first wave, a wave whose turn has come, the remainder of a job
 * that ended short), what the guard stops or cancels, or that the run is over. A window is complete when its result is
 * there, so only what is missing is ever submitted. Pure and repeatable: it names only what `progress` does not know yet,
 * so calling it again after the actions were done gives nothing new.
 */
export function nextActions(plan: Plan, progress: Progress): Action[] {
  const isComplete = plan.shards.every((shard) => missingOf(progress, shard).length === 0);
  const halts = isComplete || progress.cancelled ? [] : dueHalts(plan, progress);
  if (halts.length > 0) return halts;
  const { actions, blocked } = submissions(plan, progress);
  actions.push(...dueCancels(progress), ...dueMoves(plan, progress));
  if (actions.length > 0) return actions;
  // A final job whose missing tasks are not known yet: the caller must look before anyone can decide.
  if (!progress.jobs.every((job) => job.isSettled)) return [];
  if (progress.cancelled) return [{ kind: 'finish', outcome: 'cancelled' }];
  if (isComplete) return [{ kind: 'finish', outcome: 'succeeded' }];
  if (blocked !== null) return [{ kind: 'halt', halt: cannotGoOn(plan, progress, blocked) }];
  if (plan.shards.some((shard) => isDue(plan, progress, shard))) return [];
  const isCancelled = progress.halts.some(({ cancel, job }) => cancel && job === null);
  return [{ kind: 'finish', outcome: isCancelled ? 'cancelled' : 'failed' }];
}

/**
 * When the controller must look again although no job changes, in campaign seconds since the first submission: when a
 * job has waited long enough for VMs; and in a guarded plan while work waits that the guard may be holding back,
 * always; else when time or money can make it act.
 * For whoever can look ahead (simulate): exec looks all the time.
 */
export function mustLookAt(plan: Plan, progress: Progress): number {
  const moves = movesAt(plan, progress);
  if (!isGuarded(plan)) return moves;
  if (plan.shards.some((shard) => isDue(plan, progress, shard))) return progress.elapsedSeconds;
  return Math.min(moves, guardActsAt(plan, progress));
}

/** What the guard kept from being submitted, if anything. */
type Blocked = 'budget' | 'exposure' | null;

function submissions(plan: Plan, progress: Progress): { actions: Action[]; blocked: Blocked } {
  const actions: Action[] = [];
  const moment: Moment = { plan, progress, actions, allowance: new Allowance(plan, progress), blocked: null };
  if (progress.cancelled || progress.halts.some(({ job }) => job === null)) return moment;
  for (const region of new Set(plan.shards.map((shard) => shard.region))) nextWave(moment, region);
  for (const shard of plan.shards) remainderOf(moment, shard);
  return moment;
}

/** What is being submitted at one moment, shard by shard. */
interface Moment {
  readonly plan: Plan;
  readonly progress: Progress;
  readonly actions: Action[];
  readonly allowance: Allowance;
  blocked: Blocked;
}

/** Work that waits for room in a region, and so keeps the run open. */
function isDue(plan: Plan, progress: Progress, shard: Shard): boolean {
  if (progress.halts.some(({ job }) => job === null) || isBroken(progress, shard)) return false;
  return unsentOf(progress, shard).length > 0 || tasksToRepeat(plan, progress, shard).length > 0;
}

/** The breaker has stopped a job of the shard, or what was to follow it in its region. */
function isBroken({ halts }: Progress, shard: Shard): boolean {
  return halts.some(({ job }) => job !== null && (job.region === shard.region || job.shardId === shard.id));
}

/** The first wave of the region that is not fully submitted, if its turn has come. */
function nextWave(moment: Moment, region: string): void {
  const { plan, progress } = moment;
  const shards = plan.shards.filter((shard) => shard.region === region && !isBroken(progress, shard));
  const missing = shards.filter((shard) => unsentOf(progress, shard).length > 0);
  const wave = Math.min(...missing.map((shard) => shard.wave));
  const earlier = new Set(shards.filter((shard) => shard.wave < wave).map((shard) => shard.id));
  const done = plan.waveStart === 'finished' ? finished : drained;
  if (!progress.jobs.filter((job) => earlier.has(job.shardId)).every(done)) return;
  for (const shard of missing.filter((one) => one.wave === wave)) {
    const before = jobsOfShard(progress, shard);
    // The rest of a shard that was cut follows as a wave would.
    if (!before.every(done)) continue;
    // The plan sized the jobs of its first wave to fit together.
    if ((wave > 0 || before.length > 0) && isQueueing(moment, region)) break;
    submit(moment, shard, unsentOf(progress, shard));
  }
}

function finished(job: JobProgress): boolean {
  return isFinal(job.state);
}

/** Every task has a VM or is over: the quota that the job used begins to come free. */
function drained(job: JobProgress): boolean {
  return isFinal(job.state) || job.counts.pending === 0;
}

/**
 * Whether a job waits, or is about to wait, in the region's queue. A second one behind it would only use up its two
 * days there, after which Batch fails a job. https://cloud.google.com/batch/docs/create-run-job#job-states
 */
function isQueueing({ progress, actions }: Moment, region: string): boolean {
  return (
    progress.jobs.some((job) => job.region === region && job.state === 'QUEUED') ||
    actions.some((action) => action.kind === 'submit' && action.shard.region === region)
  );
}

/** A new job for the tasks that the shard's jobs left without a result, as the plan's policy says. */
function remainderOf(moment: Moment, shard: Shard): void {
  const { plan, progress } = moment;
  if (isBroken(progress, shard)) return;
  const tasks = tasksToRepeat(plan, progress, shard);
  if (tasks.length === 0) return;
  const { policy } = plan.remainder;
  const moved: Shard =
    policy === 'onDemand'
      ? { ...shard, provisioning: 'onDemand' }
      : policy === 'anyRegion'
        ? { ...shard, region: leastBusyRegion(moment, shard) }
        : shard;
  if (!isQueueing(moment, moved.region)) submit(moment, moved, tasks);
}

/** Submits as much of the tasks as quota, budget and exposure leave; the rest follows later. */
function submit(moment: Moment, wanted: Shard, tasks: readonly TaskRange[]): void {
  const { progress, allowance, actions } = moment;
  const shard = fitted(progress, wanted);
  if (shard === null) return;
  const all = countTasks(tasks);
  const portion = allowance.portionOf(shard, all);
  if ('because' in portion) {
    moment.blocked ??= portion.because;
    return;
  }
  const sized = { ...shard, parallelism: portion.parallelism };
  allowance.take(sized, portion.tasks);
  const rounds = jobsOfShard(progress, shard).map((job) => job.round);
  const round = rounds.length === 0 ? 0 : Math.max(...rounds) + 1;
  const jobId = jobIdOf(progress.runId, shard.id, round);
  const part = portion.tasks === all ? [...tasks] : firstTasks(tasks, portion.tasks);
  actions.push({ kind: 'submit', jobId, shard: sized, round, tasks: part });
}

/**
 * The shard with no more VMs at once than the region's quota leaves: Batch checks the quota when it takes a job from
 * the queue. Null: there is no room at all now.
 */
function fitted({ room }: Progress, shard: Shard): Shard | null {
  const vms = room[shard.region];
  if (vms === undefined || vms >= shard.parallelism) return shard;
  return vms < 1 ? null : { ...shard, parallelism: Math.floor(vms) };
}

/**
 * The region of the plan with the fewest unfinished tasks for its parallelism, those that are about to be submitted
 * included; the first where they tie. A region without quota for the shard's VMs is none, nor one that the breaker has
 * stopped. Only where there is no other: one whose quota is known to be used up, or where no VMs come.
 */
function leastBusyRegion({ plan, progress, actions }: Moment, shard: Shard): string {
  const capacity = usableRegions(plan, progress, shard);
  let best = shard.region;
  let bestLoad = Number.POSITIVE_INFINITY;
  const someFree = [...capacity.keys()].some((region) => isFree(progress, region));
  for (const [region, parallelism] of capacity) {
    if (someFree && !isFree(progress, region)) continue;
    let open = 0;
    for (const job of progress.jobs) {
      if (job.region !== region || isFinal(job.state)) continue;
      open += job.counts.pending + job.counts.assigned + job.counts.running;
    }
    for (const action of actions) {
      if (action.kind === 'submit' && action.shard.region === region) open += countTasks(action.tasks);
    }
    if (open / parallelism < bestLoad) {
      best = region;
      bestLoad = open / parallelism;
    }
  }
  return best;
}
