import { LIMITS } from '../../plan/limits.js';
import { type Plan, PROVISIONING_WORDS } from '../../plan/plan.js';
import { meanOf } from '../../scenario/distribution.js';
import { gpuQuotaOf } from '../../scenario/gpuQuota.js';
import { machineShape } from '../../scenario/machines.js';
import { gpuMetrics } from '../../scenario/quotaMetrics.js';
import { type Check, failed, grouped, notVerified, passed, warned } from './check.js';
import type { ProjectState } from './facts.js';
import { type WantedVms, wantedVms } from './needs.js';
import type { Quota } from './servicesPort.js';

/** What one VM takes of one quota, and how many VMs that quota allows. */
interface Room {
  metric: string;
  limit: number;
  /** VMs in all, and VMs beside what is in use now. */
  granted: number;
  free: number;
  perVm: number;
}

/** Whether the region's quotas hold the VMs that the plan wants there at a time. */
export function checkQuotas(plan: Plan, project: string, state: ProjectState): Check[] {
  return [
    ...wantedVms(plan).map((wanted) => checkRegion(plan, project, state, wanted)),
    ...checkEverywhere(plan, project, state),
  ];
}

function checkRegion(plan: Plan, project: string, state: ProjectState, wanted: WantedVms): Check {
  const { region, provisioning, vms } = wanted;
  const name = `quota ${region}${provisioning === 'spot' ? '' : ` ${PROVISIONING_WORDS[provisioning]}`}`;
  const quotas = state.regionQuotas[region];
  if (!quotas?.ok) {
    if (!quotas) return warned(name, 'Not verified: nobody asked.');
    return quotas.error.kind === 'NOT_FOUND'
      ? failed(name, `Compute Engine knows no region ${region}.`)
      : notVerified(name, quotas.error);
  }
  const rooms = roomsIn(plan, quotas.value, wanted);
  const tightest = rooms.reduce((least, next) => (next.granted < least.granted ? next : least));
  const repair = ask(project, tightest, region, vms);
  const kind = PROVISIONING_WORDS[provisioning];
  if (tightest.granted === 0) {
    return failed(
      name,
      `${region} has no room for one ${kind} ${plan.machine.type}: ${tightest.metric} is ${tightest.limit}.`,
      repair,
    );
  }
  const of = `${tightest.metric} is ${grouped(tightest.limit)}, enough for ${grouped(tightest.granted)} of ${grouped(vms)} ${kind} VMs in ${region}`;
  if (tightest.granted < vms) {
    const days = longestJobDays(plan, wanted, tightest.granted);
    const most = LIMITS[provisioning === 'flexStart' ? 'runningSecondsFlexStart' : 'runningSeconds'];
    const mostDays = most.value / 86_400;
    if (days > mostDays) {
      const long = `a job would run for ${grouped(days)} days, and Batch ends it after ${mostDays}`;
      return failed(name, `${of}: ${long}.`, repair);
    }
    return warned(name, `${of}: the rest waits.`, repair);
  }
  const busiest = rooms.reduce((least, next) => (next.free < least.free ? next : least));
  if (busiest.free < vms) {
    const left = `${busiest.metric} leaves ${grouped(busiest.free)} of ${grouped(vms)} ${kind} VMs in ${region}`;
    return warned(name, `${left}: the rest of it is in use now.`);
  }
  return passed(name, `${grouped(vms)} ${kind} VMs fit into the free quotas of ${region}.`);
}

/**
 * Spot VMs take the preemptible quota where the project has been given one, else the standard one.
 * Source: https://docs.cloud.google.com/compute/docs/instances/create-use-spot
 */
function roomsIn(plan: Plan, quotas: readonly Quota[], { provisioning }: WantedVms): Room[] {
  const find = (metric: string): Quota | undefined => quotas.find((quota) => quota.metric === metric);
  const preemptible = gpuQuotaOf(provisioning) === 'spotGpus';
  const either = (special: string, standard: string): Quota | undefined => {
    const first = preemptible ? find(special) : undefined;
    return first && first.limit > 0 ? first : (find(standard) ?? first);
  };
  const { accelerator, type, bootDiskType, bootDiskGb } = plan.machine;
  const shape = machineShape(type, accelerator === null ? 0 : 1);
  const metrics = gpuMetrics(accelerator);
  // A GPU that no quota is listed for has none, as Compute Engine lists every one that it knows.
  const gpus = either(metrics.spot, metrics.standard) ?? { metric: metrics.standard, limit: 0, usage: 0 };
  const takes: [Quota | undefined, number][] = [
    [shape.gpus > 0 ? gpus : undefined, shape.gpus],
    [either('PREEMPTIBLE_CPUS', 'CPUS'), shape.vcpus],
    [find(diskMetric(bootDiskType)), bootDiskGb],
    [find('INSTANCES'), 1],
    [plan.cloud?.externalIp ? find('IN_USE_ADDRESSES') : undefined, 1],
  ];
  const rooms = takes.flatMap(([quota, perVm]) => (quota ? [roomOf(quota, perVm)] : []));
  return rooms.length > 0 ? rooms : [roomOf({ metric: 'no quota', limit: Infinity, usage: 0 }, 1)];
}

