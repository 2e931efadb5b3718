import type { FailedTask, JobEvent } from './history.js';
import { type JobName, jobName } from './names.js';
import { numberedName } from './projectNumber.js';
import type { TaskEvent } from './taskEventLog.js';

/**
 * The sentences of Batch's status events, as the troubleshooting page and the logs of other clients show them
 * (https://docs.cloud.google.com/batch/docs/troubleshooting; nextflow issue 4225).
 */
export const STATUS_CHANGED = 'STATUS_CHANGED';

/** Exit codes that Batch itself gives. Source: https://docs.cloud.google.com/batch/docs/troubleshooting */
const CAUSES: Record<number, string> = {
  50001: 'Spot Preemption',
  50002: 'Batch no longer receiving updates from VM',
  50003: 'VM reboot during task execution',
  50004: 'task unresponsiveness',
  50005: 'exceeding the maximum run duration',
  50006: 'VM recreation during task execution',
};

export function taskEventText(event: TaskEvent, zones: readonly string[]): string {
  const where = event.vm < 0 ? '' : ` on ${instanceName(event.vm, zones)}`;
  const change = `Task state is updated from ${event.from} to ${event.to}${where}`;
  if (event.to !== 'FAILED' || event.exitCode === null) return change;
  const cause = CAUSES[event.exitCode];
  return `${change}${cause ? ` due to ${cause}` : ''} with exit code ${event.exitCode}.`;
}

/** Compute Engine's instance ids are long numbers; one VM keeps its id and its zone for life. */
const FIRST_INSTANCE_ID = 7_000_000_000_000_000;

/** Where a VM is and what it is called, given the zones that its job may be in. */
export function vmPlace(vm: number, zones: readonly string[]): { zone: string; instanceId: string } {
  return { zone: zones[vm % zones.length] ?? '', instanceId: String(FIRST_INSTANCE_ID + vm) };
}

function instanceName(vm: number, zones: readonly string[]): string {
  const { zone, instanceId } = vmPlace(vm, zones);
  return `zones/${zone}/instances/${instanceId}`;
}

/** Event texts carry the project number where requests carry the id. */
export function jobEventText(
  event: JobEvent<string>,
  job: JobName,
  failed: FailedTask | null,
  zones: readonly string[],
): string {
  const name = numberedName(jobName(job));
  const sentences = [`Job state is set from ${event.from} to ${event.to} for job ${name}.`];
  if (event.reason !== '') sentences.push(`${event.reason.replace(/\.$/, '')}.`);
  if (event.to === 'FAILED' && failed) {
    sentences.push(
      `Job failed due to task failure. Specifically, task with index ${failed.task} failed ` +
        `due to the following task event: "${taskEventText(failed, zones)}"`,
    );
  }
  return sentences.join(' ');
}
