import type { ExpectedDigests } from './checksums.js';
import type { ObjectRecord, ObjectSettings } from './objectRecord.js';
import type { Preconditions } from './preconditions.js';

/** One resumable upload: opened by a POST, fed by PUTs, ended by the last of them or by a DELETE. */
export interface SessionRecord {
  id: string;
  bucket: string;
  name: string;
  settings: ObjectSettings;
  conditions: Preconditions;
  expected: ExpectedDigests;
  /** What the client said that it will send; null: it did not say. */
  size: number | null;
  /** Wall milliseconds since the Unix epoch: uploads take wall time, however fast the campaign runs. */
  openedAt: number;
  /** Names the bytes that have arrived. */
  file: string;
  /** What it came to; null: it is open. */
  outcome: 'cancelled' | ObjectRecord | null;
}
