import type { Answer, Call, Effect, GcsRequest } from './call.js';
import { bothExpected, type ExpectedDigests, expectedInHeaders } from './checksums.js';
import { invalid, required } from './gcsError.js';
import type { JsonObject } from './json.js';
import { boundaryOf, readParts } from './multipart.js';
import { NO_SETTINGS, type ObjectRecord, type ObjectSettings, patchedSettings } from './objectRecord.js';
import type { InsertRequest, Objects } from './objects.js';
import { preconditionsOf } from './preconditions.js';
import { parseJson } from './requestBody.js';
import type { ChunkRange, Progress, ResumableUploads } from './resumable.js';

/** What the upload calls are made of. */
export interface UploadParts {
  objects: Objects;
  uploads: ResumableUploads;
  /** The answer that shows an object. */
  shown: (record: ObjectRecord) => Answer;
}

/** POST and PUT to an upload address; null: not one of these. */
export function uploadCall(request: GcsRequest, bucket: string, parts: UploadParts): Call | null {
  const { method, query } = request;
  const insert = { permission: 'storage.objects.create', bucket } as const;
  const id = query.get('upload_id');
  if (id !== null) return sessionCall(request, id, bucket, parts);
  if (method !== 'POST') return null;
  const type = query.get('uploadType') ?? 'media';
  const prepare = {
    media: () => media(request, bucket, parts),
    multipart: () => multipart(request, bucket, parts),
    resumable: () => openSession(request, bucket, parts),
  };
  if (!Object.hasOwn(prepare, type)) throw invalid(`Invalid upload type: ${type}`);
  return {
    name: 'objects.insert',
    traffic: 'write',
    ...insert,
    prepare: prepare[type as keyof typeof prepare],
  };
}

async function media(request: GcsRequest, bucket: string, parts: UploadParts): Promise<Effect> {
  const contentType = request.headers['content-type'];
  const json = typeof contentType === 'string' ? { contentType } : {};
  return storing(request, insertRequest(request, bucket, json), request.chunks(), parts);
}

async function multipart(request: GcsRequest, bucket: string, parts: UploadParts): Promise<Effect> {
  const boundary = boundaryOf(String(request.headers['content-type'] ?? ''));
  const { metadata, contentType, content } = await readParts(request.chunks(), boundary);
  const json = parseJson(metadata);
  const typed = contentType === null ? json : { contentType, ...json };
  return storing(request, insertRequest(request, bucket, typed), content, parts);
}

/** Receives the content; the effect is that the object is there. */
async function storing(
  request: GcsRequest,
  insert: InsertRequest,
  chunks: AsyncIterable<Buffer>,
  { objects, shown }: UploadParts,
): Promise<Effect> {
  request.admitChange(insert.bucket, insert.name);
  objects.checkInsert(insert);
  const draft = objects.newDraft();
  try {
    for await (const chunk of chunks) await draft.write(chunk);
  } catch (error) {
    await draft.abandon();
    throw error;
  }
  const content = await draft.finish();
  return async (twice) => {
    if (twice) {
      // Should the first be refused, the second says so again.
      const copy = await objects.copyOf(content);
      await objects.insert(insert, copy).catch(() => {});
    }
    return shown(await objects.insert(insert, content));
  };
}

async function openSession(request: GcsRequest, bucket: string, { uploads }: UploadParts): Promise<Effect> {
  const { headers, query, base, rawPath } = request;
  const announced = headers['x-upload-content-type'];
  const json = {
    ...(typeof announced === 'string' ? { contentType: announced } : {}),
    ...(await request.json()),
  };
  const insert = insertRequest(request, bucket, json);
  const size = headers['x-upload-content-length'];
  if (size !== undefined && !/^\d{1,15}$/.test(String(size))) {
    throw invalid('Invalid value for: X-Upload-Content-Length');
  }
  const open = async (): Promise<Answer> => {
    const id = await uploads.open(insert, size === undefined ? null : Number(size));
    const target = new URLSearchParams(query);
    target.set('upload_id', id);
    const location = `${base}${rawPath}?${target}`;
    return { status: 200, headers: { location, 'x-guploader-uploadid': id } };
  };
  return async (twice) => {
    if (twice) await open();
    return open();
  };
}

