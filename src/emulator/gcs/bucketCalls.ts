import { type BucketRecord, bucketResource, locationType } from './bucketRecord.js';
import type { Buckets } from './buckets.js';
import type { Answer, Call, GcsRequest } from './call.js';
import { repeatable } from './effects.js';
import { invalid, required } from './gcsError.js';
import { globOf } from './glob.js';
import { withoutNulls } from './json.js';
import { type ListRequest, listNames } from './listing.js';
import { objectResource } from './objectResource.js';
import { preconditionsOf } from './preconditions.js';

export interface BucketParts {
  buckets: Buckets;
  /** Those of the permissions that the caller has. */
  permitted: (bucket: string, permissions: readonly string[]) => string[];
}

type Work = () => Promise<Answer>;

/** `b`, `b/BUCKET` and the collections of a bucket; null: not one of these. */
export function bucketCall(request: GcsRequest, parts: BucketParts): Call | null {
  const { method, path } = request;
  const [, bucket = '', ...rest] = path;
  const call = (
    name: string,
    permission: string | null,
    traffic: Call['traffic'],
    prepare: () => Promise<Work>,
  ) => ({
    name,
    permission: permission === null ? null : `storage.${permission}`,
    bucket: path.length === 1 ? null : bucket,
    traffic,
    prepare: async () => repeatable(await prepare()),
  });
  if (path.length === 1) {
    if (method === 'GET')
      return call('buckets.list', 'buckets.list', null, async () => listing(request, parts));
    if (method === 'POST')
      return call('buckets.insert', 'buckets.create', null, () => inserting(request, parts));
    return null;
  }
  const place = `${method} ${rest.join('/')}`;
  switch (place) {
    case 'GET ':
      return call('buckets.get', 'buckets.get', 'read', async () => async () => {
        return bucketAnswer(parts.buckets.get(bucket, preconditionsOf(request.query)), request);
      });
    case 'PATCH ':
    case 'PUT ':
      return call('buckets.patch', 'buckets.update', 'write', () => patching(request, bucket, parts));
    case 'DELETE ':
      return call('buckets.delete', 'buckets.delete', null, async () => async () => {
        await parts.buckets.remove(bucket, preconditionsOf(request.query));
        return { status: 204 };
      });
    case 'GET o':
      return call('objects.list', 'objects.list', 'read', async () => listingObjects(request, bucket, parts));
    case 'GET storageLayout':
      return call('buckets.getStorageLayout', 'objects.list', 'read', async () => layout(bucket, parts));
    case 'GET iam':
      return call('buckets.getIamPolicy', 'buckets.getIamPolicy', 'read', async () => policy(bucket, parts));
    case 'GET iam/testPermissions':
      return call('buckets.testIamPermissions', null, 'read', async () => testing(request, bucket, parts));
  }
  return null;
}

function bucketAnswer(record: BucketRecord, { base }: GcsRequest): Answer {
  return { status: 200, json: bucketResource(record, base) };
}

function listing(request: GcsRequest, { buckets }: BucketParts): Work {
  const prefix = request.query.get('prefix') ?? '';
  const most = maxResults(request.query);
  const after = request.query.get('pageToken') ?? '';
  return async () => {
    const all = buckets
      .list()
      .filter(({ name }) => name.startsWith(prefix) && (after === '' || name > after));
    const page = all.slice(0, most);
    const next = all.length > most ? { nextPageToken: page.at(-1)?.name } : {};
    const items = page.map((record) => bucketResource(record, request.base));
    return { status: 200, json: { kind: 'storage#buckets', ...next, items } };
  };
}

async function inserting(request: GcsRequest, { buckets }: BucketParts): Promise<Work> {
  const json = await request.json();
  const { name } = json;
  if (typeof name !== 'string') throw required('Required parameter: name');
  return async () => bucketAnswer(await buckets.insert(name, json), request);
}

async function patching(request: GcsRequest, bucket: string, { buckets }: BucketParts): Promise<Work> {
  const json = await request.json();
  const conditions = preconditionsOf(request.query);
  return async () => bucketAnswer(await buckets.patch(bucket, json, conditions), request);
}

function layout(bucket: string, { buckets }: BucketParts): Work {
  return async () => {
    const { location, shown } = buckets.entry(bucket).record;
    const hierarchicalNamespace = shown.hierarchicalNamespace ?? { enabled: false };
    const json = {
      kind: 'storage#storageLayout',
      bucket,
      location,
      locationType: locationType(location),
      hierarchicalNamespace,
    };
    return { status: 200, json };
  };
}

/** The emulator has no policies: who may what is for whoever starts it to say. */
function policy(bucket: string, { buckets }: BucketParts): Work {
  return async () => {
    buckets.entry(bucket);
    const resourceId = `projects/_/buckets/${bucket}`;
    return {
      status: 200,
      json: { kind: 'storage#policy', resourceId, version: 1, etag: 'CAE=', bindings: [] },
    };
  };
}

function testing(request: GcsRequest, bucket: string, { buckets, permitted }: BucketParts): Work {
  const wanted = request.query.getAll('permissions');
  return async () => {
    buckets.entry(bucket);
    const permissions = permitted(bucket, wanted);
    const json = {
      kind: 'storage#testIamPermissionsResponse',
      ...(permissions.length > 0 ? { permissions } : {}),
    };
    return { status: 200, json };
  };
}

/** Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
const LARGEST_PAGE = 1000;

function maxResults(query: URLSearchParams): number {
  const text = query.get('maxResults') || String(LARGEST_PAGE);
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalid('Invalid value for: maxResults');
  return Math.min(LARGEST_PAGE, Number(text));
}

function listingObjects(request: GcsRequest, bucket: string, { buckets }: BucketParts): Work {
  const { query, base } = request;
  const glob = query.get('matchGlob') ?? '';
  const wanted: ListRequest = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    startOffset: query.get('startOffset') ?? '',
    endOffset: query.get('endOffset') ?? '',
    matches: glob === '' ? null : globOf(glob),
    includeTrailingDelimiter: query.get('includeTrailingDelimiter') === 'true',
    maxResults: maxResults(query),
    pageToken: query.get('pageToken') || null,
  };
  return async () => {
    const { record, objects, names } = buckets.entry(bucket);
    // Nothing is kept of what was deleted.
    if (query.get('softDeleted') === 'true') return { status: 200, json: { kind: 'storage#objects' } };
    const page = listNames(names, wanted);
    const items = page.names.flatMap((name) => {
      const object = objects.get(name);
      return object ? [objectResource(object, record.retention, base)] : [];
    });
    const json = withoutNulls({
      kind: 'storage#objects',
      nextPageToken: page.nextPageToken,
      prefixes: page.prefixes.length === 0 ? null : page.prefixes,
      items: items.length === 0 ? null : items,
    });
    return { status: 200, json };
  };
}
