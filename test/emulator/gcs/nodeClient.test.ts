import { randomBytes } from 'node:crypto';
import type { File, GetFilesOptions } from '@google-cloud/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve, temporaryFolder } from './served.js';

/** The official Node client against both back ends. */
describe.each(['memory', 'disk'] as const)('@google-cloud/storage against objects in %s', (where) => {
  const place = temporaryFolder();
  let served: Served;

  beforeAll(async () => {
    served = await serve({ storage: where === 'memory' ? 'memory' : { folder: place.folder } });
  });

  afterAll(async () => {
    await served.stop();
    place.remove();
  });

  const bucket = () => served.client.bucket('bucket');

  it.each([
    ['multipart', { resumable: false }, 10],
    ['multipart', { resumable: false }, 3_000_000],
    ['resumable', { resumable: true }, 0],
    ['resumable', { resumable: true }, 7],
    ['resumable', { resumable: true }, 3_000_000],
    ['chunked', { resumable: true, chunkSize: 256 * 1024 }, 3_000_000],
  ])('uploads and downloads: %s %j, %d bytes', async (name, options, size) => {
    const bytes = randomBytes(size);
    const file = bucket().file(`${name}/${size}`);
    await file.save(bytes, {
      ...options,
      validation: 'md5',
      metadata: { contentType: 'x/y', metadata: { a: 'b' } },
    });
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({
      size: String(size),
      contentType: 'x/y',
      metadata: { a: 'b' },
      metageneration: '1',
    });
    const [content] = await file.download();
    expect(content.equals(bytes)).toBe(true);
  });

  it('reads ranges', async () => {
    const file = bucket().file('range');
    await file.save('0123456789', { resumable: false });
    expect((await file.download({ start: 2, end: 4 }))[0].toString()).toBe('234');
  });

  it('lists with prefix, page by page', async () => {
    for (const name of ['l/a', 'l/b', 'l/c/d', 'm'])
      await bucket().file(name).save(name, { resumable: false });
    const names: string[] = [];
    let query: GetFilesOptions | null = { prefix: 'l/', maxResults: 1, autoPaginate: false };
    while (query !== null) {
      const [files, next]: [File[], GetFilesOptions | null, ...unknown[]] = await bucket().getFiles(query);
      names.push(...files.map((file) => file.name));
      query = next;
    }
    expect(names).toEqual(['l/a', 'l/b', 'l/c/d']);
  });
});