/** pd-balanced and pd-ssd count as SSD. Source: https://docs.cloud.google.com/compute/resource-usage */
function diskMetric(type: string): string {
  if (type === 'pd-standard') return 'DISKS_TOTAL_GB';
  return type.startsWith('hyperdisk') ? 'HDB_TOTAL_GB' : 'SSD_TOTAL_GB';
}

function roomOf({ metric, limit, usage }: Quota, perVm: number): Room {
  // A negative limit stands for none at all.
  const most = limit < 0 ? Infinity : limit;
  return {
    metric,
    limit,
    granted: Math.floor(most / perVm),
    free: Math.max(0, Math.floor((most - usage) / perVm)),
    perVm,
  };
}

/** Days that the longest job of the region takes on so many VMs, without any loss. */
function longestJobDays(plan: Plan, { region, provisioning }: WantedVms, vms: number): number {
  const seconds = meanOf(plan.scenario.resolved.campaign.taskDurationSeconds);
  const shards = plan.shards.filter(
    (shard) => shard.region === region && shard.provisioning === provisioning,
  );
  const rounds = shards.map(({ taskCount, parallelism }) =>
    Math.ceil(taskCount / Math.min(parallelism, vms)),
  );
  return (Math.max(0, ...rounds) * seconds) / 86_400;
}

/** The quotas over all regions together; Spot GPUs are taken to count in them, which is the careful reading. */
function checkEverywhere(plan: Plan, project: string, { projectQuotas }: ProjectState): Check[] {
  const name = 'quota all regions';
  if (!projectQuotas.ok) return [notVerified(name, projectQuotas.error)];
  const wanted = wantedVms(plan);
  const vms = wanted.reduce((sum, one) => sum + one.vms, 0);
  const shape = machineShape(plan.machine.type, plan.machine.accelerator === null ? 0 : 1);
  const takes = [
    { metric: 'GPUS_ALL_REGIONS', perVm: shape.gpus },
    { metric: 'CPUS_ALL_REGIONS', perVm: shape.vcpus },
  ];
  const rooms = takes.flatMap(({ metric, perVm }) => {
    const quota = projectQuotas.value.find((one) => one.metric === metric);
    return quota && perVm > 0 ? [roomOf(quota, perVm)] : [];
  });
  const tightest = rooms.reduce<Room | null>(
    (least, next) => (least === null || next.granted < least.granted ? next : least),
    null,
  );
  if (tightest === null || tightest.granted >= vms) {
    return [passed(name, `${grouped(vms)} VMs fit into the quotas of all regions together.`)];
  }
  const repair = ask(project, tightest, null, vms);
  if (tightest.granted === 0) {
    return [
      failed(name, `${tightest.metric} is ${tightest.limit}: no GPU VM can be created anywhere.`, repair),
    ];
  }
  const room = `${tightest.metric} is ${grouped(tightest.limit)}, enough for ${grouped(tightest.granted)} of ${grouped(vms)} VMs in all regions`;
  const days = Math.max(...wanted.map((one) => longestJobDays(plan, one, tightest.granted)));
  if (days > LIMITS.runningSeconds.value / 86_400) {
    const most = LIMITS.runningSeconds.value / 86_400;
    const long = `a job would run for ${grouped(days)} days, and Batch ends it after ${most}`;
    return [failed(name, `${room}: ${long}.`, repair)];
  }
  return [warned(name, `${room}: the rest waits.`, repair)];
}

/**
 * Quota ids are the metrics with hyphens. A quota of a region has one preference, which a second request changes; an
 * increase wants the address of somebody who may change quotas: whoever pastes this.
 * Sources: https://docs.cloud.google.com/docs/quotas/gcloud-cli-examples and
 * https://docs.cloud.google.com/docs/quotas/reference/rest/v1/projects.locations.quotaPreferences
 */
function ask(project: string, room: Room, region: string | null, vms: number): string {
  const scope = region === null ? 'per-project' : 'per-project-region';
  const quotaId = room.metric.replaceAll('_', '-');
  const preference = `fepcast-${quotaId.toLowerCase()}${region === null ? '' : `-${region}`}`;
  return [
    `gcloud beta quotas preferences update ${preference} --allow-missing`,
    `--project=${project}`,
    '--service=compute.googleapis.com',
    `--quota-id=${quotaId}-${scope}`,
    ...(region === null ? [] : [`--dimensions=region=${region}`]),
    `--preferred-value=${vms * room.perVm}`,
    '--email="$(gcloud config get account)"',
  ].join(' ');
}
