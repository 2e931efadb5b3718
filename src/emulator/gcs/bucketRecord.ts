import { invalid } from './gcsError.js';
import { isObject, isoTime, type JsonObject } from './json.js';

/** One bucket as it is stored. */
export interface BucketRecord {
  name: string;
  /** Upper case, as Google writes it. */
  location: string;
  storageClass: string;
  metageneration: number;
  /** Milliseconds since the Unix epoch, in campaign time. */
  createdAt: number;
  updatedAt: number;
  /** Seconds for which no object may be overwritten or deleted; null: no policy. */
  retention: { seconds: number; effectiveAt: number; locked: boolean } | null;
  /** Seconds for which what is deleted would be kept; 0: not at all. Only shown: nothing can be restored. */
  softDelete: { seconds: number; effectiveAt: number };
  defaultEventBasedHold: boolean;
  /** What is stored and shown as the client wrote it: versioning, lifecycle, labels, iamConfiguration and so on. */
  shown: JsonObject;
}

/** Source: https://docs.cloud.google.com/storage/docs/soft-delete */
const DEFAULT_SOFT_DELETE_SECONDS = 7 * 24 * 3600;
const DEFAULT_LOCATION = 'US';
const DEFAULT_STORAGE_CLASS = 'STANDARD';

/** Kept as given and shown again; the emulator does not act on them. */
const SHOWN = [
  'versioning',
  'lifecycle',
  'labels',
  'iamConfiguration',
  'billing',
  'website',
  'logging',
  'cors',
  'encryption',
  'autoclass',
  'hierarchicalNamespace',
  'rpo',
];

export function newBucket(name: string, json: JsonObject, now: number): BucketRecord {
  const bucket: BucketRecord = {
    name,
    location: textOf(json, 'location', DEFAULT_LOCATION).toUpperCase(),
    storageClass: textOf(json, 'storageClass', DEFAULT_STORAGE_CLASS),
    metageneration: 1,
    createdAt: now,
    updatedAt: now,
    retention: null,
    softDelete: { seconds: DEFAULT_SOFT_DELETE_SECONDS, effectiveAt: now },
    defaultEventBasedHold: false,
    shown: {
      iamConfiguration: { uniformBucketLevelAccess: { enabled: false }, publicAccessPrevention: 'inherited' },
    },
  };
  return { ...patchedBucket(bucket, json, now), metageneration: 1 };
}

/** The bucket after a PATCH: what it does not name stays, null clears. The location cannot be changed. */
export function patchedBucket(before: BucketRecord, json: JsonObject, now: number): BucketRecord {
  const after: BucketRecord = {
    ...before,
    shown: { ...before.shown },
    metageneration: before.metageneration + 1,
    updatedAt: now,
  };
  if (json.retentionPolicy !== undefined) after.retention = retentionOf(json.retentionPolicy, before, now);
  if (json.softDeletePolicy !== undefined) after.softDelete = softDeleteOf(json.softDeletePolicy, now);
  if (typeof json.defaultEventBasedHold === 'boolean')
    after.defaultEventBasedHold = json.defaultEventBasedHold;
  if (typeof json.storageClass === 'string') after.storageClass = json.storageClass;
  for (const key of SHOWN) {
    if (json[key] !== undefined) after.shown[key] = merged(before.shown[key], json[key]);
    if (after.shown[key] === null) delete after.shown[key];
  }
  return after;
}

function merged(before: unknown, patch: unknown): unknown {
  if (!isObject(before) || !isObject(patch)) return patch;
  const after: JsonObject = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = merged(before[key], value);
  }
  return after;
}

function retentionOf(json: unknown, before: BucketRecord, now: number): BucketRecord['retention'] {
  const locked = before.retention?.locked ?? false;
  const seconds = json === null ? 0 : secondsOf(json, 'retentionPeriod');
  if (locked && seconds < (before.retention?.seconds ?? 0)) {
    throw invalid(
      `Cannot reduce retention duration of a locked Retention Policy for bucket '${before.name}'.`,
    );
  }
  if (seconds === 0) return null;
  return { seconds, effectiveAt: before.retention?.effectiveAt ?? now, locked };
}

/** 0, or 7 to 90 days. Source: https://docs.cloud.google.com/storage/docs/soft-delete */
function softDeleteOf(json: unknown, now: number): BucketRecord['softDelete'] {
  if (json === null) return { seconds: 0, effectiveAt: now };
  const seconds = secondsOf(json, 'retentionDurationSeconds');
  const day = 24 * 3600;
  if (seconds !== 0 && (seconds < 7 * day || seconds > 90 * day)) {
    throw invalid('Soft delete policy retention duration must be 0 or between 7 and 90 days.');
  }
  return { seconds, effectiveAt: now };
}

function secondsOf(json: unknown, key: string): number {
  const value = isObject(json) ? json[key] : undefined;
  if ((typeof value !== 'string' && typeof value !== 'number') || !/^\d{1,10}$/.test(String(value))) {
    throw invalid(`Invalid value for: ${key}`);
  }
  return Number(value);
}

function textOf(json: JsonObject, key: string, fallback: string): string {
  const value = json[key];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'string') throw invalid(`Invalid value for: ${key}`);
  return value;
}

/** Multi-regions and predefined dual-regions. Source: https://docs.cloud.google.com/storage/docs/locations */
export function locationType(location: string): string {
  if (['US', 'EU', 'ASIA'].includes(location)) return 'multi-region';
  return /^(?:NAM4|EUR[4578]|ASIA1)$/.test(location) ? 'dual-region' : 'region';
}

/** The resource as the JSON API shows it. `base`: `http://host:port` of this server. */
export function bucketResource(bucket: BucketRecord, base: string): JsonObject {
  const { name, retention, softDelete } = bucket;
  return {
    kind: 'storage#bucket',
    id: name,
    selfLink: `${base}/storage/v1/b/${name}`,
    projectNumber: '1',
    name,
    location: bucket.location,
    locationType: locationType(bucket.location),
    storageClass: bucket.storageClass,
    metageneration: String(bucket.metageneration),
    etag: Buffer.from(`b${bucket.metageneration}`).toString('base64'),
    timeCreated: isoTime(bucket.createdAt),
    updated: isoTime(bucket.updatedAt),
    ...(retention
      ? {
          retentionPolicy: {
            retentionPeriod: String(retention.seconds),
            effectiveTime: isoTime(retention.effectiveAt),
            ...(retention.locked ? { isLocked: true } : {}),
          },
        }
      : {}),
    softDeletePolicy: {
      retentionDurationSeconds: String(softDelete.seconds),
      effectiveTime: isoTime(softDelete.effectiveAt),
    },
    ...(bucket.defaultEventBasedHold ? { defaultEventBasedHold: true } : {}),
    ...bucket.shown,
  };
}
