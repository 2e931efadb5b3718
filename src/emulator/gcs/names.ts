import { shortened } from '../quoted.js';
import { GcsError, invalid } from './gcsError.js';

/** Longest object name in bytes of UTF-8. Source: https://docs.cloud.google.com/storage/quotas */
const LONGEST_NAME_BYTES = 1024;
const SHOWN_OF_A_LONG_NAME = 64;

/** Throws 400 for a name that no object may have. Source: https://docs.cloud.google.com/storage/docs/objects#naming */
export function checkObjectName(name: string): void {
  if (name === '') throw new GcsError(400, 'required', 'Required parameter: name');
  const bytes = Buffer.byteLength(name);
  if (bytes > LONGEST_NAME_BYTES) {
    throw invalid(
      `The maximum object length is ${LONGEST_NAME_BYTES} characters, but got a name with ${bytes} characters: ` +
        `'${name.slice(0, SHOWN_OF_A_LONG_NAME)}...'`,
    );
  }
  if (/[\r\n]/.test(name) || /\p{Surrogate}/u.test(name)) {
    throw invalid(`Disallowed unicode characters present in object name '${name}'`);
  }
  if (name === '.' || name === '..' || name.startsWith('.well-known/acme-challenge/')) {
    throw invalid(`Invalid object name: '${name}'`);
  }
}

/** Throws 400 for a name that no bucket may have. Source: https://docs.cloud.google.com/storage/docs/buckets#naming */
export function checkBucketName(name: string): void {
  if (!isBucketName(name)) throw invalid(`Invalid bucket name: '${shortened(name)}'`);
}

export function isBucketName(name: string): boolean {
  const parts = name.split('.');
  const longest = parts.length > 1 ? 222 : 63;
  return (
    name.length >= 3 &&
    name.length <= longest &&
    /^[a-z0-9][a-z0-9._-]*[a-z0-9]$/.test(name) &&
    parts.every((part) => part.length >= 1 && part.length <= 63) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !name.startsWith('goog')
  );
}

/** Order of UTF-8 bytes, in which Cloud Storage lists; JavaScript's own order differs above U+D7FF. */
export function compareNames(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return inUtf8Order(left) - inUtf8Order(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function inUtf8Order(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
