import { RUN_LABEL } from '../plan/job.js';
import { isFinal } from '../plan/snapshot.js';
import { countTasks } from '../plan/taskRanges.js';
import { commonTasks, withoutTasks } from '../plan/taskSets.js';
import type { Acting } from './acting.js';
import { requestIdOf } from './ids.js';
import { PortError, type PortJob } from './port.js';
import { isOpen, type RunJob } from './runJob.js';
import { droppedTasks, wantsCancel } from './wishes.js';

/**
 * Cancels the jobs that the user does not want any more: all of them, or those that hold tasks of molecules that are
 * given up. Batch cancels whole jobs only: what else such a job holds is submitted again, and goes on from its
 * checkpoints. Safe to repeat.
 */
export async function cancelUnwanted(acting: Acting, now: number): Promise<void> {
  const { view } = acting;
  const all = wantsCancel(view.wishes);
  const dropped = withoutTasks(droppedTasks(view.wishes), view.complete());
  for (const job of view.jobs.filter(isOpen)) {
    if (isFinal(job.state) || job.state === 'CANCELLATION_IN_PROGRESS') continue;
    const unwanted = commonTasks(job.intended.tasks, dropped);
    if (all) await cancelJob(acting, job, 'the run is cancelled', now);
    else if (unwanted.length > 0) {
      await cancelJob(acting, job, `${countTasks(unwanted)} of its tasks are not wanted any more`, now);
    }
  }
}

/**
 * Closes jobs that were announced and that Batch refused: of a run that is cancelled nothing is tried again. One that
 * is there after all is taken up, and then cancelled as the others are.
 */
export async function settleUncreated(acting: Acting, now: number): Promise<void> {
  const { view, cloud, record } = acting;
  for (const job of view.jobs.filter(
    ({ createTime, unfinished }) => createTime === null && unfinished === null,
  )) {
    const { shard, jobId } = job.intended;
    try {
      view.saw(job, await cloud.batch.getJob(shard.region, jobId), now);
      const createTime = job.createTime ?? now;
      await record.ledger.append({ kind: 'job-submitted', at: now, jobId, createTime, adopted: true });
    } catch (error) {
      if (!(error instanceof PortError && error.kind === 'NOT_FOUND')) throw error;
      await record.ledger.append(view.closeUncreated(job, now));
    }
  }
}

/** Cancels one job of the run, and writes down first that it is the run's own will. */
export async function cancelJob(acting: Acting, job: RunJob, why: string, now: number): Promise<void> {
  const { record, cloud, view } = acting;
  const { jobId, shard } = job.intended;
  const requestId = requestIdOf(record.runId, jobId, 'cancel');
  if (!job.isCancelling) {
    // Without this line a later process would take it for a stranger's decision against the whole run.
    const idle = job.idleSince === null ? {} : { idleSince: job.idleSince };
    await record.ledger.append({ kind: 'job-cancelling', at: now, jobId, requestId, why, ...idle });
    job.isCancelling = true;
    view.note(now, `${jobId}: is cancelled, for ${why}`);
  }
  await record.lease.keep();
  await tryCancel(acting, { region: shard.region, jobId, requestId }, now);
  view.saw(job, await cloud.batch.getJob(shard.region, jobId), now);
}

/** A job that is ending by itself refuses to be cancelled: the next look shows how it ends. */
async function tryCancel(
  { cloud, view }: Acting,
  { region, jobId, requestId }: { region: string; jobId: string; requestId: string },
  now: number,
): Promise<void> {
  try {
    await cloud.batch.cancelJob(region, jobId, requestId);
  } catch (error) {
    const isOver =
      error instanceof PortError &&
      ['PRECONDITION', 'NOT_FOUND', 'INVALID_ARGUMENT', 'OTHER'].includes(error.kind);
    if (!isOver) throw error;
    view.note(now, `${jobId}: ${error.message}`);
  }
}

/**
 * Jobs with the label of the run that are not final, in all regions that it may have used; cancels those it finds.
 * None: nothing of the run can bill any more.
 */
export async function cancelLeftovers(acting: Acting, now: number): Promise<string[]> {
  const { record, view, cloud } = acting;
  const regions = new Set([
    ...record.plan.shards.map(({ region }) => region),
    ...view.jobs.map(({ intended }) => intended.shard.region),
  ]);
  const left: string[] = [];
  for (const region of regions) {
    for (const job of await jobsOfRun(acting, region)) {
      if (isFinal(job.state)) continue;
      left.push(job.jobId);
      if (job.state === 'CANCELLATION_IN_PROGRESS') continue;
      await record.lease.keep();
      const requestId = requestIdOf(record.runId, job.jobId, 'cancel');
      await tryCancel({ ...acting, cloud }, { region, jobId: job.jobId, requestId }, now);
    }
  }
  return left;
}

async function jobsOfRun({ cloud, record }: Acting, region: string): Promise<PortJob[]> {
  const jobs: PortJob[] = [];
  let token: string | null = null;
  do {
    const label = { key: RUN_LABEL, value: record.runId };
    const page: { jobs: PortJob[]; next: string | null } = await cloud.batch.listJobs(region, label, token);
    jobs.push(...page.jobs);
    token = page.next;
  } while (token !== null);
  return jobs;
}
