/**
 * Durations and Timestamps: strings in proto-JSON ("43200s", "2026-11-02T08:00:00Z"), `{ seconds, nanos }` in
 * the objects of the Node client libraries.
 */
export interface SecondsNanos {
  seconds: number;
  nanos: number;
}

const NANOS = 1e9;
/** Source: google/protobuf/duration.proto, about 10,000 years. */
const LONGEST_DURATION_SECONDS = 315_576_000_000;
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Seconds as a double, rounded to the nanosecond. */
export function secondsNanos(seconds: number): SecondsNanos {
  const whole = Math.floor(seconds);
  const nanos = Math.round((seconds - whole) * NANOS);
  return nanos === NANOS ? { seconds: whole + 1, nanos: 0 } : { seconds: whole, nanos };
}

/** null: not a proto-JSON Duration. */
export function parseDuration(text: string): SecondsNanos | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const seconds = Number(match[2]);
  if (seconds > LONGEST_DURATION_SECONDS) return null;
  const sign = match[1] === '-' ? -1 : 1;
  const nanos = Number((match[3] ?? '').padEnd(9, '0'));
  // Not a product: -1 * 0 would be -0.
  return sign === 1 ? { seconds, nanos } : { seconds: 0 - seconds, nanos: 0 - nanos };
}

export function formatDuration({ seconds, nanos }: SecondsNanos): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** null: not an RFC 3339 time. */
export function parseTimestamp(text: string): SecondsNanos | null {
  const match = TIMESTAMP.exec(text);
  if (!match) return null;
  const milliseconds = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(milliseconds)) return null;
  return { seconds: milliseconds / 1000, nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

export function formatTimestamp({ seconds, nanos }: SecondsNanos): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z`;
}

/** Proto-JSON writes 0, 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
}
