import type { ImageName } from './imageName.js';

/** One quota of Compute Engine: what is granted and what is in use, in the metric's own unit. */
export interface Quota {
  metric: string;
  limit: number;
  usage: number;
}

export interface ProjectFacts {
  /** The project's number, which the default service account's name begins with. */
  number: string;
  active: boolean;
}

export interface ImageFacts {
  /** `sha256:...` */
  digest: string;
  /** Compressed, as it travels; null where the registry does not tell. */
  sizeBytes: number | null;
}

export interface SubnetworkFacts {
  /** Name of its VPC network. */
  network: string;
  /** VMs without an external address reach Google's APIs. */
  privateGoogleAccess: boolean;
}

/** One line of the price catalog, at its first tier. */
export interface Sku {
  description: string;
  /** `OnDemand`, `Preemptible`, `Commit1Yr`, ... */
  usageType: string;
  regions: string[];
  /** `h`, `GiBy.h`, ... */
  unit: string;
  usdPerUnit: number;
}

/** How likely Spot VMs are to be had now. */
export interface CapacityAdvice {
  /** 0 ... 1; from 0.7 on Google calls it high, below 0.4 low. */
  obtainability: number;
  /** Most of the VMs should live at least so long; null where it is not told. */
  estimatedUptimeSeconds: number | null;
}

/**
 * All that is asked of Google's services before a run, besides Batch and Cloud Storage: reads only. Every failure is
 * a ServiceError (a PortError), after retries and within a deadline.
 */
export interface ServicesPort {
  /** The login as a member of a policy, written for a shell. */
  caller(): Promise<string>;
  project(): Promise<ProjectFacts>;
  /** Those of the named APIs that are switched on. */
  enabledApis(names: readonly string[]): Promise<string[]>;
  /** Project-wide quotas: GPUS_ALL_REGIONS, CPUS_ALL_REGIONS. */
  projectQuotas(): Promise<Quota[]>;
  regionQuotas(region: string): Promise<Quota[]>;
  /** Those of the permissions that the caller holds on the project. */
  projectPermissions(permissions: readonly string[]): Promise<string[]>;
  /** Those of the permissions that the caller holds on a service account. */
  accountPermissions(email: string, permissions: readonly string[]): Promise<string[]>;
  /** Roles that the project's own policy gives the account by its name: not inherited ones, nor those of groups. */
  rolesOf(email: string): Promise<string[]>;
  /** Looks the tag or the digest up. */
  image(image: ImageName): Promise<ImageFacts>;
  /** `name`: a bare name, a path or a URL of a subnetwork; null: the default one. */
  subnetwork(region: string, name: string | null): Promise<SubnetworkFacts>;
  /** Whether a Cloud NAT gateway serves the network in that region. */
  hasNat(region: string, subnetwork: string | null, network: string): Promise<boolean>;
  /** The lines of Compute Engine's price catalog that are wanted; the whole of it is some 40,000 lines. */
  skus(isWanted: (sku: Sku) => boolean): Promise<Sku[]>;
  capacityAdvice(request: { region: string; machineType: string; vms: number }): Promise<CapacityAdvice>;
}
