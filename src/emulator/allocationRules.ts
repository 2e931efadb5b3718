import { LIMITS, TAG_PATTERN } from '../plan/limits.js';
import { isObject } from '../plan/protoJson.js';
import { type Add, checkLabelSet } from './labelRules.js';
import { listOf } from './runnableRules.js';

/** What Batch asks of the allocation policy, beside its locations. Source: the protos of batch 2.5.0. */
export function checkAllocation(policy: Record<string, unknown>, add: Add): void {
  const at = 'allocationPolicy';
  const instances = listOf(policy.instances);
  const most = LIMITS.instancePoliciesPerJob.value;
  if (instances.length > most) add(`${at}.instances`, `has ${instances.length} entries, at most ${most}`);
  instances.forEach((instance, index) => {
    if (isObject(instance.policy)) checkPolicy(instance.policy, `${at}.instances[${index}].policy`, add);
  });
  if (isObject(policy.labels)) checkLabelSet(`${at}.labels`, policy.labels, LIMITS.vmLabels.value, add);
  const tags = Array.isArray(policy.tags) ? policy.tags : [];
  tags.forEach((tag, index) => {
    if (!TAG_PATTERN.test(String(tag))) add(`${at}.tags[${index}]`, 'is not a network tag (RFC 1035)');
  });
}

function checkPolicy(policy: Record<string, unknown>, at: string, add: Add): void {
  if (policy.provisioningModel === 'RESERVATION_BOUND' && !policy.reservation) {
    add(`${at}.reservation`, 'is required with provisioningModel RESERVATION_BOUND');
  }
  listOf(policy.accelerators).forEach((accelerator, index) => {
    const field = `${at}.accelerators[${index}]`;
    if (!accelerator.type) add(`${field}.type`, 'is required');
    if (Number(accelerator.count ?? 0) < 1) add(`${field}.count`, 'is required and at least 1');
  });
  const { bootDisk } = policy;
  if (isObject(bootDisk) && Number(bootDisk.sizeGb ?? 0) < 0) {
    add(`${at}.bootDisk.sizeGb`, `is ${String(bootDisk.sizeGb)}, at least 0`);
  }
}

const TOPIC = /^projects\/[^/]+\/topics\/[^/]+$/;

/** Logs and notifications. */
export function checkReporting(job: Record<string, unknown>, add: Add): void {
  const { logsPolicy } = job;
  if (isObject(logsPolicy) && logsPolicy.destination === 'PATH' && !logsPolicy.logsPath) {
    add('logsPolicy.logsPath', 'is required with destination PATH');
  }
  listOf(job.notifications).forEach(({ pubsubTopic, message }, index) => {
    const at = `notifications[${index}]`;
    if (!TOPIC.test(String(pubsubTopic ?? ''))) {
      add(`${at}.pubsubTopic`, 'is not of the form projects/P/topics/T');
    }
    if (isObject(message) && message.newJobState && message.newTaskState) {
      add(`${at}.message`, 'is about a job or about a task, not both');
    }
  });
}
