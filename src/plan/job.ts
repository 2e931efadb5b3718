import { createHash } from 'node:crypto';
import { canonicalJson } from '../scenario/canonical.js';
import { meanOf } from '../scenario/distribution.js';
import { machineShape } from '../scenario/machines.js';
import type { BatchJob } from './batchJob.js';
import { homeOf } from './homes.js';
import type { Plan, Shard } from './plan.js';
import { writeTaskEnvironment } from './taskEnvironment.js';
import { indexRowBytes } from './taskIndex.js';
import { indexObject } from './taskObjects.js';
import { countTasks, type TaskRange } from './taskRanges.js';
import { zonesOfJob } from './zones.js';

/** One job to be: a shard (round 0, all its tasks) or a remainder of it (round 1, 2, ...). */
export interface JobPart {
  jobId: string;
  shard: Shard;
  round: number;
  tasks: readonly TaskRange[];
}

/**
 * The task's own exit codes that a retry cannot mend: 2 configuration, 72 an input that is missing or another than
 * its digest says, 75 fenced by a newer attempt, 78 corrupt checkpoint without a fallback, 79 engine blow-up at the
 * same step. Everything else, known or unknown (50001..50006, 125, 137, a failed image pull), is retried: a list of
 * retryable codes would turn one registry hiccup at 500 starts into permanent failures.
 */
export const PERMANENT_EXIT_CODES = [2, 72, 75, 78, 79];

/** Memory that is left to a task once the VM's own system has taken its part. */
const TASK_MEMORY_SHARE = 0.92;

/** Batch's words. Source: google.cloud.batch.v1.AllocationPolicy.ProvisioningModel. */
const PROVISIONING_MODELS = { spot: 'SPOT', onDemand: 'STANDARD', flexStart: 'FLEX_START' } as const;

/** The word of Batch for "any VM, but none that is reserved". */
export const NO_RESERVATION = 'NO_RESERVATION';

/** Label with the hash of the job as it was built: tells our own job from another one of the same id. */
export const SPEC_LABEL = 'fepcast-spec';

/** Label with the run id, on every job of a run: a listing by it shows what the run has at Batch. */
export const RUN_LABEL = 'fepcast-run';

/** `<runId>-<shard>[-r<round>]`: the same part of the same run always gets the same id. */
export function jobIdOf(runId: string, shardId: string, round: number): string {
  return `${runId}-${shardId}${round === 0 ? '' : `-r${round}`}`;
}

/** `projects/P/.../fep-task:unset`: stands in a job of a plan that names no image; only an emulator runs it. */
export function imageUriOf(plan: Plan, region: string, project: string): string {
  return plan.image.uriByRegion[region] ?? `${region}-docker.pkg.dev/${project}/fepcast/fep-task:unset`;
}

/** Only on-demand VMs consume a reservation; Spot VMs of a job that names one would never start. */
function reservationOf(reservation: string | null, provisioning: Shard['provisioning']): string | null {
  return provisioning === 'onDemand' || reservation === NO_RESERVATION ? reservation : null;
}

/** gs:// URI of a job's index, in the results bucket of its region. */
export function indexUriOf(plan: Plan, region: string, runId: string, jobId: string): string {
  return `gs://${homeOf(plan, region).resultsBucket}/${indexObject(runId, jobId)}`;
}

/**
 * A plan becomes Batch jobs here and nowhere else: the job in the API's own JSON form, ready for CreateJob, for
 * `gcloud batch jobs submit` and for the World.
 */
