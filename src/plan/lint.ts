import {
  alignedCheckpoints,
  checkpointRate,
  flushInNotice,
  sameObjectRate,
  softDelete,
} from './lint/checkpoints.js';
import { labels, tags } from './lint/cloud.js';
import { campaignSize, coverage, waveNumbers, wholeMolecules } from './lint/coverage.js';
import type { Rule } from './lint/finding.js';
import { guardActs, guardBudget, idleWaves } from './lint/guard.js';
import { maxRetryCount, parallelTasks, shardId, tasksPerJob, vmsPerJob } from './lint/jobLimits.js';
import { onDemandQuota, quota } from './lint/quota.js';
import {
  batchRegion,
  l4Region,
  machineType,
  oneRegionPerJob,
  scenarioRegion,
  zonesOfRegion,
} from './lint/regions.js';
import {
  bootDiskSize,
  bootDiskType,
  driversNeedInternet,
  imageStreaming,
  liftedLimits,
  registryRate,
} from './lint/startup.js';
import { maxRunDuration, queuedTime, retryCap, runningTime } from './lint/times.js';
import type { Finding } from './plan.js';
import type { PlanFile } from './planFile.js';

const RULES: readonly Rule[] = [
  oneRegionPerJob,
  batchRegion,
  scenarioRegion,
  l4Region,
  zonesOfRegion,
  campaignSize,
  coverage,
  wholeMolecules,
  waveNumbers,
  shardId,
  tasksPerJob,
  parallelTasks,
  vmsPerJob,
  maxRetryCount,
  runningTime,
  queuedTime,
  maxRunDuration,
  retryCap,
  quota,
  onDemandQuota,
  machineType,
  bootDiskType,
  bootDiskSize,
  imageStreaming,
  driversNeedInternet,
  registryRate,
  sameObjectRate,
  alignedCheckpoints,
  checkpointRate,
  flushInNotice,
  softDelete,
  labels,
  tags,
  guardBudget,
  guardActs,
  idleWaves,
  liftedLimits,
];

/**
 * Holds a plan against every limit that is known before anything is submitted. Errors come first, each group in
 * the order of the rules. Takes what `parsePlanFile` returns; a `Plan` is one, too.
 */
export function lintPlan(plan: PlanFile): Finding[] {
  const findings = RULES.flatMap((rule) => rule(plan));
  return [
    ...findings.filter(({ severity }) => severity === 'error'),
    ...findings.filter(({ severity }) => severity === 'warning'),
  ];
}

/** No finding is an error: the plan may be executed. */
export function lintOk(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'error');
}
