import type { Plan } from '../../plan/plan.js';
import type { BucketInfo, StoragePort } from '../storagePort.js';
import { type Known, known } from './check.js';
import { parseImageName } from './imageName.js';
import {
  ACT_AS,
  accountOf,
  BUCKET_PERMISSIONS,
  bucketsOf,
  neededApis,
  PROJECT_PERMISSIONS,
  regionsOf,
} from './needs.js';
import type { ImageFacts, ProjectFacts, Quota, ServicesPort } from './servicesPort.js';

export interface NetworkFacts {
  network: string;
  privateGoogleAccess: boolean;
  nat: boolean;
}

/** What was found out about the project, before anything is judged. */
export interface ProjectState {
  /** Who asks, as ServicesPort has it. */
  caller: string;
  project: Known<ProjectFacts>;
  /** Those that are on, of the ones that the plan needs. */
  enabledApis: Known<string[]>;
  projectQuotas: Known<Quota[]>;
  regionQuotas: Record<string, Known<Quota[]>>;
  /** Those of PROJECT_PERMISSIONS that the caller holds. */
  permissions: Known<string[]>;
  /** The account of the VMs; null when not even its name is known. */
  account: { email: string; held: Known<string[]>; roles: Known<string[]> } | null;
  /** By the URI in the plan; only images of Artifact Registry. */
  images: Record<string, Known<ImageFacts>>;
  buckets: Record<string, { info: Known<BucketInfo>; held: Known<string[]> }>;
  /** Where VMs have no external address. */
  networks: Record<string, Known<NetworkFacts>>;
}

/** Asks everything at once; a service that does not answer leaves its own facts unknown. */
export async function gatherState(
  plan: Plan,
  ports: { services: ServicesPort; storage: Pick<StoragePort, 'bucketInfo' | 'testPermissions'> },
): Promise<ProjectState> {
  const { services, storage } = ports;
  const regions = regionsOf(plan);
  const uris = new Set(regions.map((region) => plan.image.uriByRegion[region] ?? ''));
  const project = known(services.project());
  const account = async (): Promise<ProjectState['account']> => {
    const found = await project;
    const email = accountOf(plan, found.ok ? found.value.number : null);
    if (email === null) return null;
    const [held, roles] = await Promise.all([
      known(services.accountPermissions(email, [ACT_AS])),
      known(services.rolesOf(email)),
    ]);
    return { email, held, roles };
  };
  const bucket = async (name: string): Promise<ProjectState['buckets'][string]> => {
    const [info, held] = await Promise.all([
      known(storage.bucketInfo(name)),
      known(storage.testPermissions(name, BUCKET_PERMISSIONS)),
    ]);
    return { info, held };
  };
  const names = [...new Set(bucketsOf(plan).map(({ name }) => name))];
  const closed = plan.cloud?.externalIp === true ? [] : regions;
  const facts = await Promise.all([
    services.caller(),
    project,
    known(services.enabledApis(neededApis(plan))),
    known(services.projectQuotas()),
    byKey(regions, (region) => known(services.regionQuotas(region))),
    known(services.projectPermissions(PROJECT_PERMISSIONS)),
    account(),
    byKey(
      [...uris].filter((uri) => parseImageName(uri) !== null),
      (uri) => known(lookUp(services, uri)),
    ),
    byKey(names, bucket),
    byKey(closed, (region) => known(networkOf(services, plan, region))),
  ]);
  const [caller, found, enabledApis, projectQuotas, regionQuotas, permissions, ...rest] = facts;
  const [who, images, buckets, networks] = rest;
  return {
    caller,
    project: found,
    enabledApis,
    projectQuotas,
    regionQuotas,
    permissions,
    account: who,
    images,
    buckets,
    networks,
  };
}

async function byKey<T>(
  keys: readonly string[],
  ask: (key: string) => Promise<T>,
): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await ask(key)] as const)));
}

async function lookUp(services: ServicesPort, uri: string): Promise<ImageFacts> {
  const name = parseImageName(uri);
  if (name === null) throw new Error(`${uri} is no image of Artifact Registry`);
  return services.image(name);
}

async function networkOf(services: ServicesPort, plan: Plan, region: string): Promise<NetworkFacts> {
  const subnetwork = plan.cloud?.regions[region]?.subnetwork ?? null;
  const { network, privateGoogleAccess } = await services.subnetwork(region, subnetwork);
  return { network, privateGoogleAccess, nat: await services.hasNat(region, subnetwork, network) };
}
