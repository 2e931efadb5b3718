/** An object by its place. `bucket` is the bare name, without `gs://`. */
export interface ObjectPlace {
  bucket: string;
  name: string;
}

/** What Cloud Storage says of an object. */
export interface StoredObject extends ObjectPlace {
  bytes: number;
  /** Of the content; changes with every write. int64, so a text. */
  generation: string;
  /** Of the metadata at this generation. */
  metageneration: string;
  /** Base64; null for an object that was composed of others. */
  md5: string | null;
  /** Base64, big-endian. */
  crc32c: string | null;
  /** Seconds since the Unix epoch. */
  updated: number;
  /** The custom metadata. */
  metadata: Record<string, string>;
}

/** A write or a delete happens only at this generation of the object; "0": only when there is none. */
export interface Precondition {
  ifGenerationMatch: string;
}

export type ObjectSource =
  | { bytes: Uint8Array }
  /** A local file: streamed, in chunks when it is large. */
  | { file: string };

export interface WriteRequest extends ObjectPlace, Precondition {
  source: ObjectSource;
  contentType?: string;
  metadata?: Record<string, string>;
  /** Bytes that have gone out so far; may fall back when a part is sent again. */
  onProgress?: (bytes: number) => void;
}

export interface ListRequest {
  bucket: string;
  prefix?: string;
  /** As in https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-object-glob */
  matchGlob?: string;
  pageToken?: string | null;
}

export interface ListPage {
  objects: StoredObject[];
  /** Token of the next page; null at the end. */
  next: string | null;
}

/** A lifecycle rule as far as it can hurt a campaign. */
export interface LifecycleRule {
  /** Delete, SetStorageClass, AbortIncompleteMultipartUpload. */
  action: string;
  ageDays: number | null;
  matchesPrefix: string[];
}

/** What preflight must know of a bucket. */
export interface BucketInfo {
  name: string;
  /** Upper case, as Google writes it: US-CENTRAL1, US. */
  location: string;
  /** region, dual-region, multi-region. */
  locationType: string;
  storageClass: string;
  /** How long deleted and overwritten objects are kept, and billed; 0: not at all. */
  softDeleteSeconds: number;
  /** How long no object may be deleted or overwritten; 0: no such policy. */
  retentionSeconds: number;
  /** New objects are held: nothing can be overwritten. */
  defaultHold: boolean;
  versioning: boolean;
  autoclass: boolean;
  /** The key of Cloud KMS that new objects are encrypted with; null: Google's own. */
  kmsKey: string | null;
  lifecycle: LifecycleRule[];
  requesterPays: boolean;
  uniformAccess: boolean;
  hierarchicalNamespace: boolean;
}

/**
 * All that the executor asks of Cloud Storage. Every failure is a PortError: NOT_FOUND, PRECONDITION (somebody else
 * wrote first), RETRYABLE and so on. Implemented on the real client (googleStorage.ts), retried by `retryingStorage`.
 */
export interface StoragePort {
  /** Null when there is no such object. */
  stat(object: ObjectPlace): Promise<StoredObject | null>;
  /**
   * The whole content, or bytes `start` to `end` (both included). With a generation the answer is that generation or
   * NOT_FOUND, so that content and generation belong together.
   */
  read(
    object: ObjectPlace,
    options?: { start?: number; end?: number; generation?: string },
  ): Promise<Uint8Array>;
  write(request: WriteRequest): Promise<StoredObject>;
  /** Copies inside Cloud Storage, whatever the size. */
  copy(request: Precondition & { from: ObjectPlace; to: ObjectPlace }): Promise<StoredObject>;
  list(request: ListRequest): Promise<ListPage>;
  /** False when there was none. */
  remove(object: ObjectPlace & Precondition): Promise<boolean>;
  bucketInfo(bucket: string): Promise<BucketInfo>;
  /** Those of the permissions that the caller has on the bucket. */
  testPermissions(bucket: string, permissions: readonly string[]): Promise<string[]>;
}

/** Every object of a listing, page by page. */
export async function* listAll(
  storage: Pick<StoragePort, 'list'>,
  request: Omit<ListRequest, 'pageToken'>,
): AsyncGenerator<StoredObject> {
  let pageToken: string | null = null;
  do {
    const page: ListPage = await storage.list({ ...request, pageToken });
    yield* page.objects;
    pageToken = page.next;
  } while (pageToken !== null);
}

/** "gs://bucket/a/b" as a place; null for anything else. The name may be empty. */
export function parseGsUrl(url: string): ObjectPlace | null {
  const match = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*))?$/s.exec(url);
  return match?.[1] === undefined ? null : { bucket: match[1], name: match[2] ?? '' };
}

export function gsUrl({ bucket, name }: ObjectPlace): string {
  return `gs://${bucket}/${name}`;
}
