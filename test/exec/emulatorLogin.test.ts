import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { emulatorLogin } from '../../src/exec/emulatorLogin.js';
import { connectEmulatorStorage } from '../../src/exec/googleStorage.js';
import { scenarioOf } from './plans.js';

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({
    scenario: scenarioOf({ molecules: 1, windows: 1 }),
    seed: '1',
    speed: 1,
    storageAuth: 'required',
    buckets: [{ name: 'fepcast-results', location: 'us-central1' }],
  });
});

afterAll(() => emulator.stop());

const place = { bucket: 'fepcast-results', name: 'a' };

it('an emulator that asks who calls takes its own tokens, and nobody without one', async () => {
  const to = { httpPort: emulator.httpPort, project: 'p' };
  const anonymous = await connectEmulatorStorage(to);
  await expect(anonymous.stat(place)).rejects.toMatchObject({ kind: 'UNAUTHENTICATED' });
  const storage = await connectEmulatorStorage({ ...to, authClient: await emulatorLogin(to) });
  await storage.write({ ...place, ifGenerationMatch: '0', source: { bytes: Buffer.from('hello') } });
  expect(Buffer.from(await storage.read(place)).toString()).toBe('hello');
});

it('a token is used until it is about to end', async () => {
  const login = await emulatorLogin(emulator);
  const { token } = await login.getAccessToken();
  expect(token).toMatch(/^ya29\.emulated-/);
  expect((await login.getAccessToken()).token).toBe(token);
  login.credentials.expiry_date = Date.now() + 1000;
  const next = (await login.getAccessToken()).token;
  expect(next).toMatch(/^ya29\.emulated-/);
  expect(next).not.toBe(token);
});

it('an emulator that has gone is named', async () => {
  const login = await emulatorLogin({ httpPort: 1 });
  await expect(login.getAccessToken()).rejects.toThrow('http://127.0.0.1:1/emulator/v1/token');
});
