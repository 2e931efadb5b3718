import { jobIdOf } from '../job.js';
import { JOB_ID_PATTERN, LIMITS, type Limit } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile, ShardFile } from '../planFile.js';
import { zonesOfJob } from '../zones.js';
import { grouped, perShard, type Rule, regionsOf } from './finding.js';

function over(
  rule: string,
  path: string,
  found: number,
  limit: Limit,
  message: (limit: string) => string,
): Finding[] {
  if (found <= limit.value) return [];
  return [
    {
      rule,
      severity: 'error',
      path,
      message: message(grouped(limit.value)),
      found,
      limit: limit.value,
      source: limit.source,
    },
  ];
}

export const parallelTasks: Rule = (plan) =>
  perShard(plan, (shard, path) =>
    over(
      'parallel-tasks',
      `${path}.parallelism`,
      shard.parallelism,
      LIMITS.parallelTasksPerJob,
      (limit) => `One job runs at most ${limit} tasks at a time: lower parallelism, or split the shard.`,
    ),
  );

/** Every task has a VM of its own (taskCountPerNode 1), so parallelism is the number of VMs. */
export const vmsPerJob: Rule = (plan) =>
  perShard(plan, (shard, path) =>
    over(
      'vms-per-job',
      `${path}.parallelism`,
      shard.parallelism,
      vmCap(plan, shard),
      (limit) =>
        `One job has at most ${limit} VMs${hasOneZone(plan, shard) ? ' where it is allowed in one zone only' : ''}, one task each: lower parallelism, or split the shard.`,
    ),
  );

export function vmCap(plan: PlanFile, shard: ShardFile): Limit {
  return hasOneZone(plan, shard) ? LIMITS.vmsPerJobOneZone : LIMITS.vmsPerJob;
}

function hasOneZone(plan: PlanFile, shard: ShardFile): boolean {
  return regionsOf(shard).some((region) => zonesOfJob(plan, region)?.length === 1);
}

export const tasksPerJob: Rule = (plan) =>
  perShard(plan, (shard, path) =>
    over(
      'tasks-per-job',
      `${path}.taskCount`,
      shard.taskCount,
      LIMITS.tasksPerJob,
      (limit) => `One job holds at most ${limit} tasks: split the shard at a molecule.`,
    ),
  );

export const maxRetryCount: Rule = (plan) =>
  perShard(plan, (shard, path) =>
    over(
      'max-retry-count',
      `${path}.maxRetryCount`,
      shard.maxRetryCount,
      LIMITS.maxRetryCount,
      (limit) =>
        `Batch retries a task at most ${limit} times: lower maxRetryCount, and let the remainder policy run what is left.`,
    ),
  );

/** Room that a job id keeps for the run's own id. */
export const RUN_ID_CHARACTERS = 24;

/** A job id is the run id, the shard id and the round of a remainder; Batch accepts 63 characters of it. */
export const shardId: Rule = (plan) => {
  const seen = new Set<string>();
  return perShard(plan, ({ id }, path) => {
    const findings: Finding[] = [];
    const jobId = jobIdOf('r'.repeat(RUN_ID_CHARACTERS), id, plan.remainder.maxRounds);
    const common = { severity: 'error' as const, path: `${path}.id`, source: LIMITS.jobIdCharacters.source };
    if (seen.has(id)) {
      const message = `Another shard is called ${id} too, and both would be one job: give it a name of its own.`;
      findings.push({ ...common, rule: 'shard-id-unique', message, found: id, limit: 'a name used once' });
    }
    seen.add(id);
    if (jobId.length > LIMITS.jobIdCharacters.value) {
      const most = LIMITS.jobIdCharacters.value - (jobId.length - id.length);
      const message = `A job id has at most ${LIMITS.jobIdCharacters.value} characters, with the run's id and a remainder's round: shorten the shard's id.`;
      findings.push({ ...common, rule: 'job-id-length', message, found: id.length, limit: most });
    } else if (!JOB_ID_PATTERN.test(jobId)) {
      const message =
        'The shard id becomes part of a job id: use lower-case letters, digits and hyphens only.';
      findings.push({ ...common, rule: 'job-id', message, found: id, limit: JOB_ID_PATTERN.source });
    }
    return findings;
  });
};
