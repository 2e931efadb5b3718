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

/** The zone of the VM with this number. */
export type ZoneOfVm = (vm: number) => string;

export function taskEventText(event: TaskEvent, zoneOf: ZoneOfVm): string {
  const where = event.vm < 0 ? '' : ` on zones/${zoneOf(event.vm)}/instances/${instanceId(event.vm)}`;
  const change = `Task state is updated from ${event.from} to ${event.to}${where}`;
  if (event.to !== 'FAILED' || event.exitCode === null) return change;
  const cause = CAUSES[event.exitCode];
  return `${change}${cause ? ` due to ${cause}` : ''} with exit code ${event.exitCode}.`;
}

/** Compute Engine's instance ids are long numbers; one VM keeps its id for life. */
const FIRST_INSTANCE_ID = 7_000_000_000_000_000;

export function instanceId(vm: number): string {
  return String(FIRST_INSTANCE_ID + vm);
}

/** The zone of a VM in a region where the World tells no zones apart. */
export function onlyZone(region: string): string {
  return `${region}-a`;
}

/** Event texts carry the project number where requests carry the id. */
export function jobEventText(
  event: JobEvent<string>,
  job: JobName,
  failed: FailedTask | null,
  zoneOf: ZoneOfVm,
): string {
  const name = numberedName(jobName(job));
  const sentences = [`Job state is set from ${event.from} to ${event.to} for job ${name}.`];
  if (event.reason !== '') sentences.push(`${event.reason.replace(/\.$/, '')}.`);
  if (event.to === 'FAILED' && failed) {
    sentences.push(
      `Job failed due to task failure. Specifically, task with index ${failed.task} failed ` +
        `due to the following task event: "${taskEventText(failed, zoneOf)}"`,
    );
  }
  return sentences.join(' ');
}
