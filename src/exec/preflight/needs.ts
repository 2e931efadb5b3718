import { homeOf, stateUri } from '../../plan/homes.js';
import type { Plan } from '../../plan/plan.js';
import type { Provisioning } from '../../scenario/scenario.js';
import { parseGsUrl } from '../storagePort.js';
import { parseImageName } from './imageName.js';

/** The regions that the plan runs in, in the order of its shards. */
export function regionsOf(plan: Plan): string[] {
  return [...new Set(plan.shards.map(({ region }) => region))];
}

/** The most VMs of one kind that the plan wants in a region at a time: its widest wave. */
export interface WantedVms {
  region: string;
  provisioning: Provisioning;
  vms: number;
}

export function wantedVms(plan: Plan): WantedVms[] {
  const waves = new Map<string, WantedVms>();
  for (const { region, provisioning, wave, parallelism } of plan.shards) {
    const key = `${region} ${provisioning} ${wave}`;
    const vms = (waves.get(key)?.vms ?? 0) + parallelism;
    waves.set(key, { region, provisioning, vms });
  }
  const widest = new Map<string, WantedVms>();
  for (const wave of waves.values()) {
    const key = `${wave.region} ${wave.provisioning}`;
    if (wave.vms > (widest.get(key)?.vms ?? 0)) widest.set(key, wave);
  }
  return [...widest.values()];
}

/** The APIs that the plan's jobs and this program use. */
export function neededApis(plan: Plan): string[] {
  const regions = regionsOf(plan);
  const images = regions.map((region) => plan.image.uriByRegion[region] ?? '');
  return [
    'batch.googleapis.com',
    'compute.googleapis.com',
    'logging.googleapis.com',
    'storage.googleapis.com',
    ...(images.some((uri) => parseImageName(uri) !== null) ? ['artifactregistry.googleapis.com'] : []),
    ...(plan.image.delivery === 'streaming' ? ['containerfilesystem.googleapis.com'] : []),
    ...(Object.keys(plan.cloud?.secretEnvironment ?? {}).length > 0 ? ['secretmanager.googleapis.com'] : []),
  ];
}

/** What the caller does in the project. */
export const PROJECT_PERMISSIONS = [
  'batch.jobs.create',
  'batch.jobs.get',
  'batch.jobs.list',
  'batch.jobs.delete',
  'batch.tasks.list',
  'compute.regions.get',
];

/** What the caller does in each bucket: inputs, indexes and the ledger are written, results read. */
export const BUCKET_PERMISSIONS = [
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
];

export const ACT_AS = 'iam.serviceAccounts.actAs';

/** Roles of the account that the VMs run as. Source: https://docs.cloud.google.com/batch/docs/get-started */
export function accountRoles(plan: Plan): string[] {
  return [
    'roles/batch.agentReporter',
    'roles/logging.logWriter',
    ...(neededApis(plan).includes('artifactregistry.googleapis.com')
      ? ['roles/artifactregistry.reader']
      : []),
    ...(neededApis(plan).includes('secretmanager.googleapis.com')
      ? ['roles/secretmanager.secretAccessor']
      : []),
  ];
}

export interface NamedBucket {
  /** Without `gs://`. */
  name: string;
  kind: 'scratch' | 'results' | 'state';
  /** The region whose tasks have it as their home; null: it may lie anywhere. */
  region: string | null;
}

/** The buckets that the run will use: each region's own two, and that of the ledger. Each kind of a bucket once. */
export function bucketsOf(plan: Plan): NamedBucket[] {
  const buckets = regionsOf(plan).flatMap((region): NamedBucket[] => {
    const home = homeOf(plan, region);
    return [
      { name: home.scratchBucket, kind: 'scratch', region },
      { name: home.resultsBucket, kind: 'results', region },
    ];
  });
  const state = parseGsUrl(stateUri(plan));
  if (state !== null) buckets.push({ name: state.bucket, kind: 'state', region: null });
  return buckets.filter(
    ({ name, kind }, i) => buckets.findIndex((one) => one.name === name && one.kind === kind) === i,
  );
}

/** The account of the VMs; null: Compute Engine's default one. */
export function accountOf(plan: Plan, projectNumber: string | null): string | null {
  if (plan.cloud?.serviceAccount) return plan.cloud.serviceAccount;
  return projectNumber === null ? null : `${projectNumber}-compute@developer.gserviceaccount.com`;
}

/** Whether the plan's VMs must download a GPU driver from the internet: any boot image but Container-Optimized OS. */
export function needsInternet(plan: Plan, region: string): boolean {
  const { installGpuDrivers = true } = plan.cloud ?? {};
  const bootImage = plan.cloud?.regions[region]?.bootImage ?? 'batch-cos';
  return installGpuDrivers && plan.image.delivery !== 'baked' && !bootImage.includes('batch-cos');
}
