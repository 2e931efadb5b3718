import type { JobSpec } from '../../plan/jobSpec.js';
import { vmUsdPerHour } from '../../plan/vmPrice.js';
import { machineShape } from '../../scenario/machines.js';
import type { Scenario } from '../../scenario/scenario.js';
import { EngineClock } from './engineClock.js';
import type { JobRates, JobTerms } from './jobTable.js';
import { rewritesFast } from './objectRateLimit.js';

/** The terms on which a job of this specification is accepted. */
export function jobTerms(scenario: Scenario, spec: JobSpec): JobTerms {
  const { batch, bucket, checkpoint } = scenario;
  const { limits } = batch;
  const { policy, engineIntervalSeconds } = spec.checkpoint;
  const isNone = policy === 'none';
  return {
    rates: ratesOf(scenario, spec),
    clock: new EngineClock(isNone ? 0 : engineIntervalSeconds, isNone ? 0 : checkpoint.pauseSeconds),
    vmCap: Math.min(
      spec.parallelism,
      limits.parallelTasksPerJob ?? Number.POSITIVE_INFINITY,
      (spec.oneZone ? limits.vmsPerJobOneZone : limits.vmsPerJob) ?? Number.POSITIVE_INFINITY,
    ),
    retriedByIndex: batch.retriedTasks === 'byIndex',
    rewritesFast: rewritesFast(spec.checkpoint, bucket),
  };
}

function ratesOf(scenario: Scenario, spec: JobSpec): JobRates {
  const perHour = vmUsdPerHour(scenario, spec);
  return {
    gpus: spec.gpusPerVm,
    cpus: machineShape(spec.machineType).vcpus,
    diskGb: spec.bootDiskGb,
    usdPerSecond: perHour.machine / 3600,
    diskUsdPerSecond: perHour.bootDisk / 3600,
    ipUsdPerSecond: perHour.externalIp / 3600,
  };
}
