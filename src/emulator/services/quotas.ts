import { gpuMetrics } from '../../scenario/quotaMetrics.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { ProjectTrouble } from './project.js';

/** What VMs of one region take of its quotas now. */
export interface RegionUse {
  spotGpus: number;
  onDemandGpus: number;
  cpus: number;
  diskGb: number;
  vms: number;
  /** External addresses. */
  addresses: number;
}

export interface QuotaLine {
  metric: string;
  limit: number;
  usage: number;
}

/** Stands for a quota that the scenario says nothing about, and that must not bind. */
const AMPLE = 1_000_000;

/** The quotas of a region as Compute Engine lists them: the scenario's grants, used by the World's VMs and by others. */
export function regionQuotas(
  scenario: Scenario,
  region: string,
  use: RegionUse,
  { quotas }: ProjectTrouble,
): QuotaLine[] {
  const granted = scenario.regions[region]?.quota;
  const { spot, standard } = gpuMetrics(scenario.machine.accelerator);
  const isStandardDisk = scenario.machine.bootDisk.type === 'pd-standard';
  const lines: QuotaLine[] = [
    { metric: 'CPUS', limit: granted?.cpus ?? AMPLE, usage: use.cpus },
    { metric: 'PREEMPTIBLE_CPUS', limit: 0, usage: 0 },
    { metric: 'INSTANCES', limit: AMPLE, usage: use.vms },
    { metric: 'IN_USE_ADDRESSES', limit: AMPLE, usage: use.addresses },
    {
      metric: 'SSD_TOTAL_GB',
      limit: isStandardDisk ? AMPLE : (granted?.diskGb ?? AMPLE),
      usage: isStandardDisk ? 0 : use.diskGb,
    },
    {
      metric: 'DISKS_TOTAL_GB',
      limit: isStandardDisk ? (granted?.diskGb ?? AMPLE) : AMPLE,
      usage: isStandardDisk ? use.diskGb : 0,
    },
    { metric: standard, limit: granted?.onDemandGpus ?? 0, usage: use.onDemandGpus },
    { metric: spot, limit: granted?.spotGpus ?? 0, usage: use.spotGpus },
  ];
  return withTrouble(lines, quotas[region] ?? {});
}

/** The project-wide quotas: ample, unless the project is said to be short of them. */
export function projectQuotas(
  scenario: Scenario,
  useOf: (region: string) => RegionUse,
  { quotas }: ProjectTrouble,
): QuotaLine[] {
  const uses = Object.keys(scenario.regions).map(useOf);
  const gpus = uses.reduce((sum, use) => sum + use.spotGpus + use.onDemandGpus, 0);
  const cpus = uses.reduce((sum, use) => sum + use.cpus, 0);
  return withTrouble(
    [
      { metric: 'GPUS_ALL_REGIONS', limit: AMPLE, usage: gpus },
      { metric: 'CPUS_ALL_REGIONS', limit: AMPLE, usage: cpus },
    ],
    quotas.global ?? {},
  );
}

function withTrouble(
  lines: QuotaLine[],
  trouble: Record<string, { limit: number; usage: number }>,
): QuotaLine[] {
  const known = new Set(lines.map(({ metric }) => metric));
  const others = Object.entries(trouble).filter(([metric]) => !known.has(metric));
  return [
    ...lines.map((line) => {
      const grant = trouble[line.metric];
      return grant ? { ...line, limit: grant.limit, usage: line.usage + grant.usage } : line;
    }),
    ...others.map(([metric, { limit, usage }]) => ({ metric, limit, usage })),
  ];
}
