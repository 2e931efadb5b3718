import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientOf, serve, temporaryFolder } from './served.js';

const NAMES = [
  '../../outside',
  '..',
  '.',
  '...',
  '/etc/passwd',
  'a/../../b',
  'C:\\Windows\\x',
  'nul\0byte',
  '%2e%2e%2f',
  'changes.log',
  'bodies/x',
  'lock',
  '\u{1f600}/\u{10000}',
  'e\u0301',
  '\u00e9',
  'x'.repeat(1024),
  'é'.repeat(512),
  '-rf',
  '$(touch outside)',
  '__proto__',
  'constructor',
  ' leading and trailing ',
  '?generation=1#fragment',
];
/** Names that no object may have: Google refuses them. */
const REFUSED = ['.', '..'];
/** More than what is kept beside the metadata. */
const LARGE = 10_000;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}

test('whatever an object is called, it stays in the data folder, is found again, and outlives a restart', async () => {
  const { folder, remove } = temporaryFolder();
  const data = join(folder, 'deep', 'data');
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'outside'), 'untouched');
  const storage = { storage: { folder: data } };
  let served = await serve(storage);
  try {
    const taken = NAMES.filter((name) => !REFUSED.includes(name));
    const content = (name: string, size: number): Buffer => Buffer.alloc(size, `${name} `);
    for (const name of NAMES) {
      for (const [resumable, size] of [
        [false, 10],
        [true, LARGE],
      ] as const) {
        const saved = served.client.bucket('bucket').file(name).save(content(name, size), { resumable });
        if (REFUSED.includes(name)) await expect(saved, JSON.stringify(name)).rejects.toThrow();
        else await saved;
      }
    }
    await served.stop();
    served = await serve(storage);
    const bucket = clientOf(served.url).bucket('bucket');
    const [files] = await bucket.getFiles();
    expect(files.map(({ name }) => name).sort()).toEqual([...taken].sort());
    for (const name of taken) {
      const [bytes] = await bucket.file(name).download();
      expect(bytes.equals(content(name, LARGE)), JSON.stringify(name)).toBe(true);
    }
    const outside = filesBelow(folder).filter((path) => !path.startsWith(join('deep', 'data')));
    expect(outside).toEqual(['outside']);
    expect(
      filesBelow(data).every((path) => /^(?:changes\.log|lock|bodies[\\/][0-9a-f]{32})$/.test(path)),
    ).toBe(true);
    for (const name of taken) await bucket.file(name).delete();
    expect((await bucket.getFiles())[0]).toEqual([]);
  } finally {
    await served.stop();
    remove();
  }
});

test('a bucket cannot be called what would lead elsewhere', async () => {
  const served = await serve();
  try {
    for (const name of ['../x', '..', '/etc', 'a/b', 'A', 'a\0b']) {
      const response = await fetch(`${served.url}/storage/v1/b?project=p`, {
        method: 'POST',
        body: JSON.stringify({ name }),
      });
      expect(response.status, JSON.stringify(name)).toBe(400);
    }
  } finally {
    await served.stop();
  }
});

/** Escapes that are none, or that stand for bytes that are not UTF-8. */
const MALFORMED = ['%', '%zz', '%a', 'a%2', '%ff', '%c3', '%ed%a0%80', '%c0%af', '%f4%90%80%80'];

test('a name that is not percent-encoded UTF-8 is refused wherever it stands, and nothing is made of it', async () => {
  const served = await serve();
  try {
    const b = `${served.url}/storage/v1/b`;
    const upload = `${served.url}/upload/storage/v1/b/bucket/o?uploadType=`;
    await served.client.bucket('bucket').file('a').save('content', { resumable: false });
    for (const malformed of MALFORMED) {
      const requests: [string, RequestInit][] = [
        [`${upload}media&name=${malformed}`, { method: 'POST', body: 'x' }],
        [`${upload}resumable&name=${malformed}`, { method: 'POST' }],
        [`${b}/bucket/o/${malformed}`, {}],
        [`${b}/bucket/o/${malformed}?alt=media`, {}],
        [`${b}/bucket/o/${malformed}`, { method: 'DELETE' }],
        [`${b}/bucket/o/a/rewriteTo/b/bucket/o/${malformed}`, { method: 'POST' }],
        [`${b}/${malformed}`, {}],
        [`${b}/bucket/o?prefix=${malformed}`, {}],
      ];
      for (const [url, init] of requests) {
        const answer = await fetch(url, init);
        const what = `${init.method ?? 'GET'} ${url}`;
        expect(answer.status, what).toBe(400);
        const { error } = (await answer.json()) as { error: { code: number; errors: { reason: string }[] } };
        expect(error, what).toMatchObject({ code: 400, errors: [{ reason: 'invalid' }] });
      }
    }
    const [files] = await served.client.bucket('bucket').getFiles();
    expect(files.map(({ name }) => name)).toEqual(['a']);
  } finally {
    await served.stop();
  }
});

test('metadata that is not UTF-8 is refused: no object gets a name that nobody has sent', async () => {
  const served = await serve();
  try {
    const upload = `${served.url}/upload/storage/v1/b/bucket/o?uploadType=`;
    const metadata = Buffer.concat([Buffer.from('{"name":"n'), Buffer.from([0xff]), Buffer.from('"}')]);
    const multipart = Buffer.concat([
      Buffer.from('--B\r\ncontent-type: application/json\r\n\r\n'),
      metadata,
      Buffer.from('\r\n--B\r\ncontent-type: text/plain\r\n\r\nx\r\n--B--\r\n'),
    ]);
    const headers = { 'content-type': 'multipart/related; boundary=B' };
    const answers = [
      await fetch(`${upload}resumable`, { method: 'POST', body: metadata }),
      await fetch(`${upload}multipart`, { method: 'POST', body: multipart, headers }),
      await fetch(`${served.url}/storage/v1/b`, { method: 'POST', body: metadata }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect((await served.client.bucket('bucket').getFiles())[0]).toEqual([]);
  } finally {
    await served.stop();
  }
});
