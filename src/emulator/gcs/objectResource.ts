import { isoTime, type JsonObject, withoutNulls } from './json.js';
import type { ObjectRecord } from './objectRecord.js';

export function etagOf({ generation, metageneration }: ObjectRecord): string {
  return Buffer.from(`${generation}/${metageneration}`).toString('base64');
}

/** What an object's retention depends on in its bucket. */
export interface Retention {
  seconds: number;
}

/** Milliseconds since the epoch until which the object may not be replaced or deleted; null: no policy. */
export function retainedUntil(record: ObjectRecord, retention: Retention | null): number | null {
  return retention === null ? null : record.createdAt + retention.seconds * 1000;
}

/** The resource as the JSON API shows it. `base`: `http://host:port` of this server. */
export function objectResource(record: ObjectRecord, retention: Retention | null, base: string): JsonObject {
  const { bucket, name, generation } = record;
  const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
  const until = retainedUntil(record, retention);
  const created = isoTime(record.createdAt);
  return withoutNulls({
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${base}${path}`,
    mediaLink: `${base}/download${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation: String(generation),
    metageneration: String(record.metageneration),
    contentType: record.contentType,
    contentEncoding: record.contentEncoding,
    contentDisposition: record.contentDisposition,
    contentLanguage: record.contentLanguage,
    cacheControl: record.cacheControl,
    customTime: record.customTime,
    storageClass: record.storageClass ?? 'STANDARD',
    size: String(record.size),
    md5Hash: record.md5Hash,
    crc32c: record.crc32c,
    componentCount: record.componentCount,
    etag: etagOf(record),
    temporaryHold: record.temporaryHold || null,
    eventBasedHold: record.eventBasedHold || null,
    retentionExpirationTime: until === null ? null : isoTime(until),
    timeCreated: created,
    updated: isoTime(record.updatedAt),
    timeStorageClassUpdated: created,
    timeFinalized: created,
    metadata: Object.keys(record.metadata).length === 0 ? null : record.metadata,
  });
}
