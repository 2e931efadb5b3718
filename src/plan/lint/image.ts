import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { imageDigest } from '../workDigest.js';
import { type Rule, usedRegions } from './finding.js';

/** Region or multi-region of a repository in Artifact Registry; null: the image lies elsewhere. */
export function registryLocation(uri: string): string | null {
  return /^([a-z0-9-]+)-docker\.pkg\.dev\//.exec(uri)?.[1] ?? null;
}

/** A repository of the region, or of the continent that it is in: `us`, `europe`, `asia`. */
export function servesRegion(location: string, region: string): boolean {
  return location === region || location === region.split('-')[0];
}

function used(plan: PlanFile): { region: string; uri: string; path: string }[] {
  const regions = usedRegions(plan);
  return Object.entries(plan.image.uriByRegion)
    .filter(([region]) => regions.includes(region))
    .map(([region, uri]) => ({ region, uri, path: `image.uriByRegion.${region}` }));
}

/** Where a project is named, its regions need an image each. */
export const imageMissing: Rule = (plan) => {
  if (plan.cloud === null) return [];
  return usedRegions(plan)
    .filter((region) => plan.image.uriByRegion[region] === undefined)
    .map((region) => ({
      rule: 'image-missing',
      severity: 'warning',
      path: `image.uriByRegion.${region}`,
      message: `No image is named for ${region}: the plan can be rehearsed, but not executed on Google. Set cloud.regions.${region}.imageUri.`,
      found: 'none',
      limit: `${region}-docker.pkg.dev/...@sha256:...`,
      source: SOURCES.imageNames,
    }));
};

/** A tag may move while a campaign runs, and results of two images must not be mixed. */
export const imageByDigest: Rule = (plan) =>
  used(plan)
    .filter(({ uri }) => imageDigest(uri) === null)
    .map(({ uri, path }) => ({
      rule: 'image-digest',
      severity: 'warning',
      path,
      message: 'A tag may be moved to another image while the campaign runs: name the image by its digest.',
      found: uri,
      limit: '...@sha256:...',
      source: SOURCES.imageNames,
    }));

export const imageDigestsDiffer: Rule = (plan) => {
  const digests = new Set(used(plan).flatMap(({ uri }) => imageDigest(uri) ?? []));
  if (digests.size <= 1) return [];
  return [
    {
      rule: 'image-digests-differ',
      severity: 'error',
      path: 'image.uriByRegion',
      message:
        'The regions run different images, and a task that moves would go on with another engine: copy one image to all.',
      found: `${digests.size} digests`,
      limit: 'one digest',
      source: SOURCES.imageNames,
    },
  ];
};

/** A pull from another region is slower, is billed as a transfer, and shares that region's quota. */
export const imageRegion: Rule = (plan) => {
  // A streamed image must be there: that is a finding of its own. A baked one is on the disk.
  if (plan.image.delivery !== 'pull') return [];
  return used(plan).flatMap(({ region, uri, path }): Finding[] => {
    const location = registryLocation(uri);
    if (location === null || servesRegion(location, region)) return [];
    return [
      {
        rule: 'image-region',
        severity: 'warning',
        path,
        message: `VMs of ${region} would pull the image from ${location}, which is slower and billed as a transfer: copy it to a repository in ${region}.`,
        found: location,
        limit: region,
        source: SOURCES.imageNames,
      },
    ];
  });
};

/** Private Google Access reaches Google's registries only. */
export const imageReachable: Rule = (plan) => {
  const { cloud } = plan;
  if (cloud === null || cloud.externalIp || cloud.nat || plan.image.delivery === 'baked') return [];
  return used(plan).flatMap(({ uri, path }): Finding[] => {
    if (registryLocation(uri) !== null || /^(?:[a-z]+\.)?gcr\.io\//.test(uri)) return [];
    return [
      {
        rule: 'image-reachable',
        severity: 'error',
        path,
        message:
          "A VM without an external IP reaches no registry but Google's: copy the image to Artifact Registry, say nat if the network has Cloud NAT, or set externalIp.",
        found: uri,
        limit: '...-docker.pkg.dev/...',
        source: SOURCES.networking,
      },
    ];
  });
};

const BATCH_IMAGES = /^batch-(?:cos|debian|hpc-rocky|centos|hpc-centos)$/;

/** A baked image is a boot disk of one's own, with the container image and the driver on it. */
export const bakedImage: Rule = (plan) => {
  const { cloud } = plan;
  if (cloud === null || plan.image.delivery !== 'baked') return [];
  const findings = usedRegions(plan).flatMap((region): Finding[] => {
    const image = cloud.regions[region]?.bootImage ?? null;
    if (image !== null && !BATCH_IMAGES.test(image)) return [];
    return [
      {
        rule: 'baked-boot-image',
        severity: 'error',
        path: `cloud.regions.${region}.bootImage`,
        message: `Image delivery baked needs a boot image of your own with the container image and the GPU driver on it: name it, or use pull.`,
        found: image ?? 'none (batch-cos)',
        limit: 'the URL of an image',
        source: SOURCES.protos,
      },
    ];
  });
  if (!cloud.installGpuDrivers) return findings;
  return [
    ...findings,
    {
      rule: 'baked-drivers',
      severity: 'warning',
      path: 'cloud.installGpuDrivers',
      message:
        'With image delivery baked the driver is taken to be on the boot disk and Batch is not asked to install it: make sure that it is, and say installGpuDrivers: false.',
      found: 'true',
      limit: 'false',
      source: SOURCES.protos,
    },
  ];
};
