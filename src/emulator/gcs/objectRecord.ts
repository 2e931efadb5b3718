import { invalid } from './gcsError.js';
import { isObject, type JsonObject } from './json.js';

/** Where the bytes of an object are. A file never changes once an object refers to it. */
export type Body = { bytes: Buffer } | { file: string };

/** The part of an object's metadata that clients set. */
export interface ObjectSettings {
  contentType: string | null;
  contentEncoding: string | null;
  contentDisposition: string | null;
  contentLanguage: string | null;
  cacheControl: string | null;
  customTime: string | null;
  storageClass: string | null;
  temporaryHold: boolean;
  eventBasedHold: boolean;
  /** The custom metadata. */
  metadata: Record<string, string>;
}

/** One object as it is stored. */
export interface ObjectRecord extends ObjectSettings {
  bucket: string;
  name: string;
  generation: number;
  metageneration: number;
  size: number;
  /** Base64, big-endian. */
  crc32c: string;
  /** Base64; null for a composed object, as at Google. */
  md5Hash: string | null;
  /** How many objects it was composed of; null: it was not. */
  componentCount: number | null;
  /** Milliseconds since the Unix epoch, in campaign time. */
  createdAt: number;
  updatedAt: number;
  body: Body;
}

export const NO_SETTINGS: ObjectSettings = {
  contentType: null,
  contentEncoding: null,
  contentDisposition: null,
  contentLanguage: null,
  cacheControl: null,
  customTime: null,
  storageClass: null,
  temporaryHold: false,
  eventBasedHold: false,
  metadata: {},
};

const TEXTS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
  'customTime',
  'storageClass',
] as const;
const FLAGS = ['temporaryHold', 'eventBasedHold'] as const;

/** Names and values of all custom metadata together. Source: https://docs.cloud.google.com/storage/quotas */
const LARGEST_METADATA_BYTES = 8 * 1024;

/**
 * The settings after a request's JSON: what it does not name stays as in `before`, null clears, and of custom
 * metadata each key by itself (JSON merge patch). Unknown members are ignored, as the service does.
 */
export function patchedSettings(json: JsonObject, before: ObjectSettings): ObjectSettings {
  const after: ObjectSettings = { ...before, metadata: { ...before.metadata } };
  for (const key of TEXTS) {
    const value = json[key];
    if (value === undefined) continue;
    if (value !== null && typeof value !== 'string') throw invalid(`Invalid value for: ${key}`);
    after[key] = value;
  }
  for (const key of FLAGS) {
    const value = json[key];
    if (value === undefined) continue;
    if (value !== null && typeof value !== 'boolean') throw invalid(`Invalid value for: ${key}`);
    after[key] = value ?? false;
  }
  if (json.metadata === null) after.metadata = {};
  else if (json.metadata !== undefined) mergeMetadata(after.metadata, json.metadata);
  return after;
}

function mergeMetadata(into: Record<string, string>, from: unknown): void {
  if (!isObject(from)) throw invalid('Invalid value for: metadata');
  for (const [key, value] of Object.entries(from)) {
    if (value === null) delete into[key];
    else if (typeof value === 'object') throw invalid(`Invalid value for: metadata.${key}`);
    // Proto-JSON takes numbers and booleans for text, and the Node client sends them.
    else Object.defineProperty(into, key, { value: String(value), ...PLAIN });
  }
  const bytes = Object.entries(into).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  if (bytes > LARGEST_METADATA_BYTES) {
    throw invalid(`Metadata is too large: ${bytes} bytes, at most ${LARGEST_METADATA_BYTES}.`);
  }
}

/** Whatever its name is, `__proto__` too, it becomes a member like any other. */
const PLAIN = { enumerable: true, writable: true, configurable: true };

export function settingsOf(record: ObjectSettings): ObjectSettings {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = record;
  const { customTime, storageClass, temporaryHold, eventBasedHold, metadata } = record;
  return {
    contentType,
    contentEncoding,
    contentDisposition,
    contentLanguage,
    cacheControl,
    customTime,
    storageClass,
    temporaryHold,
    eventBasedHold,
    metadata,
  };
}
