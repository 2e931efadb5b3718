import { afterEach, expect, test } from 'vitest';
import { MemoryVault } from '../../../src/emulator/gcs/memoryVault.js';
import { StorageServer } from '../../../src/emulator/gcs/storageServer.js';
import { Store } from '../../../src/emulator/gcs/store.js';
import { startHttpServer } from '../../../src/emulator/httpServer.js';
import { TokenStore } from '../../../src/emulator/tokens.js';

let stop: () => Promise<void> = async () => {};
afterEach(() => stop());

/** A storage server alone, which asks for tokens. */
async function guarded(allows?: (account: string, permission: string) => boolean) {
  let now = 0;
  const tokens = new TokenStore(() => now);
  const server = new StorageServer({
    store: new Store(new MemoryVault(), () => 0),
    auth: { tokens, ...(allows ? { allows } : {}) },
    answering: (work) => work(),
  });
  await server.buckets.insert('bucket', {});
  const http = await startHttpServer([], 0, (work) => work(), { streams: [server.stream] });
  stop = () => http.stop();
  const ask = async (path: string, token: string | null, init: RequestInit = {}) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, { ...init, headers });
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, body };
  };
  return { tokens, ask, pass: (seconds: number) => (now += seconds) };
}

const WRITE = '/upload/storage/v1/b/bucket/o?uploadType=media&name=x';

test('a caller without a token, or with one that is not valid, gets 401 as Google gives it', async () => {
  const { tokens, ask, pass } = await guarded();
  const anonymous = await ask('/storage/v1/b/bucket', null);
  expect(anonymous).toMatchObject({
    status: 401,
    body: {
      error: {
        code: 401,
        message:
          'Anonymous caller does not have storage.buckets.get access to the Google Cloud Storage bucket.',
        errors: [{ domain: 'global', reason: 'required', locationType: 'header', location: 'Authorization' }],
      },
    },
  });
  expect(anonymous.headers.get('www-authenticate')).toMatch(/^Bearer/);
  const token = tokens.issue('runner@p', 60);
  expect((await ask('/storage/v1/b/bucket', token)).status).toBe(200);
  expect((await ask(`/storage/v1/b/bucket?access_token=${token}`, null)).status).toBe(200);
  pass(60);
  for (const refused of [token, 'ya29.unknown']) {
    expect(await ask('/storage/v1/b/bucket', refused)).toMatchObject({
      status: 401,
      body: { error: { message: 'Invalid Credentials', errors: [{ reason: 'authError' }] } },
    });
  }
});

test('an account without the permission gets 403, and is told so by testPermissions', async () => {
  const { tokens, ask } = await guarded(
    (account, permission) => account === 'owner@p' || permission.endsWith('.get'),
  );
  const [owner, reader] = [tokens.issue('owner@p', 60), tokens.issue('reader@p', 60)];
  const post = { method: 'POST', body: 'x' };
  expect(await ask(WRITE, reader, post)).toMatchObject({
    status: 403,
    body: {
      error: {
        message:
          'reader@p does not have storage.objects.create access to the Google Cloud Storage object. ' +
          "Permission 'storage.objects.create' denied on resource (or it may not exist).",
        errors: [{ reason: 'forbidden' }],
      },
    },
  });
  expect((await ask('/storage/v1/b/bucket/o/x', owner)).status).toBe(404);
  expect((await ask(WRITE, owner, post)).status).toBe(200);
  expect((await ask('/storage/v1/b/bucket/o/x', reader)).status).toBe(200);
  const permissions = 'permissions=storage.objects.get&permissions=storage.objects.create';
  const tested = await ask(`/storage/v1/b/bucket/iam/testPermissions?${permissions}`, reader);
  expect(tested.body.permissions).toEqual(['storage.objects.get']);
});
