import type { BatchJob } from '../plan/batchJob.js';
import type { JobSpec } from '../plan/jobSpec.js';
import { LIMITS } from '../plan/limits.js';
import { machineShape } from '../scenario/machines.js';
import type { Scenario } from '../scenario/scenario.js';
import type { BindingQuota, WaitCause } from '../sim/world/view.js';

/** What Batch's status events call what is not a change of state. */
export const OPERATIONAL_INFO = 'OPERATIONAL_INFO';

/** Stands for the job's uid in the text of a note. */
export const UID = '{uid}';

/** Compute Engine's names of the quotas. */
const METRICS: Record<BindingQuota['quota'], string> = {
  spotGpus: 'PREEMPTIBLE_NVIDIA_GPUS',
  onDemandGpus: 'NVIDIA_GPUS',
  cpus: 'CPUS',
  diskGb: 'SSD_TOTAL_GB',
};

/**
 * Why a job waits, in Batch's words (https://docs.cloud.google.com/batch/docs/troubleshooting); those of a stockout
 * are Compute Engine's, behind the prefix that Batch gives errors of VMs (dsub issue 303).
 */
export function waitText(why: WaitCause): string {
  if (why.cause === 'quota') {
    const { quota, limit, usage, wanted } = why.quota;
    return (
      `Quota checking process decides to delay scheduling for the job ${UID} due to inadequate quotas ` +
      `[Quota: ${METRICS[quota]}, limit: ${limit}, usage: ${usage}, wanted: ${wanted}].`
    );
  }
  const zones = why.zones.map((zone) => `zones/${zone}`).join(', ') || 'the region';
  return (
    'VM in Managed Instance Group meets error: Batch Error: code - CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED, ' +
    'description - error count is 1, latest message example: Instance creation failed: ZONE_RESOURCE_POOL_EXHAUSTED: ' +
    `${zones} does not have enough resources available to fulfill the request.`
  );
}

/** Where the emulator does something else than Batch would do with a job, in the job's own events. */
export function submitNotes(job: BatchJob, spec: JobSpec, scenario: Scenario): string[] {
  const notes: string[] = [];
  const { machineType } = spec;
  if (machineType !== scenario.machine.type) {
    const { vcpus, gpus } = machineShape(machineType, spec.gpusPerVm);
    notes.push(
      `Emulator: machine type ${machineType} is not the scenario's ${scenario.machine.type}: it has ${vcpus} vCPUs ` +
        `and ${gpus} GPUs here, and costs what the scenario's machine costs.`,
    );
  }
  const pack = tasksPerVm(job, machineShape(machineType).vcpus);
  if (pack > 1) {
    notes.push(`Emulator: every task has a VM of its own here; Batch would run up to ${pack} on one.`);
  }
  return notes;
}

/** Batch's default for a task without `cpuMilli`. Source: protos of batch 2.5.0. */
const DEFAULT_CPU_MILLI = 2000;

/** Source: https://docs.cloud.google.com/batch/docs/create-run-job */
function tasksPerVm(job: BatchJob, vcpus: number): number {
  const group = job.taskGroups[0];
  const asked = Number(group?.taskCountPerNode ?? 0);
  const tasks = Number(group?.taskCount ?? 1);
  const cpuMilli = Number(group?.taskSpec.computeResource?.cpuMilli ?? DEFAULT_CPU_MILLI);
  const fits = asked > 0 ? asked : Math.floor((vcpus * 1000) / cpuMilli);
  const parallelism = Number(group?.parallelism ?? tasks);
  return Math.max(1, Math.min(fits, LIMITS.tasksPerVm.value, tasks, parallelism));
}
