import { createHash } from 'node:crypto';
import type { BatchJob } from '../../plan/batchJob.js';
import type { Clock } from '../../plan/clock.js';
import { homeOf, homeOfTask } from '../../plan/homes.js';
import { buildJob, RUN_LABEL, SPEC_LABEL, specHash } from '../../plan/job.js';
import type { Plan, Shard } from '../../plan/plan.js';
import { isFinal } from '../../plan/snapshot.js';
import { machineShape } from '../../scenario/machines.js';
import { requestIdOf } from '../ids.js';
import { type CloudPort, PortError, type PortJob } from '../port.js';
import { isPrecondition } from '../retryStorage.js';
import { createOrAdopt } from '../submit.js';
import { type BarWork, barIndex } from './barWork.js';

/**
 * Two vCPUs of the same processors that G2 machines have: an image that was built for those runs here too. Source:
 * https://cloud.google.com/compute/docs/cpu-platforms (Cascade Lake).
 */
const MACHINE = 'n2-standard-2';
/** Memory that is left to a task once the VM's own system has taken its part. */
const TASK_MEMORY_SHARE = 0.9;
const MOST_AT_ONCE = 50;
const RETRIES = 3;
/** A leg takes seconds; a slow image pull is part of the time. Batch ends an attempt that hangs after this. */
const LONGEST_SECONDS = 3600;
/** Campaign time. */
const LOOK_EVERY_SECONDS = 10;
/** Label with the run id: the job is none of those that the run's own label lists. */
const ANALYSIS_LABEL = 'fepcast-analysis';

