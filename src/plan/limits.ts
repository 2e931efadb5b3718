/**
 * The limits of the services that a campaign runs on, each with its unit and its source. The linter compares a
 * plan with them, the emulator refuses what exceeds them, and a test holds the scenario's defaults to them.
 */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  /** A public page, or the protos of the client library. */
  readonly source: string;
}

/** Where the figures were read. */
export const SOURCES = {
  quotas: 'https://docs.cloud.google.com/batch/quotas',
  createJob: 'https://docs.cloud.google.com/batch/docs/create-run-job',
  basicJob: 'https://docs.cloud.google.com/batch/docs/create-run-basic-job',
  getStarted: 'https://docs.cloud.google.com/batch/docs/get-started',
  locations: 'https://docs.cloud.google.com/batch/docs/locations',
  labels: 'https://docs.cloud.google.com/batch/docs/organize-resources-using-labels',
  network: 'https://docs.cloud.google.com/batch/docs/specify-job-network',
  networking: 'https://docs.cloud.google.com/batch/docs/networking-overview',
  reservations: 'https://docs.cloud.google.com/batch/docs/create-run-job-reservation',
  secrets: 'https://docs.cloud.google.com/batch/docs/create-run-job-secret-manager',
  timeouts: 'https://docs.cloud.google.com/batch/docs/set-timeouts',
  retries: 'https://docs.cloud.google.com/batch/docs/automate-task-retries',
  imageStreaming: 'https://docs.cloud.google.com/batch/docs/use-image-streaming',
  troubleshooting: 'https://docs.cloud.google.com/batch/docs/troubleshooting',
  protos: 'protos of @google-cloud/batch 2.5.0',
  g2: 'https://docs.cloud.google.com/ai-hypercomputer/docs/create/create-vms-in-bulk-g2',
  l4Regions: 'https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator',
  l4Zones: 'https://github.com/skypilot-org/skypilot-catalog',
  computeQuota: 'https://docs.cloud.google.com/compute/resource-usage',
  bootDisk: 'https://github.com/DataBiosphere/dsub/blob/main/dsub/lib/job_model.py',
  registry: 'https://cloud.google.com/artifact-registry/quotas',
  imageNames: 'https://docs.cloud.google.com/artifact-registry/docs/docker/names',
  buckets: 'https://docs.cloud.google.com/storage/docs/buckets',
  lifecycle: 'https://docs.cloud.google.com/storage/docs/lifecycle',
  requestRate: 'https://docs.cloud.google.com/storage/docs/request-rate',
  storageQuotas: 'https://docs.cloud.google.com/storage/quotas',
  storagePricing: 'https://cloud.google.com/storage/pricing',
  softDelete: 'https://docs.cloud.google.com/storage/docs/soft-delete',
  spot: 'https://docs.cloud.google.com/compute/docs/instances/spot',
} as const;

const DAY = 86_400;

/** Google Cloud Batch: what one job, one project and one region may be. */
export const LIMITS = {
  agentRequestsPerMinute: { value: 30_000, unit: 'requests per minute and region', source: SOURCES.quotas },
  mutationRequestsPerMinute: { value: 6_000, unit: 'requests per minute and region', source: SOURCES.quotas },
  readRequestsPerMinute: { value: 15_000, unit: 'requests per minute and region', source: SOURCES.quotas },

  regionsPerJob: { value: 1, unit: 'regions', source: SOURCES.protos },
  taskGroupsPerJob: { value: 1, unit: 'task groups', source: SOURCES.protos },
  tasksPerJob: { value: 100_000, unit: 'tasks', source: SOURCES.quotas },
  parallelTasksPerJob: { value: 5_000, unit: 'tasks', source: SOURCES.quotas },
  vmsPerJobOneZone: { value: 2_000, unit: 'VMs', source: SOURCES.quotas },
  vmsPerJob: { value: 4_000, unit: 'VMs', source: SOURCES.quotas },
  tasksPerVm: { value: 20, unit: 'tasks', source: SOURCES.createJob },
  hostsFileVms: { value: 1_000, unit: 'VMs', source: SOURCES.protos },
  jobDefinitionBytes: { value: 1_000_000, unit: 'bytes', source: SOURCES.quotas },
  taskEnvironments: { value: 200, unit: 'entries', source: SOURCES.basicJob },
  instancePoliciesPerJob: { value: 1, unit: 'instance policies', source: SOURCES.protos },

  maxRetryCount: { value: 10, unit: 'retries', source: SOURCES.protos },
  lifecyclePoliciesPerTask: { value: 1, unit: 'policies', source: SOURCES.protos },
  priorityLowest: { value: 0, unit: 'priority', source: SOURCES.protos },
  priorityHighest: { value: 99, unit: 'priority', source: SOURCES.protos },

  queuedSeconds: { value: 2 * DAY, unit: 'seconds in QUEUED', source: SOURCES.quotas },
  runningSeconds: { value: 14 * DAY, unit: 'seconds in RUNNING', source: SOURCES.quotas },
  runningSecondsFlexStart: { value: 7 * DAY, unit: 'seconds in RUNNING', source: SOURCES.quotas },
  finishedJobsKeptSeconds: { value: 60 * DAY, unit: 'seconds', source: SOURCES.createJob },
  requestIdRememberedSeconds: { value: 60 * 60, unit: 'seconds', source: SOURCES.protos },

  jobLabels: { value: 63, unit: 'labels', source: SOURCES.labels },
  vmLabels: { value: 61, unit: 'labels', source: SOURCES.labels },
  labelCharacters: { value: 63, unit: 'characters', source: SOURCES.labels },
  tagCharacters: { value: 63, unit: 'characters', source: SOURCES.protos },
  jobIdCharacters: { value: 63, unit: 'characters', source: SOURCES.protos },
} as const satisfies Record<string, Limit>;