export function buildJob(plan: Plan, part: JobPart, run: { runId: string; project: string }): BatchJob {
  const { shard } = part;
  const cloudRegion = plan.cloud?.regions[shard.region];
  const shape = machineShape(plan.machine.type);
  const delivery = plan.image.delivery;
  const labels = { ...plan.cloud?.labels, [RUN_LABEL]: run.runId, 'fepcast-shard': shard.id };
  const bootImage = cloudRegion?.bootImage ?? null;
  const { serviceAccount = null, tags = [], externalIp = false, installGpuDrivers = true } = plan.cloud ?? {};
  const { network = null, secretEnvironment = {} } = plan.cloud ?? {};
  const hasGpu = shape.gpus > 0 || plan.machine.accelerator !== null;
  const reservation = reservationOf(cloudRegion?.reservation ?? null, shard.provisioning);
  const imageUri = imageUriOf(plan, shard.region, run.project);
  const { maxRunDurationSeconds } = plan.task;
  const job: BatchJob = {
    taskGroups: [
      {
        taskCount: countTasks(part.tasks),
        parallelism: shard.parallelism,
        // Batch's default packing would put two tasks on one 4-vCPU L4 machine.
        taskCountPerNode: 1,
        schedulingPolicy: 'AS_SOON_AS_POSSIBLE',
        taskSpec: {
          runnables: [
            {
              container: {
                imageUri,
                ...(delivery === 'streaming' ? { enableImageStreaming: true } : {}),
              },
            },
          ],
          computeResource: {
            cpuMilli: shape.vcpus * 1000,
            memoryMib: Math.floor(shape.memoryMib * TASK_MEMORY_SHARE),
          },
          ...(maxRunDurationSeconds === null ? {} : { maxRunDuration: `${maxRunDurationSeconds}s` }),
          maxRetryCount: shard.maxRetryCount,
          lifecyclePolicies: [
            { action: 'FAIL_TASK', actionCondition: { exitCodes: [...PERMANENT_EXIT_CODES] } },
          ],
          environment: {
            variables: writeTaskEnvironment({
              runId: run.runId,
              jobId: part.jobId,
              shardId: shard.id,
              indexUri: indexUriOf(plan, shard.region, run.runId, part.jobId),
              indexRowBytes: indexRowBytes(plan),
              tasks: [...part.tasks],
              windows: plan.campaign.windows,
              task: plan.task,
              image: imageUri,
              accelerator: plan.machine.accelerator,
              expectedSeconds: meanOf(plan.scenario.resolved.campaign.taskDurationSeconds),
              checkpoint: plan.checkpoint,
              imageDelivery: delivery,
              startSpreadSeconds: plan.startup.spreadSeconds,
            }),
            ...(Object.keys(secretEnvironment).length === 0
              ? {}
              : { secretVariables: { ...secretEnvironment } }),
          },
        },
      },
    ],
    allocationPolicy: {
      location: {
        allowedLocations: zonesOfJob(plan, shard.region)?.map((zone) => `zones/${zone}`) ?? [
          `regions/${shard.region}`,
        ],
      },
      instances: [
        {
          policy: {
            machineType: plan.machine.type,
            provisioningModel: PROVISIONING_MODELS[shard.provisioning],
            // A G2 machine comes with its GPUs; others have them attached.
            ...(shape.gpus === 0 && plan.machine.accelerator !== null
              ? { accelerators: [{ type: plan.machine.accelerator, count: 1 }] }
              : {}),
            bootDisk: {
              image: bootImage ?? 'batch-cos',
              type: plan.machine.bootDiskType,
              sizeGb: plan.machine.bootDiskGb,
            },
            ...(reservation === null ? {} : { reservation }),
          },
          installGpuDrivers: installGpuDrivers && hasGpu && delivery !== 'baked',
        },
      ],
      ...(serviceAccount === null ? {} : { serviceAccount: { email: serviceAccount } }),
      network: {
        networkInterfaces: [
          {
            ...(network === null ? {} : { network }),
            ...(cloudRegion?.subnetwork ? { subnetwork: cloudRegion.subnetwork } : {}),
            noExternalIpAddress: !externalIp,
          },
        ],
      },
      ...(tags.length === 0 ? {} : { tags: [...tags] }),
      labels: { ...labels },
    },
    labels: { ...labels },
    logsPolicy: { destination: 'CLOUD_LOGGING' },
  };
  job.labels = { ...labels, [SPEC_LABEL]: specHash(job) };
  return job;
}

/** 16 hex digits over the canonical JSON of the job without its spec label. */
export function specHash(job: BatchJob): string {
  const { [SPEC_LABEL]: _own, ...labels } = job.labels ?? {};
  return createHash('sha256')
    .update(canonicalJson({ ...job, labels }))
    .digest('hex')
    .slice(0, 16);
}
