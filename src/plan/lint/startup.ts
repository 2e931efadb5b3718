import { LIMITS, SERVICE_LIMITS, SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import { grouped, type Rule, usedRegions } from './finding.js';
import { registryLocation, servesRegion } from './image.js';
import { wavesOf } from './quota.js';

const GB = 1e9;

/** The image is unpacked onto the boot disk, beside the system; a streamed one is not. */
export const bootDiskSize: Rule = (plan) => {
  if (plan.image.delivery === 'streaming') return [];
  const { bootDiskGb } = plan.machine;
  const imageGb = Math.ceil(plan.scenario.resolved.image.unpackedBytes / GB);
  const path = 'machine.bootDiskGb';
  const { value: usual, source } = SERVICE_LIMITS.bootDiskGb;
  if (bootDiskGb < imageGb) {
    const message = `The image takes ${imageGb} GB unpacked, without the system: give the boot disk at least ${Math.max(usual, imageGb + usual)} GB.`;
    return [
      { rule: 'boot-disk-size', severity: 'error', path, message, found: bootDiskGb, limit: imageGb, source },
    ];
  }
  if (bootDiskGb >= usual) return [];
  const message = `A Batch VM that runs a container is usually given ${usual} GB or more: enlarge the boot disk.`;
  return [
    { rule: 'boot-disk-size', severity: 'warning', path, message, found: bootDiskGb, limit: usual, source },
  ];
};

export const bootDiskType: Rule = ({ machine }) => {
  if (!machine.type.startsWith('g2-') || machine.bootDiskType !== 'pd-standard') return [];
  return [
    {
      rule: 'boot-disk-type',
      severity: 'error',
      path: 'machine.bootDiskType',
      message: 'G2 machines take no pd-standard disk, and no VM would be created: use pd-balanced.',
      found: machine.bootDiskType,
      limit: 'pd-balanced, pd-ssd',
      source: SOURCES.g2,
    },
  ];
};

export const imageStreaming: Rule = (plan) => {
  if (plan.image.delivery !== 'streaming') return [];
  return [
    {
      rule: 'image-streaming',
      severity: 'warning',
      path: 'image.delivery',
      message:
        'Nothing says that GPUs work under image streaming, and container options are dropped: try one task first, or use pull or baked.',
      found: 'streaming',
      limit: 'pull, baked',
      source: SOURCES.imageStreaming,
    },
    ...Object.entries(plan.image.uriByRegion).flatMap(([region, uri]): Finding[] => {
      const location = registryLocation(uri);
      if (location !== null && servesRegion(location, region)) return [];
      return [
        {
          rule: 'image-streaming-location',
          severity: 'error',
          path: `image.uriByRegion.${region}`,
          message: `Only an image in Artifact Registry, in ${region} or its multi-region, can be streamed: copy it there.`,
          found: uri,
          limit: `${region}-docker.pkg.dev/...`,
          source: SOURCES.imageStreaming,
        },
      ];
    }),
  ];
};

/** Batch's GPU driver script for other images than Container-Optimized OS downloads from the internet. */
export const driversNeedInternet: Rule = (plan) => {
  const { cloud } = plan;
  if (!cloud?.installGpuDrivers || cloud.externalIp || cloud.nat || plan.image.delivery === 'baked')
    return [];
  return usedRegions(plan).flatMap((region): Finding[] => {
    const image = cloud.regions[region]?.bootImage ?? null;
    if (image === null || image === 'batch-cos' || /\/cos-|family\/batch-cos/.test(image)) return [];
    return [
      {
        rule: 'drivers-need-internet',
        severity: 'error',
        path: `cloud.regions.${region}.bootImage`,
        message: `GPU drivers for ${image} are downloaded from the internet, which a VM without an external IP cannot reach: use batch-cos, bake the driver in (image delivery baked), say nat if the network has Cloud NAT, or set externalIp.`,
        found: image,
        limit: 'batch-cos',
        source: SOURCES.protos,
      },
    ];
  });
};

/** VMs that start together pull together. */
export const registryRate: Rule = (plan) => {
  if (plan.image.delivery !== 'pull') return [];
  const { batch, startup } = plan.scenario.resolved;
  const { value: limit, source } = SERVICE_LIMITS.registryRequestsPerMinute;
  const pulls = new Map<string, number>();
  for (const { region, parallelism, usable } of wavesOf(plan)) {
    const perMinute = Math.min(parallelism, usable.vms, batch.vmsPerMinute ?? Infinity);
    pulls.set(region, Math.max(pulls.get(region) ?? 0, perMinute));
  }
  return [...pulls].flatMap(([region, perMinute]): Finding[] => {
    const requests = Math.round(perMinute * startup.registry.requestsPerPull);
    if (requests <= limit) return [];
    return [
      {
        rule: 'registry-rate',
        severity: 'warning',
        path: 'image.delivery',
        message: `${grouped(perMinute)} VMs a minute in ${region} ask the registry ${grouped(requests)} times a minute, and it answers ${grouped(limit)}: bake the image in, or use fewer layers.`,
        found: requests,
        limit,
        source,
      },
    ];
  });
};

/** A forecast made in a world without Batch's limits does not tell what Batch will do. */
export const liftedLimits: Rule = (plan) => {
  const { limits } = plan.scenario.resolved.batch;
  const real = {
    parallelTasksPerJob: LIMITS.parallelTasksPerJob,
    vmsPerJob: LIMITS.vmsPerJob,
    vmsPerJobOneZone: LIMITS.vmsPerJobOneZone,
    tasksPerJob: LIMITS.tasksPerJob,
    retries: LIMITS.maxRetryCount,
    queuedSeconds: LIMITS.queuedSeconds,
    runningSeconds: LIMITS.runningSeconds,
  } as const satisfies Record<keyof typeof limits, (typeof LIMITS)[keyof typeof LIMITS]>;
  const lifted = (Object.keys(real) as (keyof typeof real)[]).filter((name) => {
    const assumed = limits[name];
    return assumed === null || assumed > real[name].value;
  });
  if (lifted.length === 0) return [];
  return [
    {
      rule: 'lifted-limit',
      severity: 'warning',
      path: 'scenario.resolved.batch.limits',
      message: `The forecast assumes more than Batch allows (${lifted.join(', ')}): for a plan that is to be executed, leave the limits as they are.`,
      found: lifted.map((name) => `${name} ${limits[name] ?? 'unlimited'}`).join(', '),
      limit: lifted.map((name) => `${name} ${real[name].value}`).join(', '),
      source: SOURCES.quotas,
    },
  ];
};
