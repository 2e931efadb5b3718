import type { Readable } from 'node:stream';
import type { JsonObject } from './json.js';

/** A request of the JSON API, its path taken apart, its body unread. */
export interface GcsRequest {
  method: string;
  /** Decoded segments behind `/storage/v1`: `b`, bucket, `o`, object and so on. */
  path: readonly string[];
  /** Whether it came to an upload or a download address. */
  endpoint: 'upload' | 'download' | null;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  /** `http://host:port`, and the path as it was asked for. */
  base: string;
  rawPath: string;
  /** The path and the query are not percent-encoded UTF-8: what they hold is not what was meant. */
  malformed: boolean;
  /** The body; it can be read once. */
  chunks(): AsyncIterable<Buffer>;
  json(): Promise<JsonObject>;
  /** Counts a change of an object against the limit of its name; throws 429. */
  admitChange(bucket: string, name: string): void;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** JSON, before `fields` has its say. */
  json?: unknown;
  content?: Buffer | Readable;
}

/** Does what the call asks for. `twice`: as if the network had repeated the request; the second answer counts. */
export type Effect = (twice: boolean) => Promise<Answer>;

/** A request as a method of the API. */
export interface Call {
  /** Google's name: `objects.insert`. */
  name: string;
  /** The permission that it takes; null: none. */
  permission: string | null;
  bucket: string | null;
  /** Which capacity of the bucket it uses. */
  traffic: 'read' | 'write' | null;
  /** Reads the body, and finds out what there is to do. */
  prepare(): Promise<Effect>;
}
