import { PassThrough, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Answer } from './call.js';
import { GcsError } from './gcsError.js';
import type { ObjectRecord } from './objectRecord.js';
import { etagOf } from './objectResource.js';
import type { Objects } from './objects.js';

type Headers = Record<string, string | string[] | undefined>;

/** The content of an object, or a range of it. */
export async function download(record: ObjectRecord, headers: Headers, objects: Objects): Promise<Answer> {
  if (record.contentEncoding === 'gzip' && !acceptsGzip(headers)) return unzipped(record, objects);
  const range = rangeOf(headers.range, record.size);
  const [from, to] = range ?? [0, record.size];
  const content = await objects.content(record, from, to).catch(() => {
    // Replaced or deleted between the look-up and the opening of its file.
    throw new GcsError(503, 'backendError', 'The object was replaced while it was being opened; try again.');
  });
  return {
    status: range ? 206 : 200,
    headers: {
      ...contentHeaders(record),
      'content-length': String(to - from),
      'accept-ranges': 'bytes',
      ...(range ? { 'content-range': `bytes ${from}-${to - 1}/${record.size}` } : {}),
      ...(record.contentEncoding === null ? {} : { 'content-encoding': record.contentEncoding }),
    },
    content,
  };
}

/**
 * Whoever does not accept gzip gets what is stored as gzip unpacked, in one piece, whatever range he asks for.
 * Source: https://cloud.google.com/storage/docs/transcoding
 */
async function unzipped(record: ObjectRecord, objects: Objects): Promise<Answer> {
  const content = await objects.content(record);
  const packed = Buffer.isBuffer(content) ? Readable.from([content]) : content;
  const plain = new PassThrough();
  const unzip = createGunzip();
  // What is said to be gzip and is not ends the connection: half an answer cannot be taken back.
  unzip.on('error', (error) => plain.destroy(error));
  packed.on('error', (error) => plain.destroy(error));
  packed.pipe(unzip).pipe(plain);
  return {
    status: 200,
    headers: { ...contentHeaders(record), warning: '214 UploadServer gunzipped' },
    content: plain,
  };
}

function contentHeaders(record: ObjectRecord): Record<string, string> {
  const optional: Record<string, string | null> = {
    'content-disposition': record.contentDisposition,
    'content-language': record.contentLanguage,
    'cache-control': record.cacheControl,
  };
  const headers: Record<string, string> = {
    'content-type': record.contentType ?? 'application/octet-stream',
    etag: etagOf(record),
    'last-modified': new Date(record.updatedAt).toUTCString(),
    'x-goog-generation': String(record.generation),
    'x-goog-metageneration': String(record.metageneration),
    'x-goog-storage-class': record.storageClass ?? 'STANDARD',
    'x-goog-stored-content-encoding': record.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(record.size),
    'x-goog-hash': `crc32c=${record.crc32c}${record.md5Hash === null ? '' : `,md5=${record.md5Hash}`}`,
  };
  for (const [name, value] of Object.entries(optional)) if (value !== null) headers[name] = value;
  // Settings are free text; what no header can hold is left out.
  for (const [name, value] of Object.entries(headers)) if (/[^\t\x20-\x7e]/.test(value)) delete headers[name];
  return headers;
}

function acceptsGzip(headers: Headers): boolean {
  return /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
}

/** First byte and the one behind the last; null: all of it. Throws 416 for a range that holds nothing. */
function rangeOf(header: string | string[] | undefined, size: number): [number, number] | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(String(header ?? '').trim());
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [, first = '', last = ''] = match;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < from) return null;
  if (from >= to) {
    throw new GcsError(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable');
  }
  return [from, to];
}
