import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve, temporaryFolder } from './served.js';

const run = promisify(execFile);

async function isInstalled(tool: string): Promise<boolean> {
  return run(tool, ['--version']).then(
    () => true,
    () => false,
  );
}

const place = temporaryFolder();
const file = (name: string): string => join(place.folder, name);
let served: Served;

beforeAll(async () => {
  served = await serve({ storage: { folder: file('data') } });
});
afterAll(async () => {
  await served.stop();
  place.remove();
});

async function contentOf(name: string): Promise<Buffer> {
  return (await served.client.bucket('bucket').file(name).download())[0];
}

describe.skipIf(!(await isInstalled('curl')))('curl (skipped where it is not installed)', () => {
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['--silent', '--show-error', ...args])).stdout;

  it('uploads a file, reads a part of it, lists and deletes', async () => {
    // Above 1 MiB curl asks first whether it may send the body (Expect: 100-continue).
    const bytes = randomBytes(2_000_000);
    writeFileSync(file('big'), bytes);
    const objects = `${served.url}/storage/v1/b/bucket/o`;
    const uploads = `${served.url}/upload/storage/v1/b/bucket/o?uploadType=media`;
    const told = await curl(
      '--data-binary',
      `@${file('big')}`,
      '-H',
      'Content-Type: x/y',
      `${uploads}&name=curl%2Fbig`,
    );
    expect(JSON.parse(told)).toMatchObject({ name: 'curl/big', size: '2000000', contentType: 'x/y' });
    await curl('-o', file('back'), '-r', '100-199', `${objects}/curl%2Fbig?alt=media`);
    expect(readFileSync(file('back')).equals(bytes.subarray(100, 200))).toBe(true);
    expect(JSON.parse(await curl(`${objects}?prefix=curl/&fields=items/name`))).toEqual({
      items: [{ name: 'curl/big' }],
    });
    const status = ['-o', '/dev/null', '-w', '%{http_code}'];
    expect(await curl('-X', 'DELETE', ...status, `${objects}/curl%2Fbig`)).toBe('204');
    expect(await curl('-I', ...status, `${objects}/curl%2Fbig`)).toBe('404');
  });
});

describe.skipIf(!(await isInstalled('gcloud')))('gcloud storage (skipped where it is not installed)', () => {
  const gcloud = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('gcloud', ['storage', ...args], {
      env: {
        ...process.env,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${served.url}/storage/v1/`,
        CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
        CLOUDSDK_CORE_PROJECT: 'p',
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CONFIG: file('gcloud'),
      },
      encoding: 'utf8',
    });
    return stdout;
  };

  it('copies a small file in one request, shows it, and removes it', async () => {
    writeFileSync(file('small'), 'small file\n');
    await gcloud('cp', file('small'), 'gs://bucket/gcloud/small');
    expect(`${await contentOf('gcloud/small')}`).toBe('small file\n');
    expect(await gcloud('cat', 'gs://bucket/gcloud/small')).toBe('small file\n');
    expect((await gcloud('ls', 'gs://bucket/gcloud/')).trim()).toBe('gs://bucket/gcloud/small');
    expect(await gcloud('ls', 'gs://bucket')).toContain('gs://bucket/gcloud/');
    expect(await gcloud('ls', '-l', 'gs://bucket/gcloud/small')).toMatch(/^\s*11\s/);
    await gcloud('rm', 'gs://bucket/gcloud/small');
    await expect(gcloud('cat', 'gs://bucket/gcloud/small')).rejects.toThrow();
  });

  it('copies a file of more than 8 MiB in a resumable upload, and back', async () => {
    const bytes = randomBytes(9 * 2 ** 20);
    writeFileSync(file('large'), bytes);
    await gcloud('cp', file('large'), 'gs://bucket/gcloud/large');
    expect((await contentOf('gcloud/large')).equals(bytes)).toBe(true);
    await gcloud('cp', 'gs://bucket/gcloud/large', file('large.back'));
    expect(readFileSync(file('large.back')).equals(bytes)).toBe(true);
    // Between buckets it copies on the server.
    await gcloud('cp', 'gs://bucket/gcloud/large', 'gs://bucket/gcloud/copy');
    expect((await contentOf('gcloud/copy')).equals(bytes)).toBe(true);
  });

  it('copies folders both ways', async () => {
    mkdirSync(file('tree/sub'), { recursive: true });
    writeFileSync(file('tree/a'), 'a');
    writeFileSync(file('tree/sub/b'), 'b');
    await gcloud('cp', '-r', file('tree'), 'gs://bucket/copied');
    const [files] = await served.client.bucket('bucket').getFiles({ prefix: 'copied/' });
    expect(files.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining([expect.stringMatching(/a$/), expect.stringMatching(/sub\/b$/)]),
    );
    mkdirSync(file('into'));
    await gcloud('cp', '-r', 'gs://bucket/copied', file('into'));
    await gcloud('rm', '-r', 'gs://bucket/copied');
    expect((await served.client.bucket('bucket').getFiles({ prefix: 'copied/' }))[0]).toEqual([]);
  });

  it('refuses to overwrite with --no-clobber, and makes and describes buckets', async () => {
    writeFileSync(file('first'), 'first');
    writeFileSync(file('second'), 'second');
    await gcloud('cp', file('first'), 'gs://bucket/kept');
    await gcloud('cp', '--no-clobber', file('second'), 'gs://bucket/kept');
    expect(`${await contentOf('kept')}`).toBe('first');
    await gcloud(
      'buckets',
      'create',
      'gs://made-by-gcloud',
      '--location=europe-west4',
      '--soft-delete-duration=0',
    );
    const described = JSON.parse(await gcloud('buckets', 'describe', 'gs://made-by-gcloud', '--format=json'));
    expect(described).toMatchObject({ location: 'EUROPE-WEST4', name: 'made-by-gcloud' });
    expect(await gcloud('ls')).toContain('gs://made-by-gcloud/');
    await gcloud('buckets', 'delete', 'gs://made-by-gcloud');
  });
});
