import { machineShape } from '../../scenario/machines.js';
import { BATCH_REGIONS, L4_REGIONS, LIMITS, SOURCES } from '../limits.js';
import type { PlanFile } from '../planFile.js';
import { perShard, type Rule, regionsOf } from './finding.js';

export const oneRegionPerJob: Rule = (plan) =>
  perShard(plan, ({ region }, path) =>
    typeof region === 'string'
      ? []
      : [
          {
            rule: 'one-region-per-job',
            severity: 'error',
            path: `${path}.region`,
            message:
              'A Batch job lives in one region: make one shard for each region, and name its region as a string.',
            found: `${region.length} regions (${region.join(', ')})`,
            limit: LIMITS.regionsPerJob.value,
            source: LIMITS.regionsPerJob.source,
          },
        ],
  );

export const batchRegion: Rule = (plan) =>
  perShard(plan, (shard, path) =>
    regionsOf(shard)
      .filter((region) => !BATCH_REGIONS.has(region))
      .map((region) => ({
        rule: 'batch-region',
        severity: 'error',
        path: `${path}.region`,
        message: `${region} is no region of Batch: choose one that is, by its bare name (us-central1).`,
        found: region,
        limit: `one of the ${BATCH_REGIONS.size} Batch regions`,
        source: SOURCES.locations,
      })),
  );

export const scenarioRegion: Rule = (plan) => {
  const known = Object.keys(plan.scenario.resolved.regions);
  return perShard(plan, (shard, path) =>
    regionsOf(shard)
      .filter((region) => !known.includes(region))
      .map((region) => ({
        rule: 'scenario-region',
        severity: 'error',
        path: `${path}.region`,
        message: `The scenario says nothing about ${region}: add it under regions (quota, price, hazard), or use another.`,
        found: region,
        limit: known.join(', '),
        source: 'scenario.resolved.regions',
      })),
  );
};

export const l4Region: Rule = (plan) => {
  if (!plan.machine.type.startsWith('g2-')) return [];
  return perShard(plan, (shard, path) =>
    regionsOf(shard)
      .filter((region) => BATCH_REGIONS.has(region) && !L4_REGIONS.has(region))
      .map((region) => ({
        rule: 'l4-region',
        severity: 'error',
        path: `${path}.region`,
        message: `${region} has no ${plan.machine.type}: the job would fail before its first task. Move the shard.`,
        found: region,
        limit: `one of the ${L4_REGIONS.size} regions with L4`,
        source: SOURCES.l4Regions,
      })),
  );
};

/** A job's zones must all lie in the job's region. */
export const zonesOfRegion: Rule = (plan) =>
  Object.entries(plan.cloud?.regions ?? {}).flatMap(([region, { zones, avoidZones }]) =>
    [...(zones ?? []), ...avoidZones]
      .filter((zone) => !(zone.startsWith(`${region}-`) && /^[a-z]$/.test(zone.slice(region.length + 1))))
      .map((zone) => ({
        rule: 'zone-in-region',
        severity: 'error',
        path: `cloud.regions.${region}.zones`,
        message: `A job of ${region} may only name zones of ${region}: remove ${zone}.`,
        found: zone,
        limit: `${region}-a, ${region}-b, ...`,
        source: SOURCES.protos,
      })),
  );

export const machineType: Rule = (plan) => {
  const { type, accelerator } = plan.machine;
  if (!type.startsWith('g2-')) {
    return [
      {
        rule: 'machine-type',
        severity: 'warning',
        path: 'machine.type',
        message: `${type} is no G2 machine: fepcast knows prices, zones and GPUs of G2 (L4) only; check the job by hand.`,
        found: type,
        limit: 'g2-standard-4 ... g2-standard-96',
        source: SOURCES.g2,
      },
    ];
  }
  return [...wrongAccelerator(type, accelerator), ...idleGpus(plan)];
};

function wrongAccelerator(type: string, accelerator: string | null) {
  if (accelerator === null || accelerator === 'nvidia-l4') return [];
  return [
    {
      rule: 'machine-accelerator',
      severity: 'error' as const,
      path: 'machine.accelerator',
      message: `${type} comes with L4 GPUs and takes no other: name nvidia-l4 or null.`,
      found: accelerator,
      limit: 'nvidia-l4',
      source: SOURCES.g2,
    },
  ];
}

/** One task runs on a VM, on one GPU. */
function idleGpus({ machine }: PlanFile) {
  const { gpus } = machineShape(machine.type, machine.accelerator === null ? 0 : 1);
  if (gpus <= 1) return [];
  return [
    {
      rule: 'idle-gpus',
      severity: 'warning' as const,
      path: 'machine.type',
      message: `${machine.type} has ${gpus} GPUs and fepcast runs one task on a VM: the others are paid and idle. Take g2-standard-4.`,
      found: gpus,
      limit: 1,
      source: SOURCES.createJob,
    },
  ];
}
