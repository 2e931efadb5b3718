import type { Action } from '../plan/actions.js';
import { buildJob, specHash } from '../plan/job.js';
import { countTasks, formatRanges } from '../plan/taskRanges.js';
import { commonTasks, joinTasks } from '../plan/taskSets.js';
import { InputError } from '../scenario/errors.js';
import type { Acting } from './acting.js';
import { requestIdOf } from './ids.js';
import { writeJobIndex } from './jobIndex.js';
import { PortError } from './port.js';
import { isRetryable } from './retry.js';
import { isOpen, type RunJob } from './runJob.js';
import { createOrAdopt } from './submit.js';

export type Submit = Extract<Action, { kind: 'submit' }>;

/** Announces the jobs in the ledger, all at once: from here on they may exist. */
export async function intendJobs(acting: Acting, actions: readonly Submit[], at: number): Promise<RunJob[]> {
  const { record, project, view } = acting;
  const { runId, plan } = record;
  const intended = actions.map((action) => {
    const { jobId, shard, round, tasks } = action;
    const hash = specHash(buildJob(plan, action, { runId, project }));
    const requestId = requestIdOf(runId, jobId, 'create');
    return { kind: 'job-intended' as const, at, jobId, requestId, specHash: hash, shard, round, tasks };
  });
  if (intended.length === 0) return [];
  await record.ledger.append(...intended.map((line) => ({ ...line, tasks: formatRanges(line.tasks) })));
  return intended.map((line) => view.intend(line));
}

/** The jobs of a wave start as nearly at one time as the network allows; all answers are awaited. */
export async function submitTogether(acting: Acting, jobs: readonly RunJob[], now: number): Promise<void> {
  const answers = await Promise.allSettled(jobs.map((job) => submit(acting, job, now)));
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  // A refusal weighs more than an answer that may still come.
  const worst = failures.find((error) => !isRetryable(error)) ?? failures[0];
  if (worst !== undefined) throw refused(acting, worst);
}

async function submit(acting: Acting, job: RunJob, now: number): Promise<void> {
  const { record, project, cloud, view, inputOf } = acting;
  const { runId, plan } = record;
  const { jobId, requestId, shard } = job.intended;
  const built = buildJob(plan, job.intended, { runId, project });
  if (specHash(built) !== job.intended.specHash) {
    throw new InputError(
      `run ${runId}: job ${jobId} was announced by another version of fepcast; go on with that version or choose another --run-id`,
    );
  }
  await writeJobIndex(cloud.storage, plan, job.intended, { runId, inputOf });
  await record.lease.keep();
  const answer = await createOrAdopt(cloud.batch, { region: shard.region, jobId, requestId, job: built });
  const { createTime } = answer.job;
  await record.ledger.append({ kind: 'job-submitted', at: now, jobId, createTime, adopted: answer.adopted });
  view.saw(job, answer.job, now);
  const { round, tasks } = job.intended;
  if (answer.adopted) view.note(now, `${jobId}: had been submitted before, going on with it`);
  else if (round > 0) {
    const others = view.jobs.filter((other) => other !== job && other.intended.shard.id === shard.id);
    const before = joinTasks(...others.map(({ intended }) => intended.tasks));
    const isAgain = countTasks(commonTasks(tasks, before)) > 0;
    view.note(
      now,
      `${jobId}: runs ${countTasks(tasks)} ${isAgain ? 'unfinished tasks again' : 'more tasks'}`,
    );
  }
}

/** A refusal says what it leaves behind. */
function refused({ view }: Acting, error: unknown): unknown {
  const submitted = view.jobs.filter(isOpen).length;
  if (!(error instanceof PortError) || isRetryable(error) || submitted === 0) return error;
  const left = submitted === 1 ? '1 submitted job goes on' : `${submitted} submitted jobs go on`;
  return new PortError(error.kind, `${error.message}; ${left}`);
}
