import type { Plan, Shard } from './plan.js';
import type { JobProgress, Progress } from './progress.js';
import { rangesOf, type TaskRange, tasksOf } from './taskRanges.js';
import { commonTasks, joinTasks, withoutTasks } from './taskSets.js';

/** What is left to do of a shard: what was never sent, and what was sent and has no result. */

export function jobsOfShard(progress: Progress, shard: Pick<Shard, 'id'>): JobProgress[] {
  return progress.jobs.filter((job) => job.shardId === shard.id);
}

/** The tasks of the shard that are wanted and have no result. */
export function missingOf(progress: Progress, shard: Shard): TaskRange[] {
  const all = [{ first: shard.firstTask, count: shard.taskCount }];
  return withoutTasks(all, joinTasks(progress.complete, progress.dropped));
}

/** Of these, the ones that no job of the shard has had. */
export function unsentOf(progress: Progress, shard: Shard): TaskRange[] {
  const missing = missingOf(progress, shard);
  return missing.length === 0 ? missing : withoutTasks(missing, sentOf(progress, shard));
}

function sentOf(progress: Progress, shard: Shard): TaskRange[] {
  return joinTasks(...jobsOfShard(progress, shard).map(({ tasks }) => tasks));
}

/** Tasks of the shard that have run, have no result, and are to run again. None while a job of it goes on. */
export function tasksToRepeat(plan: Plan, progress: Progress, shard: Shard): TaskRange[] {
  const jobs = jobsOfShard(progress, shard);
  const last = jobs.at(-1);
  if (last === undefined || !jobs.every((job) => job.isSettled)) return [];
  const left = withoutTasks(missingOf(progress, shard), progress.stuck);
  const missing = left.length === 0 ? left : commonTasks(left, sentOf(progress, shard));
  if (missing.length === 0) return [];
  const position = progress.jobs.indexOf(last);
  const asked = progress.reopened.filter(({ afterJobs }) => afterJobs > position);
  if (asked.some(({ tasks }) => tasks === null)) return missing;
  const wanted = commonTasks(missing, joinTasks(...asked.map(({ tasks }) => tasks ?? [])));
  return wanted.length > 0 ? wanted : notGivenUp(plan, progress, jobs, missing);
}

/** Those with rounds left, and those that the run itself has cancelled for the sake of others. */
function notGivenUp(
  { remainder: { policy, maxRounds } }: Plan,
  progress: Progress,
  jobs: readonly JobProgress[],
  missing: readonly TaskRange[],
): TaskRange[] {
  const askedAfter = lastAsked(progress);
  const rounds = new Map<number, number>();
  const putBack = new Set<number>();
  for (const job of jobs) {
    const position = progress.jobs.indexOf(job);
    const isCancelled = job.state === 'CANCELLED';
    for (const task of tasksOf(commonTasks(missing, job.tasks))) {
      if (isCancelled) putBack.add(task);
      else putBack.delete(task);
      if (!isCancelled && position >= askedAfter(task)) rounds.set(task, (rounds.get(task) ?? 0) + 1);
    }
  }
  const isLeft = policy === 'leave';
  const again = [...tasksOf(missing)].filter(
    (task) => putBack.has(task) || (!isLeft && (rounds.get(task) ?? 0) <= maxRounds),
  );
  return rangesOf(again);
}

/** How many jobs there were when the user asked for the task last; 0: never. */
function lastAsked({ reopened }: Progress): (task: number) => number {
  return (task) =>
    reopened.reduce((after, { afterJobs, tasks }) => {
      const isMeant = tasks?.some(({ first, count }) => task >= first && task < first + count) ?? true;
      return isMeant ? Math.max(after, afterJobs) : after;
    }, 0);
}
