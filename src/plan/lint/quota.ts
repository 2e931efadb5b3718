import { gpuQuotaOf } from '../../scenario/gpuQuota.js';
import { machineShape } from '../../scenario/machines.js';
import type { Provisioning, Region } from '../../scenario/scenario.js';
import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile, ShardFile } from '../planFile.js';
import { grouped, type Rule, scenarioRegionOf } from './finding.js';

/** What one region can run at a time, and which of its quotas says so. */
export interface UsableVms {
  vms: number;
  quota: 'spotGpus' | 'onDemandGpus' | 'cpus' | 'diskGb';
  /** The quota itself, and what one VM takes of it. */
  granted: number;
  perVm: number;
}

export function usableVms(plan: PlanFile, region: Region, provisioning: Provisioning): UsableVms {
  const shape = machineShape(plan.machine.type, plan.machine.accelerator === null ? 0 : 1);
  const takes: [UsableVms['quota'], number][] = [
    [gpuQuotaOf(provisioning), shape.gpus],
    ['cpus', shape.vcpus],
    ['diskGb', plan.machine.bootDiskGb],
  ];
  return takes
    .map(([quota, perVm]) => {
      const granted = region.quota[quota] ?? Infinity;
      return { quota, granted, perVm, vms: Math.floor(granted / perVm) };
    })
    .reduce((least, next) => (next.vms < least.vms ? next : least));
}

/** Shards that are submitted together and share one region's quota. */
export interface WaveOfRegion {
  region: string;
  provisioning: Provisioning;
  wave: number;
  shards: { shard: ShardFile; index: number }[];
  parallelism: number;
  usable: UsableVms;
}

export function wavesOf(plan: PlanFile): WaveOfRegion[] {
  const waves = new Map<string, WaveOfRegion>();
  plan.shards.forEach((shard, index) => {
    const place = scenarioRegionOf(plan, shard);
    if (!place) return;
    const { provisioning, wave } = shard;
    const key = `${place.name} ${provisioning} ${wave}`;
    const known = waves.get(key) ?? {
      region: place.name,
      provisioning,
      wave,
      shards: [],
      parallelism: 0,
      usable: usableVms(plan, place.region, provisioning),
    };
    known.shards.push({ shard, index });
    known.parallelism += shard.parallelism;
    waves.set(key, known);
  });
  return [...waves.values()];
}

/** The wave of each region and provisioning model that asks for most. */
function largestWaves(plan: PlanFile): WaveOfRegion[] {
  const largest = new Map<string, WaveOfRegion>();
  for (const wave of wavesOf(plan)) {
    const key = `${wave.region} ${wave.provisioning}`;
    if (wave.parallelism > (largest.get(key)?.parallelism ?? 0)) largest.set(key, wave);
  }
  return [...largest.values()];
}

const QUOTA_NAMES = {
  spotGpus: 'Spot GPUs',
  onDemandGpus: 'standard GPUs',
  cpus: 'CPUs',
  diskGb: 'GB of disk',
};

export const quota: Rule = (plan) =>
  largestWaves(plan).flatMap((wave): Finding[] => {
    const { region, usable, parallelism } = wave;
    const path = `scenario.resolved.regions.${region}.quota.${usable.quota}`;
    const name = QUOTA_NAMES[usable.quota];
    if (usable.vms === 0) {
      return [
        {
          rule: 'quota-none',
          severity: 'error',
          path,
          message: `Not one VM fits into ${region}'s quota of ${name}: its shards can never run. Ask for quota, or move them.`,
          found: usable.granted,
          limit: usable.perVm,
          source: SOURCES.computeQuota,
        },
      ];
    }
    if (parallelism <= usable.vms) return [];
    return [
      {
        rule: 'quota',
        severity: 'warning',
        path,
        message: `Wave ${wave.wave} of ${region} asks for ${grouped(parallelism)} VMs and the quota of ${name} allows ${grouped(usable.vms)}: the rest waits. Lower parallelism, or ask for quota.`,
        found: parallelism,
        limit: usable.vms,
        source: SOURCES.computeQuota,
      },
    ];
  });

/** What may follow on demand needs quota for it: a remainder, or a task that was preempted too often. */
export const onDemandQuota: Rule = (plan) => {
  const wanted: { path: string; what: string }[] = [];
  if (plan.remainder.policy === 'onDemand') wanted.push({ path: 'remainder.policy', what: 'A remainder' });
  if (plan.tail.onDemandAfterPreemptions !== null) {
    wanted.push({ path: 'tail.onDemandAfterPreemptions', what: 'A task that was preempted too often' });
  }
  const regions = new Set(
    plan.shards.flatMap((shard) => {
      const place = scenarioRegionOf(plan, shard);
      return place && usableVms(plan, place.region, 'onDemand').vms === 0 ? [place.name] : [];
    }),
  );
  return wanted.flatMap(({ path, what }) =>
    [...regions].map((region) => ({
      rule: 'on-demand-quota',
      severity: 'warning',
      path,
      message: `${what} is to run on demand, and ${region} has no quota for an on-demand VM: ask for some, or choose sameRegion.`,
      found: 0,
      limit: machineShape(plan.machine.type, plan.machine.accelerator === null ? 0 : 1).gpus,
      source: SOURCES.computeQuota,
    })),
  );
};
