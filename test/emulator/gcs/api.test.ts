import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve, temporaryFolder } from './served.js';

interface Told {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
  bytes: Buffer;
}

/** The JSON API as it is on the wire, against both back ends. */
describe.each(['memory', 'disk'] as const)('the JSON API over objects in %s', (where) => {
  const place = temporaryFolder();
  let served: Served;

  beforeAll(async () => {
    served = await serve({ storage: where === 'memory' ? 'memory' : { folder: place.folder } });
  });

  afterAll(async () => {
    await served.stop();
    place.remove();
  });

  async function ask(method: string, path: string, init: RequestInit = {}): Promise<Told> {
    const url = path.startsWith('http') ? path : `${served.url}${path}`;
    const response = await fetch(url, { method, ...init });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      json: isJson ? JSON.parse(`${bytes}`) : {},
      bytes,
    };
  }

  const object = (name: string): string => `/storage/v1/b/bucket/o/${encodeURIComponent(name)}`;
  const upload = (query: string, body: string | Buffer = 'data', headers: Record<string, string> = {}) =>
    ask('POST', `/upload/storage/v1/b/bucket/o?uploadType=media&${query}`, { body, headers });
  const patch = (path: string, json: unknown) =>
    ask('PATCH', path, { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } });
  const reason = ({ status, json }: Told): unknown => [
    status,
    (json.error as { errors: { reason: string }[] })?.errors[0]?.reason,
  ];

  describe('an upload', () => {
    it('in one request stores the body with its type, and says what Google says', async () => {
      const { status, json } = await upload('name=media', '123456789', { 'content-type': 'text/x' });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        kind: 'storage#object',
        name: 'media',
        bucket: 'bucket',
        id: `bucket/media/${json.generation}`,
        size: '9',
        contentType: 'text/x',
        crc32c: '4waSgw==',
        md5Hash: createHash('md5').update('123456789').digest('base64'),
        metageneration: '1',
        storageClass: 'STANDARD',
        timeCreated: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      });
    });

    it.each([
      ['CR LF, plain', '\r\n', 'XX', 'XX'],
      ['LF, quoted with "', '\n', '"XX"', 'XX'],
      ["LF, quoted with ', as gcloud sends it", '\n', "'==XX=='", '==XX=='],
    ])('in two parts (%s)', async (_how, end, quoted, boundary) => {
      const parts = [
        `--${boundary}`,
        'Content-Type: application/json',
        '',
        JSON.stringify({ name: 'two parts', metadata: { a: '1' } }),
        `--${boundary}`,
        'Content-Type: x/data',
        '',
        'two\nlines',
        `--${boundary}--`,
      ];
      const { status, json } = await ask('POST', '/upload/storage/v1/b/bucket/o?uploadType=multipart', {
        body: parts.join(end),
        headers: { 'content-type': `multipart/related; boundary=${quoted}` },
      });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        name: 'two parts',
        contentType: 'x/data',
        size: '9',
        metadata: { a: '1' },
      });
      expect(`${(await ask('GET', `${object('two parts')}?alt=media`)).bytes}`).toBe('two\nlines');
    });

    it('whose content is not what its digests say leaves nothing', async () => {
      const refused = [
        await upload('name=bad', 'data', { 'x-goog-hash': 'crc32c=AAAAAA==' }),
        await upload('name=bad', 'data', { 'content-md5': createHash('md5').update('x').digest('base64') }),
      ];
      expect(refused.map(reason)).toEqual([
        [400, 'invalid'],
        [400, 'invalid'],
      ]);
      expect((await ask('GET', object('bad'))).status).toBe(404);
      const good = createHash('md5').update('data').digest('base64');
      expect((await upload('name=bad', 'data', { 'x-goog-hash': `md5=${good}` })).status).toBe(200);
    });

    it.each([
      ['uploadType=media', 400],
      ['uploadType=strange&name=x', 400],
      [`uploadType=media&name=${'x'.repeat(1025)}`, 400],
      ['uploadType=media&name=x&ifGenerationMatch=x', 400],
    ])('with %s is refused', async (query, status) => {
      expect((await ask('POST', `/upload/storage/v1/b/bucket/o?${query}`, { body: 'x' })).status).toBe(
        status,
      );
    });

    it("to a bucket that is not there is refused in the service's words", async () => {
      const told = await ask('POST', '/upload/storage/v1/b/nowhere/o?uploadType=media&name=x', { body: 'x' });
      expect(told.json).toEqual({
        error: {
          code: 404,
          message: 'The specified bucket does not exist.',
          errors: [{ message: 'The specified bucket does not exist.', domain: 'global', reason: 'notFound' }],
        },
      });
    });
  });

  describe('a resumable upload', () => {
    const UNIT = 256 * 1024;

    async function open(name: string, base = '/upload/storage/v1', query = ''): Promise<string> {
      const { status, headers } = await ask('POST', `${base}/b/bucket/o?uploadType=resumable${query}`, {
        body: JSON.stringify({ name, metadata: { a: 'b' } }),
        headers: { 'content-type': 'application/json', 'x-upload-content-type': 'x/resumed' },
      });
      expect(status).toBe(200);
      return headers.get('location') ?? '';
    }

    const put = (session: string, range: string | null, body: Buffer = Buffer.alloc(0)): Promise<Told> =>
      ask('PUT', session, { body, headers: range === null ? {} : { 'content-range': range } });

    it.each(['/upload/storage/v1', '/resumable/upload/storage/v1', '/storage/v1/upload/storage/v1'])(
      'opened at %s is sent in chunks, and tells how far it is',
      async (base) => {
        const bytes = randomBytes(2 * UNIT + 10);
        const session = await open('chunks', base);
        const none = await put(session, 'bytes */*');
        expect([none.status, none.headers.get('range')]).toEqual([308, null]);
        const first = await put(session, `bytes 0-${UNIT - 1}/*`, bytes.subarray(0, UNIT));
        expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${UNIT - 1}`]);
        const asked = await put(session, `bytes */${bytes.length}`);
        expect([asked.status, asked.headers.get('range')]).toEqual([308, `bytes=0-${UNIT - 1}`]);
        // What is there already may come again.
        await put(session, `bytes 0-${2 * UNIT - 1}/*`, bytes.subarray(0, 2 * UNIT));
        const rest = `bytes ${2 * UNIT}-${bytes.length - 1}/${bytes.length}`;
        const last = await put(session, rest, bytes.subarray(2 * UNIT));
        expect(last.status).toBe(200);
        expect(last.json).toMatchObject({
          size: String(bytes.length),
          contentType: 'x/resumed',
          metadata: { a: 'b' },
        });
        expect((await ask('GET', `${object('chunks')}?alt=media`)).bytes.equals(bytes)).toBe(true);
        // The answer may have been lost.
        expect((await put(session, `bytes */${bytes.length}`)).json.generation).toBe(last.json.generation);
        expect((await put(session, rest, bytes.subarray(2 * UNIT))).json.generation).toBe(
          last.json.generation,
        );
      },
    );

    it.each([
      ['everything, size unknown', 'bytes 0-*/*'],
      ['everything, size known', 'bytes 0-9/10'],
      ['no range', null],
    ])('is sent at once: %s', async (_how, range) => {
      const { status, json } = await put(await open('at once'), range, Buffer.from('0123456789'));
      expect([status, json.size]).toEqual([200, '10']);
    });

    it('without a byte is an empty object', async () => {
      expect((await put(await open('empty'), 'bytes */0')).json).toMatchObject({
        size: '0',
        crc32c: 'AAAAAA==',
      });
    });

    it('refuses chunks that are no multiple of 256 KiB, that leave a gap, and ranges that mean nothing', async () => {
      const session = await open('refused');
      expect((await put(session, 'bytes 0-9/*', Buffer.alloc(10))).status).toBe(400);
      const gap = await put(session, `bytes ${UNIT}-${2 * UNIT - 1}/*`, Buffer.alloc(UNIT));
      expect([gap.status, `${gap.bytes}`]).toEqual([
        400,
        expect.stringContaining('exceeds already uploaded size of 0'),
      ]);
      expect((await put(session, 'bytes 5-3/10')).status).toBe(400);
      expect((await put(session, 'bytes 0-9/10', Buffer.alloc(5))).status).toBe(400);
      expect((await ask('GET', object('refused'))).status).toBe(404);
    });

    it('that is cancelled is gone', async () => {
      const session = await open('cancelled');
      await put(session, `bytes 0-${UNIT - 1}/*`, Buffer.alloc(UNIT));
      expect((await ask('DELETE', session)).status).toBe(499);
      expect((await put(session, 'bytes */*')).status).toBe(499);
      expect((await put(session.replace(/upload_id=.*/, 'upload_id=unknown'), 'bytes */*')).status).toBe(404);
    });

    it('keeps its precondition until its end', async () => {
      const session = await open('raced', undefined, '&ifGenerationMatch=0');
      await upload('name=raced', 'the other');
      expect((await put(session, 'bytes 0-3/4', Buffer.from('mine'))).status).toBe(412);
      expect(`${(await ask('GET', `${object('raced')}?alt=media`)).bytes}`).toBe('the other');
      const refused = await ask(
        'POST',
        '/upload/storage/v1/b/bucket/o?uploadType=resumable&name=raced&ifGenerationMatch=0',
      );
      expect(refused.status).toBe(412);
    });
  });

  describe('a download', () => {
    beforeAll(async () => {
      await upload('name=digits', '0123456789', { 'content-type': 'text/plain' });
    });

    const get = (range: string): Promise<Told> =>
      ask('GET', `${object('digits')}?alt=media`, { headers: { range } });

    it('comes with type, length, digests and versions', async () => {
      const { json } = await ask('GET', object('digits'));
      const { headers, bytes } = await ask(
        'GET',
        `/download${object('digits')}?generation=${json.generation}&alt=media`,
      );
      expect(`${bytes}`).toBe('0123456789');
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/plain',
        'content-length': '10',
        'x-goog-generation': json.generation,
        'x-goog-metageneration': '1',
        'x-goog-hash': `crc32c=${json.crc32c},md5=${json.md5Hash}`,
        etag: json.etag,
      });
    });

    it.each([
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
      ['bytes=4-2', 200, '0123456789', null],
      ['lines=1-2', 200, '0123456789', null],
    ])('of %s', async (range, status, text, contentRange) => {
      const told = await get(range);
      expect([told.status, `${told.bytes}`, told.headers.get('content-range')]).toEqual([
        status,
        text,
        contentRange,
      ]);
    });

    it('of a range that holds nothing is 416', async () => {
      expect(reason(await get('bytes=10-'))).toEqual([416, 'requestedRangeNotSatisfiable']);
    });

    it('of something that is not there is 404', async () => {
      const told = await ask('GET', `${object('nothing')}?alt=media`);
      expect(told.json).toMatchObject({ error: { code: 404, message: 'No such object: bucket/nothing' } });
      expect((await ask('GET', `${object('digits')}?generation=1`)).status).toBe(404);
    });

    it('of gzip is unpacked for those who do not take it', async () => {
      const packed = gzipSync('unpacked');
      await upload('name=packed&contentEncoding=gzip', packed, { 'content-type': 'text/plain' });
      const raw = await ask('GET', `${object('packed')}?alt=media`, {
        headers: { 'accept-encoding': 'identity' },
      });
      expect(`${raw.bytes}`).toBe('unpacked');
      expect(raw.headers.get('content-encoding')).toBeNull();
      const asStored = await ask('GET', `${object('packed')}?alt=media`, {
        headers: { 'accept-encoding': 'gzip' },
      });
      expect(asStored.headers.get('content-encoding')).toBe('gzip');
      expect(asStored.headers.get('content-length')).toBe(String(packed.length));
      // fetch unpacks what says that it is packed.
      expect(`${asStored.bytes}`).toBe('unpacked');
    });
  });

  describe('generations and preconditions', () => {
    it('rise with every write, also over a delete', async () => {
      const first = Number((await upload('name=rising')).json.generation);
      expect((await ask('DELETE', object('rising'))).status).toBe(204);
      expect(Number((await upload('name=rising')).json.generation)).toBeGreaterThan(first);
    });

    it('decide over writes', async () => {
      expect((await upload('name=cond&ifGenerationMatch=0', 'one')).status).toBe(200);
      const again = await upload('name=cond&ifGenerationMatch=0', 'two');
      expect(again.json).toEqual({
        error: {
          code: 412,
          message: 'At least one of the pre-conditions you specified did not hold.',
          errors: [
            {
              message: 'At least one of the pre-conditions you specified did not hold.',
              domain: 'global',
              reason: 'conditionNotMet',
              locationType: 'header',
              location: 'If-Match',
            },
          ],
        },
      });
      const { json } = await ask('GET', object('cond'));
      const { generation } = json;
      const told: [string, number][] = [];
      for (const query of [
        `ifGenerationMatch=${generation}1`,
        `ifGenerationNotMatch=${generation}`,
        'ifMetagenerationMatch=2',
        'ifMetagenerationNotMatch=1',
        `ifGenerationMatch=${generation}&ifMetagenerationMatch=1`,
      ]) {
        told.push([query, (await upload(`name=cond&${query}`)).status]);
      }
      expect(told.map(([, status]) => status)).toEqual([412, 412, 412, 412, 200]);
      expect((await upload('name=absent&ifMetagenerationMatch=1')).status).toBe(412);
      expect((await upload('name=absent&ifGenerationNotMatch=0')).status).toBe(412);
    });

    it('decide over reads: 412, or 304 for what is known already', async () => {
      const { generation } = (await upload('name=read')).json;
      const statusOf = async (query: string) => (await ask('GET', `${object('read')}?${query}`)).status;
      expect(await statusOf(`ifGenerationMatch=${generation}`)).toBe(200);
      expect(await statusOf('ifGenerationMatch=1')).toBe(412);
      expect(await statusOf(`ifGenerationNotMatch=${generation}`)).toBe(304);
      expect(await statusOf('ifMetagenerationMatch=1')).toBe(200);
      expect(await statusOf('alt=media&ifMetagenerationNotMatch=1')).toBe(304);
    });

    it('decide over patch, delete, compose and rewrite', async () => {
      const { generation } = (await upload('name=others')).json;
      const wrong = 'ifGenerationMatch=1';
      const right = `ifGenerationMatch=${generation}`;
      expect((await patch(`${object('others')}?ifMetagenerationMatch=7`, {})).status).toBe(412);
      expect(
        (await patch(`${object('others')}?${right}&ifMetagenerationMatch=1`, { metadata: { x: 'y' } }))
          .status,
      ).toBe(200);
      expect((await ask('DELETE', `${object('others')}?${wrong}`)).status).toBe(412);
      const sources = { body: JSON.stringify({ sourceObjects: [{ name: 'others' }] }) };
      expect((await ask('POST', `${object('others')}/compose?${wrong}`, sources)).status).toBe(412);
      const copy = `${object('others')}/rewriteTo/b/bucket/o/copy`;
      expect((await ask('POST', `${copy}?ifSourceGenerationMatch=1`)).status).toBe(412);
      expect((await ask('POST', `${copy}?ifGenerationMatch=1`)).status).toBe(412);
      expect((await ask('POST', `${copy}?ifSource${right.slice(2)}&ifGenerationMatch=0`)).status).toBe(200);
      expect((await ask('DELETE', `${object('others')}?${right}`)).status).toBe(204);
    });
  });

  describe('metadata', () => {
    it('is patched key by key, or replaced', async () => {
      await upload('name=meta', 'x', { 'content-type': 'a/b' });
      const first = await patch(object('meta'), {
        metadata: { a: '1', b: 2, __proto__x: 'y' },
        cacheControl: 'no-store',
      });
      expect(first.json).toMatchObject({
        metageneration: '2',
        metadata: { a: '1', b: '2' },
        cacheControl: 'no-store',
      });
      const second = await patch(object('meta'), { metadata: { a: null, c: '3' }, cacheControl: null });
      expect(second.json.metadata).toEqual({ b: '2', c: '3', __proto__x: 'y' });
      expect(second.json).not.toHaveProperty('cacheControl');
      const replaced = await ask('PUT', object('meta'), { body: JSON.stringify({ contentType: 'c/d' }) });
      expect(replaced.json).toMatchObject({
        contentType: 'c/d',
        metageneration: '4',
        generation: first.json.generation,
      });
      expect(replaced.json).not.toHaveProperty('metadata');
    });

    it('of more than 8 KiB is refused', async () => {
      await upload('name=meta8');
      expect((await patch(object('meta8'), { metadata: { a: 'x'.repeat(8191) } })).status).toBe(200);
      expect((await patch(object('meta8'), { metadata: { b: 'x' } })).status).toBe(400);
    });

    it('that is no JSON is refused, and so is a body without end', async () => {
      await upload('name=meta');
      expect((await ask('PATCH', object('meta'), { body: '{' })).status).toBe(400);
      expect((await ask('PATCH', object('meta'), { body: Buffer.alloc(1_000_001, 0x20) })).status).toBe(400);
    });
  });

  it('composes up to 32 objects', async () => {
    await upload('name=part1', 'one ');
    await upload('name=part2', randomBytes(100_000));
    const second = (await ask('GET', `${object('part2')}?alt=media`)).bytes;
    const body = {
      sourceObjects: [{ name: 'part1' }, { name: 'part2' }],
      destination: { contentType: 'x/y' },
    };
    const compose = (json: unknown) =>
      ask('POST', `${object('whole')}/compose`, { body: JSON.stringify(json) });
    const { status, json } = await compose(body);
    expect(status).toBe(200);
    expect(json).toMatchObject({ componentCount: 2, contentType: 'x/y', size: '100004' });
    expect(json).not.toHaveProperty('md5Hash');
    const { bytes } = await ask('GET', `${object('whole')}?alt=media`);
    expect(bytes.equals(Buffer.concat([Buffer.from('one '), second]))).toBe(true);
    expect((await compose({ sourceObjects: [] })).status).toBe(400);
    expect((await compose({ sourceObjects: Array(33).fill({ name: 'part1' }) })).status).toBe(400);
    expect((await compose({ sourceObjects: Array(32).fill({ name: 'part1' }) })).status).toBe(200);
    expect((await compose({ sourceObjects: [{ name: 'nothing' }] })).status).toBe(404);
  });

  it('copies within and between buckets, in one call', async () => {
    await ask('POST', '/storage/v1/b?project=p', { body: JSON.stringify({ name: 'second-bucket' }) });
    const bytes = randomBytes(50_000);
    await upload('name=from', bytes, { 'content-type': 'x/y' });
    await patch(object('from'), { metadata: { a: 'b' } });
    const rewritten = await ask('POST', `${object('from')}/rewriteTo/b/second-bucket/o/a%2Fto`, {
      body: '{}',
    });
    expect(rewritten.json).toMatchObject({
      kind: 'storage#rewriteResponse',
      done: true,
      objectSize: '50000',
      resource: {
        bucket: 'second-bucket',
        name: 'a/to',
        contentType: 'x/y',
        metadata: { a: 'b' },
        metageneration: '1',
      },
    });
    await ask('DELETE', object('from'));
    const copied = await ask('POST', '/b/second-bucket/o/a%2Fto/copyTo/b/bucket/o/back', {
      body: JSON.stringify({ contentType: 'other/type' }),
    });
    expect(copied.json).toMatchObject({ kind: 'storage#object', contentType: 'other/type' });
    expect((await ask('GET', `${object('back')}?alt=media`)).bytes.equals(bytes)).toBe(true);
  });

  it('lists folders, pages and fields', async () => {
    for (const name of ['list/a', 'list/b/1', 'list/b/2', 'list/c/1', 'list/d']) await upload(`name=${name}`);
    const list = (query: string) => ask('GET', `/storage/v1/b/bucket/o?${query}`);
    const { json } = await list('prefix=list/&delimiter=/&fields=prefixes,items/name,items/size');
    expect(json).toEqual({
      prefixes: ['list/b/', 'list/c/'],
      items: [
        { name: 'list/a', size: '4' },
        { name: 'list/d', size: '4' },
      ],
    });
    const first = await list('prefix=list/&delimiter=/&maxResults=2');
    const names = ({ json: page }: Told) => [
      ...((page.items as { name: string }[]) ?? []).map(({ name }) => name),
      ...((page.prefixes as string[]) ?? []),
    ];
    expect(names(first)).toEqual(['list/a', 'list/b/']);
    expect(names(await list(`prefix=list/&delimiter=/&pageToken=${first.json.nextPageToken}`))).toEqual([
      'list/d',
      'list/c/',
    ]);
    expect(names(await list('matchGlob=list/**/1'))).toEqual(['list/b/1', 'list/c/1']);
    expect(names(await list('prefix=list/&startOffset=list/b/2&endOffset=list/d'))).toEqual([
      'list/b/2',
      'list/c/1',
    ]);
    expect((await list('maxResults=0')).status).toBe(400);
    expect((await list('fields=items(')).status).toBe(400);
    expect((await ask('GET', '/storage/v1/b/nowhere/o')).status).toBe(404);
  });

  describe('a bucket', () => {
    const insert = (json: unknown) => ask('POST', '/storage/v1/b?project=p', { body: JSON.stringify(json) });

    it('is made, changed, listed and removed', async () => {
      const { status, json } = await insert({ name: 'made-here', location: 'europe-west1' });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        kind: 'storage#bucket',
        location: 'EUROPE-WEST1',
        locationType: 'region',
        storageClass: 'STANDARD',
        metageneration: '1',
        softDeletePolicy: { retentionDurationSeconds: '604800' },
        iamConfiguration: { uniformBucketLevelAccess: { enabled: false } },
      });
      expect(reason(await insert({ name: 'made-here' }))).toEqual([409, 'conflict']);
      expect((await insert({ name: 'No' })).status).toBe(400);
      const changed = await patch('/storage/v1/b/made-here?ifMetagenerationMatch=1', {
        softDeletePolicy: { retentionDurationSeconds: '0' },
        versioning: { enabled: true },
        lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        labels: { a: 'b' },
      });
      expect(changed.json).toMatchObject({
        metageneration: '2',
        softDeletePolicy: { retentionDurationSeconds: '0' },
        versioning: { enabled: true },
        iamConfiguration: {
          uniformBucketLevelAccess: { enabled: true },
          publicAccessPrevention: 'inherited',
        },
        lifecycle: { rule: [{ condition: { age: 30 } }] },
      });
      expect((await patch('/storage/v1/b/made-here?ifMetagenerationMatch=1', {})).status).toBe(412);
      const { json: all } = await ask('GET', '/storage/v1/b?project=p&prefix=made');
      expect((all.items as { name: string }[]).map(({ name }) => name)).toEqual(['made-here']);
      await ask('POST', '/upload/storage/v1/b/made-here/o?uploadType=media&name=x', { body: 'x' });
      expect(reason(await ask('DELETE', '/storage/v1/b/made-here'))).toEqual([409, 'conflict']);
      await ask('DELETE', '/storage/v1/b/made-here/o/x');
      expect((await ask('DELETE', '/storage/v1/b/made-here')).status).toBe(204);
      expect((await ask('GET', '/storage/v1/b/made-here')).status).toBe(404);
    });

    it('tells its layout, and what one may do with it', async () => {
      const { json } = await ask('GET', '/storage/v1/b/bucket/storageLayout');
      expect(json).toMatchObject({
        bucket: 'bucket',
        location: 'US-CENTRAL1',
        hierarchicalNamespace: { enabled: false },
      });
      const asked = 'permissions=storage.objects.get&permissions=storage.objects.create';
      expect(
        (await ask('GET', `/storage/v1/b/bucket/iam/testPermissions?${asked}`)).json.permissions,
      ).toEqual(['storage.objects.get', 'storage.objects.create']);
    });

    it('with a retention policy lets nothing be overwritten or deleted', async () => {
      await insert({ name: 'retained', retentionPolicy: { retentionPeriod: '3600' } });
      const write = (query = '') =>
        ask('POST', `/upload/storage/v1/b/retained/o?uploadType=media&name=x${query}`, { body: 'x' });
      const { json } = await write();
      expect(json.retentionExpirationTime).toEqual(expect.any(String));
      const refused = await write();
      expect(reason(refused)).toEqual([403, 'retentionPolicyNotMet']);
      expect(`${refused.bytes}`).toContain(
        `Object 'retained/x' is subject to bucket's retention policy and cannot be deleted, overwritten or archived until`,
      );
      expect(reason(await ask('DELETE', '/storage/v1/b/retained/o/x'))).toEqual([
        403,
        'retentionPolicyNotMet',
      ]);
      await patch('/storage/v1/b/retained', { retentionPolicy: null });
      await patch('/storage/v1/b/retained/o/x', { temporaryHold: true });
      expect(reason(await write())).toEqual([403, 'objectUnderActiveHold']);
      await patch('/storage/v1/b/retained/o/x', { temporaryHold: false });
      expect((await write()).status).toBe(200);
    });
  });

  it('takes paths without /storage/v1 too, and knows nothing else', async () => {
    await upload('name=a/b');
    expect((await ask('GET', '/b/bucket/o/a%2Fb')).json.name).toBe('a/b');
    expect((await ask('GET', '/b/bucket')).json.name).toBe('bucket');
    for (const [method, path] of [
      ['GET', '/storage/v1/b/bucket/o/a/b'],
      ['POST', '/storage/v1/b/bucket/o/a%2Fb'],
      ['GET', '/storage/v1/b/bucket/strange'],
    ] as const) {
      expect((await ask(method, path)).status, `${method} ${path}`).toBe(404);
    }
  });
});
