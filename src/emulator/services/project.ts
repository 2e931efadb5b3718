import { z } from 'zod';
import type { Scenario } from '../../scenario/scenario.js';
import { projectNumber } from '../projectNumber.js';

/** The services beside Batch and Cloud Storage that the emulator answers for. */
export const SERVICES = [
  'artifactregistry',
  'cloudbilling',
  'cloudresourcemanager',
  'compute',
  'iam',
  'serviceusage',
] as const;

/** What a canary (and any other task) of a region can run into. */
export const TROUBLES = ['agentNotReporting', 'imageNotPullable', 'noGpu', 'bucketForbidden'] as const;
export type Trouble = (typeof TROUBLES)[number];

const grant = z.strictObject({
  limit: z.number().min(0),
  /** In use by others than the World's VMs. */
  usage: z.number().min(0).default(0),
});

/**
 * What is wrong with the project that the emulator plays. The empty description is a project in which everything is
 * as the scenario needs it.
 */
export const projectTroubleSchema = z.strictObject({
  /** APIs that are switched off: `batch.googleapis.com`. */
  disabledApis: z.array(z.string()).default([]),
  /** By region, or `global`: metric -> what is granted. Anything else follows from the scenario's quotas. */
  quotas: z.record(z.string(), z.record(z.string(), grant)).default({}),
  /** `us-central1-docker.pkg.dev/p/r/image:tag` -> its digest; null: it is not there. Others have one by their name. */
  images: z.record(z.string(), z.string().nullable()).default({}),
  /** By bucket: fields of its resource that are not as they should be; null: there is no such bucket. */
  buckets: z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).default({}),
  /** Buckets that belong to somebody else: they are there, and nothing may be done with them. */
  foreignBuckets: z.array(z.string()).default([]),
  /** Permissions that the caller lacks: `iam.serviceAccounts.actAs`; those of Cloud Storage its tasks lack, too. */
  deniedPermissions: z.array(z.string()).default([]),
  /** Roles of the job's account in the project's policy; null: the caller may not read the policy. */
  jobAccountRoles: z
    .array(z.string())
    .nullable()
    .default([
      'roles/batch.agentReporter',
      'roles/logging.logWriter',
      'roles/artifactregistry.reader',
      'roles/storage.objectUser',
      'roles/secretmanager.secretAccessor',
    ]),
  privateGoogleAccess: z.boolean().default(true),
  /** Regions with a Cloud NAT gateway; null: all of them. */
  natRegions: z.array(z.string()).nullable().default(null),
  /** Services that answer 503. */
  unavailable: z.array(z.enum(SERVICES)).default([]),
  /** By region: how likely Spot VMs are to be had, 0 ... 1; null: no advice is given. */
  obtainability: z.record(z.string(), z.number().min(0).max(1).nullable()).default({}),
  /** By region: what its tasks run into. */
  tasks: z.record(z.string(), z.enum(TROUBLES)).default({}),
});

export type ProjectTrouble = z.output<typeof projectTroubleSchema>;
export type ProjectTroubleInput = z.input<typeof projectTroubleSchema>;

export const WELL: ProjectTrouble = projectTroubleSchema.parse({});

/** What Cloud Storage refuses to everyone in that project. */
export function refusedBy({ deniedPermissions, foreignBuckets }: ProjectTrouble) {
  return (permission: string, bucket: string | null): boolean =>
    deniedPermissions.includes(permission) || (bucket !== null && foreignBuckets.includes(bucket));
}

/** The account that the scenario's jobs run as. */
export function jobAccountOf({ cloud }: Scenario, project: string): string {
  return cloud?.serviceAccount ?? `${projectNumber(project)}-compute@developer.gserviceaccount.com`;
}
