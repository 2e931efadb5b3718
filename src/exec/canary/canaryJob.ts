import { createHash } from 'node:crypto';
import type { BatchJob } from '../../plan/batchJob.js';
import { homeOf } from '../../plan/homes.js';
import { buildJob, type JobPart, SPEC_LABEL, specHash } from '../../plan/job.js';
import type { Plan } from '../../plan/plan.js';
import { canonicalJson } from '../../scenario/canonical.js';
import { gsUrl, type ObjectPlace } from '../storagePort.js';

/** How long the canary computes, in seconds of the task's own time. */
export const CANARY_SECONDS = 120;
/** Batch ends a canary that hangs after this; a slow image pull is part of it. */
const LONGEST_SECONDS = 3600;
/** A Spot VM may be taken away within the minutes of a canary, too. */
const RETRIES = 3;

/** One job of one task that tries a region out. */
export interface CanaryJob {
  part: JobPart;
  job: BatchJob;
  /** Of all that a canary's success speaks for: image, account, network, machine, disk, driver. */
  settingsHash: string;
  /** Where the task writes what it has seen. */
  report: ObjectPlace;
}

/**
 * The canary of a region: the job of its first shard, with the plan's exact image, account, network, disk and driver
 * settings, cut down to one task that tries everything once and computes for two minutes. `round` counts the canaries
 * of the region: one that failed is followed by another one.
 */
export function buildCanaryJob(
  plan: Plan,
  region: string,
  run: { runId: string; project: string; round: number },
): CanaryJob {
  const shards = plan.shards.filter((shard) => shard.region === region);
  const first = shards.reduce((a, b) => (b.wave < a.wave ? b : a), shards[0] as (typeof shards)[number]);
  if (first === undefined) throw new Error(`the plan has no shard in ${region}`);
  const part: JobPart = {
    jobId: `${run.runId}-canary-${region}-${run.round}`,
    shard: { ...first, parallelism: 1, maxRetryCount: RETRIES },
    round: 0,
    tasks: [{ first: first.firstTask, count: 1 }],
  };
  const report = reportPlace(plan, region, run.runId);
  const job = buildJob(plan, part, run);
  const spec = job.taskGroups[0]?.taskSpec;
  if (!spec) throw new Error(`job ${part.jobId} has no task group`);
  spec.maxRunDuration = `${LONGEST_SECONDS}s`;
  Object.assign(variablesOf(spec), {
    FEPCAST_CANARY: '1',
    FEPCAST_CANARY_REPORT: gsUrl(report),
    FEPCAST_EXPECTED_SECONDS: String(CANARY_SECONDS),
    FEPCAST_MAX_RUN_SECONDS: String(LONGEST_SECONDS),
    FEPCAST_START_SPREAD_SECONDS: '0',
  });
  const labels = { ...job.labels };
  delete labels[SPEC_LABEL];
  job.labels = labels;
  job.labels = { ...labels, [SPEC_LABEL]: specHash(job) };
  return { part, job, settingsHash: settingsHash(job), report };
}

function reportPlace(plan: Plan, region: string, runId: string): ObjectPlace {
  return { bucket: homeOf(plan, region).resultsBucket, name: `runs/${runId}/canary/${region}.json` };
}

type TaskSpec = BatchJob['taskGroups'][number]['taskSpec'];

function variablesOf(spec: TaskSpec): Record<string, string> {
  const environment = spec.environment ?? {};
  const variables = environment.variables ?? {};
  spec.environment = { ...environment, variables };
  return variables;
}

/** 16 hex digits over what the VMs of a job are and what they run, and nothing of which tasks or how many. */
export function settingsHash(job: BatchJob): string {
  const spec = job.taskGroups[0]?.taskSpec;
  const { labels: _labels, ...allocation } = job.allocationPolicy ?? {};
  const settings = {
    runnables: spec?.runnables,
    computeResource: spec?.computeResource,
    secretVariables: spec?.environment?.secretVariables,
    allocation,
  };
  return createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 16);
}
