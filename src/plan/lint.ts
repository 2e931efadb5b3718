import { bucketForm, bucketRegion, bucketRoles } from './lint/buckets.js';
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
import { guardBudget, guardExposure, idleWaves } from './lint/guard.js';
import {
  bakedImage,
  imageByDigest,
  imageDigestsDiffer,
  imageMissing,
  imageReachable,
  imageRegion,
} from './lint/image.js';
import { maxRetryCount, parallelTasks, shardId, tasksPerJob, vmsPerJob } from './lint/jobLimits.js';
import { serviceAccount, sharedVpc, subnetworks } from './lint/network.js';
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
import {
  commandCheckpoints,
  commandProgress,
  jobSize,
  maxRunRoom,
  secrets,
  variables,
  workCounts,
} from './lint/task.js';
import { maxRunDuration, queuedTime, retryCap, runningTime } from './lint/times.js';
import { farBucket, farRemainder } from './lint/transfer.js';
import { avoidedZones, reservations, zoneHasMachine } from './lint/zones.js';
import type { Finding } from './plan.js';
import type { PlanFile } from './planFile.js';

const RULES: readonly Rule[] = [
  oneRegionPerJob,
  batchRegion,
  scenarioRegion,
  l4Region,
  zonesOfRegion,
  avoidedZones,
  zoneHasMachine,
  reservations,
  campaignSize,
  workCounts,
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
  maxRunRoom,
  commandCheckpoints,
  commandProgress,
  retryCap,
  quota,
  onDemandQuota,
  machineType,
  bootDiskType,
  bootDiskSize,
  imageStreaming,
  imageMissing,
  imageByDigest,
  imageDigestsDiffer,
  imageRegion,
  imageReachable,
  bakedImage,
  driversNeedInternet,
  registryRate,
  sameObjectRate,
  alignedCheckpoints,
  checkpointRate,
  flushInNotice,
  softDelete,
  farBucket,
  farRemainder,
  bucketForm,
  bucketRegion,
  bucketRoles,
  subnetworks,
  sharedVpc,
  serviceAccount,
  labels,
  tags,
  variables,
  secrets,
  jobSize,
  guardBudget,
  guardExposure,
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
