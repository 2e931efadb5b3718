import type { BucketRecord } from './bucketRecord.js';
import { isObject, withoutNulls } from './json.js';
import { type Body, NO_SETTINGS, type ObjectRecord } from './objectRecord.js';
import type { SessionRecord } from './sessionRecord.js';

/** Everything that ever happens to the state of the store. The same changes in the same order give the same state. */
export type Change =
  | { kind: 'bucket'; record: BucketRecord }
  | { kind: 'bucketGone'; name: string }
  /** `session`: the resumable upload that this object ends. */
  | { kind: 'object'; record: ObjectRecord; session?: string }
  | { kind: 'objectGone'; bucket: string; name: string }
  | { kind: 'session'; record: SessionRecord }
  | { kind: 'sessionCancelled'; id: string }
  | { kind: 'sessionForgotten'; id: string }
  /** No generation up to this one is given again. */
  | { kind: 'generation'; last: number };

const KINDS = [
  'bucket',
  'bucketGone',
  'object',
  'objectGone',
  'session',
  'sessionCancelled',
  'sessionForgotten',
  'generation',
];

/** What a line leaves out of an object's record, because it is null or nothing. */
const LEFT_OUT = { ...NO_SETTINGS, md5Hash: null, componentCount: null };

/** One line of text, without the line feed. */
export function encodeChange(change: Change): string {
  return JSON.stringify(
    withRecords(change, (record) => ({ ...withoutNulls({ ...record }), body: bodyText(record.body) })),
  );
}

/** The inverse; null for anything else. */
export function decodeChange(line: string): Change | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (!isObject(parsed) || typeof parsed.kind !== 'string' || !KINDS.includes(parsed.kind)) return null;
    return withRecords(parsed as Change, (record) =>
      Object.assign({}, LEFT_OUT, record, { body: bodyOf(record.body) }),
    ) as Change;
  } catch {
    return null;
  }
}

/** A small body stands in the line itself. */
function bodyText(body: Body): object {
  return 'bytes' in body ? { base64: body.bytes.toString('base64') } : body;
}

function bodyOf(text: object): Body {
  if ('base64' in text) return { bytes: Buffer.from(String(text.base64), 'base64') };
  return text as Body;
}

/** The change with its object, if it has one, as `convert` has it. */
function withRecords(change: Change, convert: (record: ObjectRecord) => object): object {
  if (change.kind === 'object') return { ...change, record: convert(change.record) };
  if (change.kind !== 'session') return change;
  const { record } = change;
  const { outcome } = record;
  if (outcome === null || outcome === 'cancelled') return change;
  return { ...change, record: { ...record, outcome: convert(outcome) } };
}