function sessionCall(request: GcsRequest, id: string, bucket: string, parts: UploadParts): Call | null {
  const { method } = request;
  const common = { permission: 'storage.objects.create', bucket } as const;
  if (method === 'DELETE') {
    return {
      name: 'objects.cancelUpload',
      traffic: null,
      ...common,
      prepare: async () => cancelling(id, parts),
    };
  }
  if (method !== 'PUT' && method !== 'POST') return null;
  const range = chunkRange(request.headers['content-range']);
  const asks = range.first === null;
  return {
    name: asks ? 'objects.uploadStatus' : 'objects.resume',
    traffic: asks ? null : 'write',
    ...common,
    prepare: async () => {
      const put = async (): Promise<Answer> =>
        progressAnswer(await parts.uploads.put(id, range, request.chunks()), id, parts);
      // The bytes come once; repeated, the request finds them there.
      return async (twice) => {
        const answer = await put();
        return twice ? progressAnswer(await parts.uploads.put(id, QUESTION, nothing()), id, parts) : answer;
      };
    },
  };
}

const QUESTION: ChunkRange = { first: null, last: null, total: null };

async function* nothing(): AsyncGenerator<Buffer> {}

function cancelling(id: string, { uploads }: UploadParts): Effect {
  return async () => {
    await uploads.cancel(id);
    // Google's answer to a cancelled upload is this error status, without a body.
    return { status: 499, headers: { 'content-length': '0' } };
  };
}

function progressAnswer(progress: Progress, id: string, { shown }: UploadParts): Answer {
  if ('record' in progress) return shown(progress.record);
  const { received } = progress;
  return {
    status: 308,
    headers: {
      'x-guploader-uploadid': id,
      'content-length': '0',
      ...(received > 0 ? { range: `bytes=0-${received - 1}` } : {}),
    },
  };
}

/** A first byte, a last one or `*`, a total or `*`; `*` alone is a question. Without the header, everything comes. */
function chunkRange(header: string | string[] | undefined): ChunkRange {
  if (header === undefined) return { first: 0, last: null, total: null };
  const match = /^bytes (?:\*|(\d{1,15})-(\d{1,15}|\*))\/(\d{1,15}|\*)$/.exec(String(header).trim());
  const [, first, last, total] = match ?? [];
  const range = {
    first: first === undefined ? null : Number(first),
    last: last === undefined || last === '*' ? null : Number(last),
    total: total === undefined || total === '*' ? null : Number(total),
  };
  const { last: to, total: of } = range;
  if (!match || (to !== null && to < (range.first ?? 0) - 1) || (to !== null && of !== null && to >= of)) {
    throw invalid(`Failed to parse Content-Range header: ${String(header)}`);
  }
  return range;
}

/** `json`: the object resource as the client wrote it. */
function insertRequest({ query, headers }: GcsRequest, bucket: string, json: JsonObject): InsertRequest {
  const name = query.get('name') ?? json.name;
  if (name === undefined || name === '') throw required('Required parameter: name');
  if (typeof name !== 'string') throw invalid('Invalid value for: name');
  const encoding = query.get('contentEncoding');
  const settings: ObjectSettings = patchedSettings(
    encoding === null ? json : { ...json, contentEncoding: encoding },
    NO_SETTINGS,
  );
  return {
    bucket,
    name,
    settings,
    conditions: preconditionsOf(query),
    expected: bothExpected(expectedInHeaders(headers), expectedIn(json)),
  };
}

function expectedIn({ crc32c, md5Hash }: JsonObject): ExpectedDigests {
  return {
    crc32c: typeof crc32c === 'string' ? crc32c : null,
    md5Hash: typeof md5Hash === 'string' ? md5Hash : null,
  };
}