export interface BarJobSetting {
  plan: Plan;
  runId: string;
  project: string;
  /** Every call of it is retried. */
  cloud: CloudPort;
  clock: Clock;
  signal?: AbortSignal | undefined;
  onJob?: ((job: { jobId: string; region: string; legs: number }) => void) | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Analyses legs by one small CPU job in each region, and returns when all of them have ended, well or not. */
export async function analyseThere(works: readonly BarWork[], setting: BarJobSetting): Promise<PortJob[]> {
  const regions = new Map<string, BarWork[]>();
  for (const work of works) {
    const { region } = shardOf(setting.plan, work);
    regions.set(region, [...(regions.get(region) ?? []), work]);
  }
  const jobs = await Promise.all([...regions].map(([region, of]) => begin(region, of, setting)));
  return followAll(jobs, works.length, setting);
}

function shardOf(plan: Plan, { leg }: BarWork): Shard {
  const task = leg.windows[0]?.task ?? -1;
  const shard = plan.shards.find(
    ({ firstTask, taskCount }) => task >= firstTask && task < firstTask + taskCount,
  );
  if (shard === undefined) throw new Error(`task ${task} is in no shard of the plan`);
  return shard;
}

/** The same work by the same settings is the same job, however often it is asked for; one that failed gets a successor. */
async function begin(region: string, works: readonly BarWork[], setting: BarJobSetting): Promise<PortJob> {
  const { cloud, runId, onJob } = setting;
  const sums = createHash('sha256').update(works.map(({ digest }) => digest).join(' '));
  const name = `${runId}-bar-${sums.digest('hex').slice(0, 8)}`;
  for (let round = 0; ; round += 1) {
    const jobId = `${name}-${round}`;
    const known = await jobOf(cloud, region, jobId);
    if (known !== null && isFinal(known.state)) continue;
    onJob?.({ jobId, region, legs: works.length });
    if (known !== null) return known;
    const job = await prepare(region, works, jobId, setting);
    const requestId = requestIdOf(runId, jobId, 'create');
    return (await createOrAdopt(cloud.batch, { region, jobId, requestId, job })).job;
  }
}

async function jobOf({ batch }: CloudPort, region: string, jobId: string): Promise<PortJob | null> {
  try {
    return await batch.getJob(region, jobId);
  } catch (error) {
    if (error instanceof PortError && error.kind === 'NOT_FOUND') return null;
    throw error;
  }
}

/** Writes the job's index and builds the job. */
async function prepare(
  region: string,
  works: readonly BarWork[],
  jobId: string,
  { plan, runId, project, cloud }: BarJobSetting,
): Promise<BatchJob> {
  const { text, blockBytes } = barIndex(works);
  const task = works[0]?.leg.windows[0]?.task;
  const { resultsBucket } = task === undefined ? homeOf(plan, region) : homeOfTask(plan, task);
  const index = { bucket: resultsBucket, name: `runs/${runId}/jobs/${jobId}/index` };
  try {
    await cloud.storage.write({
      ...index,
      ifGenerationMatch: '0',
      source: { bytes: Buffer.from(text) },
      contentType: 'text/plain',
    });
  } catch (error) {
    // The id stands for the content: what is there is the same.
    if (!isPrecondition(error)) throw error;
  }
  const shard = plan.shards.find((one) => one.region === region);
  if (shard === undefined) throw new Error(`the plan has no shard in ${region}`);
  const indexUri = `gs://${index.bucket}/${index.name}`;
  return buildBarJob(plan, { shard, jobId, runId, project, legs: works.length, indexUri, blockBytes });
}

/**
 * The job of an analysis: that of a shard in the region, with its image, account, network and labels, but on small CPU
 * machines on demand, one task a leg.
 */
export function buildBarJob(
  plan: Plan,
  what: {
    shard: Shard;
    jobId: string;
    runId: string;
    project: string;
    legs: number;
    indexUri: string;
    blockBytes: number;
  },
): BatchJob {
  const { jobId, legs, runId } = what;
  const shard: Shard = {
    ...what.shard,
    parallelism: Math.min(legs, MOST_AT_ONCE),
    provisioning: 'onDemand',
    maxRetryCount: RETRIES,
  };
  const onCpu: Plan = {
    ...plan,
    machine: { ...plan.machine, type: MACHINE, accelerator: null, bootDiskType: 'pd-balanced' },
  };
  const job = buildJob(onCpu, { jobId, shard, round: 0, tasks: [{ first: 0, count: legs }] }, what);
  const spec = job.taskGroups[0]?.taskSpec;
  const container = spec?.runnables[0]?.container;
  const policy = job.allocationPolicy?.instances?.[0]?.policy;
  if (!spec || !container || !policy) throw new Error(`job ${jobId} has no task group`);
  container.commands = ['analysis'];
  const shape = machineShape(MACHINE);
  spec.computeResource = {
    cpuMilli: shape.vcpus * 1000,
    memoryMib: Math.floor(shape.memoryMib * TASK_MEMORY_SHARE),
  };
  spec.maxRunDuration = `${LONGEST_SECONDS}s`;
  // A reservation is for machines with GPUs.
  delete policy.reservation;
  const variables = Object.entries(spec.environment?.variables ?? {}).filter(
    ([name]) => !/^FEPCAST_TASKS/.test(name),
  );
  spec.environment = {
    ...spec.environment,
    variables: {
      ...Object.fromEntries(variables),
      FEPCAST_INDEX: what.indexUri,
      FEPCAST_INDEX_ROW_BYTES: String(what.blockBytes),
      FEPCAST_MAX_RUN_SECONDS: String(LONGEST_SECONDS),
      FEPCAST_START_SPREAD_SECONDS: '0',
    },
  };
  const { [RUN_LABEL]: _run, [SPEC_LABEL]: _spec, ...labels } = job.labels ?? {};
  if (job.allocationPolicy) {
    const { [RUN_LABEL]: _own, ...others } = job.allocationPolicy.labels ?? {};
    job.allocationPolicy.labels = { ...others, [ANALYSIS_LABEL]: runId };
  }
  job.labels = { ...labels, [ANALYSIS_LABEL]: runId };
  job.labels = { ...job.labels, [SPEC_LABEL]: specHash(job) };
  return job;
}

async function followAll(
  begun: readonly PortJob[],
  legs: number,
  { cloud, clock, signal, onProgress }: BarJobSetting,
): Promise<PortJob[]> {
  let jobs = [...begun];
  while (true) {
    const done = jobs.reduce((sum, { counts }) => sum + counts.succeeded + counts.failed, 0);
    onProgress?.(done, legs);
    if (jobs.every(({ state }) => isFinal(state))) return jobs;
    await clock.sleep(LOOK_EVERY_SECONDS, signal);
    signal?.throwIfAborted();
    jobs = await Promise.all(
      jobs.map((job) => (isFinal(job.state) ? job : cloud.batch.getJob(job.region, job.jobId))),
    );
  }
}
