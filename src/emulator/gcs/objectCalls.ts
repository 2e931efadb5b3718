import type { Answer, Call, GcsRequest } from './call.js';
import { download } from './download.js';
import { repeatable } from './effects.js';
import { invalid } from './gcsError.js';
import { isObject, type JsonObject } from './json.js';
import { NO_SETTINGS, type ObjectRecord, patchedSettings } from './objectRecord.js';
import type { ObjectAsked, ObjectSource, Objects } from './objects.js';
import { int64, preconditionsOf, UNCONDITIONAL } from './preconditions.js';

export interface ObjectParts {
  objects: Objects;
  shown: (record: ObjectRecord) => Answer;
}

type Traffic = Call['traffic'];

/** `b/BUCKET/o/OBJECT` and what comes behind it; null: not one of these. */
export function objectCall(request: GcsRequest, parts: ObjectParts): Call | null {
  const [, bucket = '', , name = '', action, , ...target] = request.path;
  const { method } = request;
  const call = (
    of: string,
    permission: string,
    traffic: Traffic,
    prepare: () => Promise<() => Promise<Answer>>,
  ): Call => ({
    name: `objects.${of}`,
    permission: `storage.objects.${permission}`,
    bucket,
    traffic,
    prepare: async () => repeatable(await prepare()),
  });
  if (action === undefined) {
    switch (method) {
      case 'GET':
      case 'HEAD':
        return call('get', 'get', 'read', async () => getting(request, bucket, name, parts));
      case 'PATCH':
        return call('patch', 'update', 'write', () => patching(request, bucket, name, parts, false));
      case 'PUT':
        return call('update', 'update', 'write', () => patching(request, bucket, name, parts, true));
      case 'DELETE':
        return call('delete', 'delete', 'write', async () => deleting(request, bucket, name, parts));
    }
    return null;
  }
  if (method !== 'POST') return null;
  if (action === 'compose' && request.path.length === 5) {
    return call('compose', 'create', 'write', () => composing(request, bucket, name, parts));
  }
  const isCopy = action === 'copyTo';
  const [toBucket, o, toName, ...more] = target;
  if ((!isCopy && action !== 'rewriteTo') || request.path[5] !== 'b' || o !== 'o' || more.length > 0)
    return null;
  const to = { bucket: toBucket ?? '', name: toName ?? '' };
  return {
    ...call(isCopy ? 'copy' : 'rewrite', 'create', 'write', () =>
      rewriting(request, { bucket, name }, to, parts, isCopy),
    ),
    bucket: to.bucket,
  };
}

function asked({ query }: GcsRequest, bucket: string, name: string): ObjectAsked {
  const generation = int64(query.get('generation'), 'generation');
  return { bucket, name, generation, conditions: preconditionsOf(query) };
}

function getting(request: GcsRequest, bucket: string, name: string, { objects, shown }: ObjectParts) {
  const what = asked(request, bucket, name);
  return async (): Promise<Answer> => {
    const record = objects.get(what);
    return request.query.get('alt') === 'media' ? download(record, request.headers, objects) : shown(record);
  };
}

async function patching(
  request: GcsRequest,
  bucket: string,
  name: string,
  { objects, shown }: ObjectParts,
  replace: boolean,
) {
  const json = await request.json();
  const what = asked(request, bucket, name);
  request.admitChange(bucket, name);
  return async (): Promise<Answer> => shown(await objects.patch(what, json, replace));
}

function deleting(request: GcsRequest, bucket: string, name: string, { objects }: ObjectParts) {
  const what = asked(request, bucket, name);
  request.admitChange(bucket, name);
  return async (): Promise<Answer> => {
    await objects.remove(what);
    return { status: 204 };
  };
}

async function composing(request: GcsRequest, bucket: string, name: string, { objects, shown }: ObjectParts) {
  const json = await request.json();
  const destination = isObject(json.destination) ? json.destination : {};
  const sources = Array.isArray(json.sourceObjects) ? json.sourceObjects.map(sourceOf) : [];
  const settings = patchedSettings(destination, NO_SETTINGS);
  const conditions = preconditionsOf(request.query);
  request.admitChange(bucket, name);
  return async (): Promise<Answer> =>
    shown(await objects.compose({ bucket, name, settings, conditions, sources }));
}

function sourceOf(json: unknown): ObjectSource {
  if (!isObject(json) || typeof json.name !== 'string')
    throw invalid('Invalid value for: sourceObjects[].name');
  const conditions = isObject(json.objectPreconditions) ? json.objectPreconditions : {};
  return {
    name: json.name,
    generation: textOf(json, 'generation'),
    conditions: { ...UNCONDITIONAL, ifGenerationMatch: textOf(conditions, 'ifGenerationMatch') },
  };
}

/** int64 comes as text or as a number. */
function textOf(json: JsonObject, key: string): string | null {
  const value = json[key];
  return value === undefined || value === null ? null : int64(String(value), key);
}

async function rewriting(
  request: GcsRequest,
  from: { bucket: string; name: string },
  to: { bucket: string; name: string },
  { objects, shown }: ObjectParts,
  isCopy: boolean,
) {
  const { bucket: _bucket, name: _name, ...json } = await request.json();
  const { query } = request;
  const source: ObjectAsked = {
    ...from,
    generation: int64(query.get('sourceGeneration'), 'sourceGeneration'),
    conditions: preconditionsOf(query, true),
  };
  const settings = Object.keys(json).length === 0 ? null : patchedSettings(json, NO_SETTINGS);
  const conditions = preconditionsOf(query);
  request.admitChange(to.bucket, to.name);
  return async (): Promise<Answer> => {
    const record = await objects.rewrite(source, { ...to, settings, conditions });
    const answer = shown(record);
    if (isCopy) return answer;
    const size = String(record.size);
    return {
      ...answer,
      json: {
        kind: 'storage#rewriteResponse',
        totalBytesRewritten: size,
        objectSize: size,
        done: true,
        resource: answer.json,
      },
    };
  };
}
