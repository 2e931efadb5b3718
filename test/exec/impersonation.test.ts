import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OAuth2Client } from 'google-auth-library';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import {
  CredentialsError,
  checkLogin,
  IMPERSONATE_VARIABLE,
  impersonating,
} from '../../src/exec/credentials.js';
import { connectEmulatorStorage } from '../../src/exec/googleStorage.js';
import { renewingAuth } from '../../src/exec/renewingAuth.js';
import { scenarioOf } from './plans.js';

const ACCOUNT = 'fep-runner@p.iam.gserviceaccount.com';
const PLACE = { bucket: 'fepcast-results', name: 'a' };

let emulator: Emulator;
/** IAM Service Account Credentials: gives tokens of ACCOUNT, from the emulator's token service, to whoever has a token. */
let iam: Server;
let asked: { path: string; authorization: string }[];
/** The account may be impersonated. */
let isGranted: boolean;

beforeEach(async () => {
  emulator = await startEmulator({
    scenario: scenarioOf({ molecules: 1, windows: 1 }),
    seed: '1',
    speed: 1,
    storageAuth: 'required',
    buckets: [{ name: PLACE.bucket, location: 'us-central1' }],
  });
  [asked, isGranted] = [[], true];
  iam = createServer(async (request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '' });
    response.setHeader('content-type', 'application/json');
    if (!isGranted) {
      response.statusCode = 403;
      const message =
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
      response.end(JSON.stringify({ error: { code: 403, status: 'PERMISSION_DENIED', message } }));
      return;
    }
    const expireTime = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify({ accessToken: await tokenOf(ACCOUNT), expireTime }));
  });
  await new Promise<void>((resolve) => iam.listen(0, '127.0.0.1', resolve));
  vi.stubEnv(IMPERSONATE_VARIABLE, ACCOUNT);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => iam.close(resolve));
  await emulator.stop();
});

async function tokenOf(account: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${emulator.httpPort}/emulator/v1/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account, seconds: 3600 }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const endpoint = (): string => `http://127.0.0.1:${(iam.address() as AddressInfo).port}`;

/** A user's login, whose refresh token may have ended. */
async function loginOf(user: string): Promise<OAuth2Client & { end: () => void }> {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: await tokenOf(user), expiry_date: Date.now() + 3_600_000 });
  const end = (): void => {
    client.setCredentials({ expiry_date: 1 });
    client.refreshHandler = () => {
      const data = { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' };
      throw Object.assign(new Error('invalid_grant'), { response: { data } });
    };
  };
  return Object.assign(client, { end });
}

const storageAs = (authClient: OAuth2Client) =>
  connectEmulatorStorage({ httpPort: emulator.httpPort, project: 'p', authClient });

it('everything is done as the account, with the token of the caller only to get one', async () => {
  const own = await loginOf('anna@example.org');
  const login = await impersonating(own, endpoint());
  await checkLogin(login);
  const storage = await storageAs(login as OAuth2Client);
  await storage.write({ ...PLACE, ifGenerationMatch: '0', source: { bytes: Buffer.from('hello') } });
  expect(Buffer.from(await storage.read(PLACE)).toString()).toBe('hello');
  expect(asked).toEqual([
    {
      path: `/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
      authorization: `Bearer ${own.credentials.access_token}`,
    },
  ]);
  expect((await login.getAccessToken()).token).not.toBe(own.credentials.access_token);
});

it('whoever may not is told which role is missing, and no token', async () => {
  isGranted = false;
  const own = await loginOf('anna@example.org');
  const error = await checkLogin(await impersonating(own, endpoint())).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CredentialsError);
  const { message } = error as Error;
  expect(message).toContain(`roles/iam.serviceAccountTokenCreator on ${ACCOUNT}`);
  expect(message).not.toContain('ya29');
  expect(message).not.toContain('\n');
});

it('a login that ends behind it is UNAUTHENTICATED, and a new one is used', async () => {
  let wall = 0;
  const first = await loginOf('anna@example.org');
  const next = await loginOf('bert@example.org');
  let isBack = false;
  const find = async () => {
    if (!isBack) throw new CredentialsError('nobody');
    return impersonating(next, endpoint());
  };
  const inner = await impersonating(first, endpoint());
  const storage = await storageAs((await renewingAuth(inner, find, () => wall)) as OAuth2Client);
  expect(await storage.stat(PLACE)).toBeNull();
  first.end();
  inner.credentials.expiry_date = 1;
  await expect(storage.stat(PLACE)).rejects.toMatchObject({ kind: 'UNAUTHENTICATED' });
  isBack = true;
  wall = 11;
  expect(await storage.stat(PLACE)).toBeNull();
  expect(asked.at(-1)?.authorization).toBe(`Bearer ${next.credentials.access_token}`);
});

it('what is no account is refused before it is asked for', async () => {
  vi.stubEnv(IMPERSONATE_VARIABLE, '../projects/x');
  await expect(impersonating(await loginOf('anna@example.org'), endpoint())).rejects.toThrow(
    '--impersonate-service-account: found "../projects/x"',
  );
  expect(asked).toEqual([]);
});

it('without the variable the login is the own one', async () => {
  vi.stubEnv(IMPERSONATE_VARIABLE, '');
  const own = await loginOf('anna@example.org');
  expect(await impersonating(own, endpoint())).toBe(own);
});
