import type { BatchJob } from '../plan/batchJob.js';
import { JOB_ID_PATTERN, LIMITS } from '../plan/limits.js';
import type { Violation } from '../plan/protoJson.js';
import type { Scenario } from '../scenario/scenario.js';
import { checkAllocation, checkReporting } from './allocationRules.js';
import { type Add, checkLabelSet } from './labelRules.js';
import { quoted } from './quoted.js';
import { checkRunnables } from './runnableRules.js';

/**
 * What Batch refuses although the schema allows it. `job` is canonical proto-JSON. The limits that a scenario
 * may lift (`batch.limits`) are the scenario's, the others the documented ones.
 */
export function brokenRules(job: BatchJob, region: string, scenario: Scenario): Violation[] {
  const violations: Violation[] = [];
  const add = (field: string, description: string): void => {
    violations.push({ field, description });
  };
  checkDefinitionSize(job, add);
  checkLocations(job, region, add);
  checkPriority(job, add);
  checkLabelSet('labels', job.labels ?? {}, LIMITS.jobLabels.value, add);
  checkTaskGroups(job, scenario.batch.limits, add);
  checkAllocation({ ...job.allocationPolicy }, add);
  checkReporting({ ...job }, add);
  return violations;
}

/** An empty list: a usable job id. */
export function brokenJobId(jobId: string): Violation[] {
  if (JOB_ID_PATTERN.test(jobId)) return [];
  const description = `${quoted(jobId)} does not match ${JOB_ID_PATTERN.source}`;
  return [{ field: 'jobId', description }];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ZERO_UUID = '00000000-0000-0000-0000-000000000000';

/** Request ids are optional; what is given must be a UUID that is not all zero. */
export function brokenRequestId(requestId: string): Violation[] {
  if (requestId === '' || (UUID.test(requestId) && requestId !== ZERO_UUID)) return [];
  return [{ field: 'requestId', description: `${quoted(requestId)} is not a UUID` }];
}

function checkDefinitionSize(job: BatchJob, add: Add): void {
  const bytes = Buffer.byteLength(JSON.stringify(job));
  const limit = LIMITS.jobDefinitionBytes.value;
  if (bytes > limit) add('job', `takes ${bytes} bytes, at most ${limit}`);
}

function checkLocations(job: BatchJob, region: string, add: Add): void {
  const locations = job.allocationPolicy?.location?.allowedLocations ?? [];
  locations.forEach((location, index) => {
    const field = `allocationPolicy.location.allowedLocations[${index}]`;
    const match = /^(regions|zones)\/([a-z0-9-]+)$/.exec(location);
    if (!match) {
      add(field, `${quoted(location)} is not of the form regions/REGION or zones/ZONE`);
      return;
    }
    const [, kind, name = ''] = match;
    const itsRegion = kind === 'zones' ? name.slice(0, name.lastIndexOf('-')) : name;
    if (itsRegion !== region) {
      add(
        field,
        `${location} is outside the job's region ${region}: a job's VMs live in one region, its own`,
      );
    }
  });
}

function checkPriority(job: BatchJob, add: Add): void {
  const [lowest, highest] = [LIMITS.priorityLowest.value, LIMITS.priorityHighest.value];
  const priority = Number(job.priority ?? 0);
  if (priority < lowest || priority > highest)
    add('priority', `is ${priority}, from ${lowest} to ${highest}`);
}

function checkTaskGroups(job: BatchJob, limits: Scenario['batch']['limits'], add: Add): void {
  const groups = job.taskGroups;
  if (groups.length > LIMITS.taskGroupsPerJob.value) {
    add('taskGroups', `has ${groups.length} entries, at most ${LIMITS.taskGroupsPerJob.value}`);
  }
  groups.forEach((group, index) => {
    const at = `taskGroups[${index}]`;
    const taskCount = Number(group.taskCount ?? 1);
    checkRange(`${at}.taskCount`, taskCount, 1, limits.tasksPerJob, add);
    const parallelism = group.parallelism === undefined ? null : Number(group.parallelism);
    if (parallelism !== null)
      checkRange(`${at}.parallelism`, parallelism, 1, limits.parallelTasksPerJob, add);
    if (group.schedulingPolicy === 'IN_ORDER' && parallelism !== null && parallelism !== 1) {
      add(`${at}.parallelism`, `is ${parallelism}, must be 1 with schedulingPolicy IN_ORDER`);
    }
    if (group.taskCountPerNode !== undefined) {
      const perNode = Number(group.taskCountPerNode);
      checkRange(`${at}.taskCountPerNode`, perNode, 1, LIMITS.tasksPerVm.value, add);
    }
    checkTaskEnvironments(group, taskCount, `${at}.taskEnvironments`, add);
    checkTaskSpec(group.taskSpec, limits.retries, `${at}.taskSpec`, add);
    checkRunnables({ ...group.taskSpec }, `${at}.taskSpec`, add);
  });
}

function checkTaskEnvironments(group: object, taskCount: number, field: string, add: Add): void {
  if (!('taskEnvironments' in group) || !Array.isArray(group.taskEnvironments)) return;
  const count = group.taskEnvironments.length;
  if (count > LIMITS.taskEnvironments.value) {
    add(field, `has ${count} entries, at most ${LIMITS.taskEnvironments.value}`);
  } else if (count !== taskCount) {
    add(field, `has ${count} entries, as many as tasks (${taskCount}) are needed`);
  }
}

function checkTaskSpec(
  spec: BatchJob['taskGroups'][number]['taskSpec'],
  mostRetries: number | null,
  at: string,
  add: Add,
): void {
  // The canonical form leaves an empty list out, whatever the type says.
  if (!('runnables' in spec)) add(`${at}.runnables`, 'is required');
  checkRange(`${at}.maxRetryCount`, spec.maxRetryCount ?? 0, 0, mostRetries, add);
  const policies = spec.lifecyclePolicies?.length ?? 0;
  const mostPolicies = LIMITS.lifecyclePoliciesPerTask.value;
  if (policies > mostPolicies)
    add(`${at}.lifecyclePolicies`, `has ${policies} entries, at most ${mostPolicies}`);
  spec.lifecyclePolicies?.forEach((policy, index) => {
    const { action, actionCondition }: { action?: string; actionCondition?: { exitCodes?: number[] } } =
      policy;
    if (!action) add(`${at}.lifecyclePolicies[${index}].action`, 'is required');
    if (!actionCondition?.exitCodes) {
      add(`${at}.lifecyclePolicies[${index}].actionCondition.exitCodes`, 'is required');
    }
  });
}

/** `highest` null: no limit. */
function checkRange(field: string, value: number, lowest: number, highest: number | null, add: Add): void {
  if (value >= lowest && (highest === null || value <= highest)) return;
  add(field, `is ${value}, ${highest === null ? `at least ${lowest}` : `from ${lowest} to ${highest}`}`);
}
