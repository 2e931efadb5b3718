import { machineShape } from '../scenario/machines.js';
import type { Provisioning, Scenario } from '../scenario/scenario.js';
import type { BatchJob } from './batchJob.js';
import type { JobSpec } from './jobSpec.js';
import { checkpointPlanOf } from './makePlan.js';
import { readTaskEnvironment } from './taskEnvironment.js';
import { countTasks } from './taskRanges.js';

/** Batch's own default: as many at once as there are tasks, up to the cap. Source: protos of batch 2.5.0. */
const DEFAULT_PARALLELISM = 5000;

const ZONES = 'zones/';

/**
 * What the World needs of a Batch job that has passed validation. Whatever the job does not say (a stranger's
 * job) comes from the scenario.
 */
export function readJobSpec(job: BatchJob, region: string, jobId: string, scenario: Scenario): JobSpec {
  const group = job.taskGroups[0];
  if (!group) throw new Error(`job ${jobId} has no task group`);
  const { taskSpec } = group;
  const instances = job.allocationPolicy?.instances?.[0];
  const policy = instances?.policy;
  const taskCount = Number(group.taskCount ?? 1);
  const environment = readTaskEnvironment([taskSpec.environment, taskSpec.runnables[0]?.environment], {
    checkpoint: checkpointPlanOf(scenario),
    imageDelivery: taskSpec.runnables.some((runnable) => runnable.container?.enableImageStreaming)
      ? 'streaming'
      : scenario.decisions.image,
    startSpreadSeconds: scenario.decisions.startup.spreadSeconds,
  });
  const { tasks, canarySeconds } = environment;
  const lifecycle = taskSpec.lifecyclePolicies?.[0];
  const exitCodes = (action: 'FAIL_TASK' | 'RETRY_TASK') =>
    lifecycle?.action === action ? [...lifecycle.actionCondition.exitCodes] : null;
  const locations = job.allocationPolicy?.location?.allowedLocations ?? [];
  const zones = locations
    .filter((place) => place.startsWith(ZONES))
    .map((place) => place.slice(ZONES.length));
  const machineType = policy?.machineType || scenario.machine.type;
  const attachedGpus = (policy?.accelerators ?? []).reduce((sum, { count }) => sum + Number(count ?? 0), 0);
  return {
    jobId,
    region,
    provisioning: provisioningOf(policy?.provisioningModel),
    taskCount,
    parallelism:
      group.schedulingPolicy === 'IN_ORDER'
        ? 1
        : Math.min(Number(group.parallelism ?? 0) || DEFAULT_PARALLELISM, taskCount),
    maxRetryCount: taskSpec.maxRetryCount ?? 0,
    maxRunDurationSeconds: taskSpec.maxRunDuration ? Number(taskSpec.maxRunDuration.slice(0, -1)) : null,
    priority: Number(job.priority ?? 0),
    oneZone: locations.length === 1 && zones.length === 1,
    zones,
    externalIp: !(job.allocationPolicy?.network?.networkInterfaces?.[0]?.noExternalIpAddress ?? false),
    bootDiskGb: Number(policy?.bootDisk?.sizeGb ?? 0) || scenario.machine.bootDisk.sizeGb,
    machineType,
    gpusPerVm: machineShape(machineType, attachedGpus).gpus,
    failCodes: exitCodes('FAIL_TASK') ?? [],
    retryCodes: exitCodes('RETRY_TASK'),
    // A canary tries a task out: it does none of the campaign's.
    tasks: canarySeconds === null && tasks !== null && countTasks(tasks) === taskCount ? tasks : null,
    checkpoint: environment.checkpoint,
    imageDelivery: environment.imageDelivery,
    startSpreadSeconds: environment.startSpreadSeconds,
    ...(canarySeconds === null ? {} : { attempt: { seconds: canarySeconds, exitCode: 0 } }),
  };
}

type ProvisioningModel = NonNullable<
  NonNullable<NonNullable<BatchJob['allocationPolicy']>['instances']>[number]['policy']
>['provisioningModel'];

function provisioningOf(model: ProvisioningModel): Provisioning {
  if (model === 'SPOT' || model === 'PREEMPTIBLE') return 'spot';
  return model === 'FLEX_START' ? 'flexStart' : 'onDemand';
}
