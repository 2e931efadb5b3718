import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CredentialsError, findCredentials } from '../../src/exec/credentials.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'fepcast-home-'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('CLOUDSDK_CONFIG', join(home, 'gcloud'));
  vi.stubEnv('APPDATA', home);
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

describe('credentials', () => {
  it('that are missing are told in one sentence within two seconds', async () => {
    const begin = performance.now();
    const error = await findCredentials().catch((reason: unknown) => reason);
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(error).toBeInstanceOf(CredentialsError);
    expect(error).toHaveProperty(
      'message',
      'No Google Cloud credentials: run `gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS',
    );
  });

  it('name the file that the variable points to when it is not there', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(home, 'absent.json'));
    await expect(findCredentials()).rejects.toThrow(/No Google Cloud credentials: .*absent\.json/);
  });

  it('that are there but broken are refused too', async () => {
    const file = join(home, 'key.json');
    await writeFile(file, '{"type":"service_account","client_email":"a@b","private_key":"no key"}');
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
    await expect(findCredentials()).rejects.toBeInstanceOf(CredentialsError);
  });
});
