import type { JournalCommand } from '../../plan/journal.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { ExternalAttempt } from '../../sim/world/view.js';
import { instanceId } from '../eventTexts.js';
import type { VmIdentity } from '../metadata/vmMetadata.js';
import { projectNumber } from '../projectNumber.js';
import type { TaskAttempt } from '../taskRunner.js';

export type SubmitCommand = Extract<JournalCommand, { command: 'submit' }>;

/** An instance's name has at most 63 characters; the number of the VM needs some of them. */
const NAME_STEM = 48;

/** What the World's bare numbers mean, given the command that its job came with and the zone of the VM. */
export function describeAttempt(
  { vm, task, retry }: ExternalAttempt,
  submit: SubmitCommand,
  zone: string,
  scenario: Scenario,
): TaskAttempt {
  const { region, jobId, job } = submit;
  return {
    vm,
    identity: identityOf(vm, submit, zone, scenario),
    region,
    jobId,
    job,
    index: task,
    count: Number(job.taskGroups[0]?.taskCount ?? 1),
    retry,
  };
}

function identityOf(
  vm: number,
  { project, jobId, job }: SubmitCommand,
  zone: string,
  scenario: Scenario,
): VmIdentity {
  const { allocationPolicy } = job;
  const number = projectNumber(project);
  return {
    name: `${jobId.slice(0, NAME_STEM)}-${vm}`,
    id: instanceId(vm),
    zone,
    machineType: allocationPolicy?.instances?.[0]?.policy?.machineType || scenario.machine.type,
    project,
    projectNumber: number,
    // The account of VMs that ask for none. Source: https://docs.cloud.google.com/compute/docs/access/service-accounts
    serviceAccount:
      allocationPolicy?.serviceAccount?.email ?? `${number}-compute@developer.gserviceaccount.com`,
  };
}