/** What the services beside Batch give. */
export const SERVICE_LIMITS = {
  /** A new bucket's capacity; it grows under sustained load, within minutes. */
  bucketWritesPerSecond: { value: 1_000, unit: 'requests per second', source: SOURCES.requestRate },
  bucketReadsPerSecond: { value: 5_000, unit: 'requests per second', source: SOURCES.requestRate },
  sameObjectWritesPerSecond: { value: 1, unit: 'writes per second', source: SOURCES.storageQuotas },
  registryRequestsPerMinute: {
    value: 60_000,
    unit: 'requests per minute and region',
    source: SOURCES.registry,
  },
  /** What other tools give a Batch VM that runs a container; less has been seen to fill up. */
  bootDiskGb: { value: 30, unit: 'GB', source: SOURCES.bootDisk },
} as const satisfies Record<string, Limit>;

/** Lower-case letters, digits and hyphens; a letter first, no hyphen last; at most 63 characters. */
export const JOB_ID_PATTERN = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** RFC 1035, as for a network tag. */
export const TAG_PATTERN = JOB_ID_PATTERN;

export const RESERVED_LABEL_PREFIXES = ['goog-', 'google-'] as const;
export const PREDEFINED_LABELS = ['batch-job-id', 'batch-job-uid', 'batch-node'] as const;

/** Where a Batch job can live. Source: SOURCES.locations, page of 2026-04-08. */
export const BATCH_REGIONS: ReadonlySet<string> = new Set([
  'northamerica-northeast1',
  'northamerica-northeast2',
  'southamerica-east1',
  'southamerica-west1',
  'us-central1',
  'us-east1',
  'us-east4',
  'us-east5',
  'us-south1',
  'us-west1',
  'us-west2',
  'us-west3',
  'us-west4',
  'europe-central2',
  'europe-north1',
  'europe-southwest1',
  'europe-west1',
  'europe-west2',
  'europe-west3',
  'europe-west4',
  'europe-west6',
  'europe-west8',
  'europe-west9',
  'europe-west10',
  'europe-west12',
  'me-central1',
  'me-central2',
  'me-west1',
  'asia-east1',
  'asia-east2',
  'asia-northeast1',
  'asia-northeast2',
  'asia-northeast3',
  'asia-south1',
  'asia-south2',
  'asia-southeast1',
  'asia-southeast2',
  'australia-southeast1',
  'australia-southeast2',
]);

/** Where G2 machines (L4) exist. Source: SOURCES.l4Regions, list of 2026-08-10 made from the Compute API. */
export const L4_REGIONS: ReadonlySet<string> = new Set([
  'asia-east1',
  'asia-northeast1',
  'asia-northeast3',
  'asia-south1',
  'asia-southeast1',
  'europe-west1',
  'europe-west2',
  'europe-west3',
  'europe-west4',
  'europe-west6',
  'me-central2',
  'northamerica-northeast1',
  'northamerica-northeast2',
  'us-central1',
  'us-east1',
  'us-east4',
  'us-west1',
  'us-west4',
]);
