import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import type { BatchPort } from '../../src/exec/port.js';
import { scenarioOf } from './plans.js';

/** A certificate for a server of our own is made by openssl: Node signs none. */
const openssl = (...args: string[]) => promisify(execFile)('openssl', args);
const hasOpenssl = await openssl('version').then(
  () => true,
  () => false,
);
if (!hasOpenssl) console.log('skipped: the login of the gRPC client needs openssl');

const GET_JOB = '/google.cloud.batch.v1.BatchService/GetJob';
const UNAUTHENTICATED = 16;

let folder: string;
let emulator: Emulator;
let stop: () => void;
let port: number;
let seen: string[];

/** GetJob behind TLS, for whoever has a token that the emulator has given out. */
async function serveTls(key: Buffer, cert: Buffer): Promise<{ port: number; stop: () => void }> {
  const { grpc } = await import('google-gax');
  const { protos } = await import('@google-cloud/batch');
  const { Job, JobStatus } = protos.google.cloud.batch.v1;
  const name = 'projects/p/locations/us-central1/jobs/a';
  const job = Buffer.from(
    Job.encode({ name, createTime: { seconds: 1 }, status: { state: JobStatus.State.RUNNING } }).finish(),
  );
  const server = new grpc.Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  const getJob = {
    path: GET_JOB,
    requestStream: false,
    responseStream: false,
    ...{ requestDeserialize: asIs, requestSerialize: asIs },
    ...{ responseDeserialize: asIs, responseSerialize: asIs },
  };
  server.addService(
    { getJob },
    {
      async getJob(
        call: { metadata: { get(key: string): unknown[] } },
        answer: (error: object | null, value?: Buffer) => void,
      ) {
        const authorization = String(call.metadata.get('authorization')[0] ?? '');
        seen.push(authorization);
        if (await isGood(authorization)) answer(null, job);
        else answer({ code: UNAUTHENTICATED, details: 'Request had invalid authentication credentials.' });
      },
    },
  );
  const credentials = grpc.ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, at) => (error ? reject(error) : resolve(at)));
  });
  return { port: bound, stop: () => server.forceShutdown() };
}

async function isGood(authorization: string): Promise<boolean> {
  const url = `http://127.0.0.1:${emulator.httpPort}/storage/v1/b/fepcast-results`;
  return (await fetch(url, { headers: { authorization } })).ok;
}

async function login(): Promise<OAuth2Client> {
  const url = `http://127.0.0.1:${emulator.httpPort}/emulator/v1/token`;
  const answer = await fetch(url, { method: 'POST' });
  const { access_token } = (await answer.json()) as { access_token: string };
  const client = new OAuth2Client();
  client.setCredentials({ access_token, expiry_date: Date.now() + 3_600_000 });
  return client;
}

/** The token is over, and so is what gives new ones. */
function end(client: OAuth2Client): void {
  client.setCredentials({ expiry_date: 1 });
  client.refreshHandler = () => {
    throw Object.assign(new Error('invalid_grant'), { response: { data: { error: 'invalid_grant' } } });
  };
}

describe.runIf(hasOpenssl)('the login of the gRPC client', () => {
  let batch: BatchPort;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fepcast-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    await openssl('req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject);
    // Read when gRPC is loaded: everything that loads it comes after this.
    vi.stubEnv('GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', cert);
    const { startEmulator } = await import('../../src/emulator/emulator.js');
    emulator = await startEmulator({
      scenario: scenarioOf({ molecules: 1, windows: 1 }),
      seed: '1',
      speed: 1,
      storageAuth: 'required',
      buckets: [{ name: 'fepcast-results', location: 'us-central1' }],
    });
    ({ port, stop } = await serveTls(await readFile(key), await readFile(cert)));
    seen = [];
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await batch?.close();
    stop?.();
    await emulator?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('goes with each call, its end is UNAUTHENTICATED, and a new one is used on the same connection', async () => {
    const { connectGoogle } = await import('../../src/exec/googleBatch.js');
    const { renewingAuth } = await import('../../src/exec/renewingAuth.js');
    const [first, second] = [await login(), await login()];
    const tokenOf = ({ credentials }: OAuth2Client) => `Bearer ${credentials.access_token}`;
    const [one, two] = [tokenOf(first), tokenOf(second)];
    let isBack = false;
    let wall = 0;
    const find = async () => {
      if (!isBack) throw new Error('nobody has logged in');
      return second;
    };
    const authClient = await renewingAuth(first, find, () => wall);
    batch = await connectGoogle({ project: 'p', authClient, endpoint: { apiEndpoint: 'localhost', port } });
    expect(await batch.getJob('us-central1', 'a')).toMatchObject({ jobId: 'a', state: 'RUNNING' });
    expect(seen).toEqual([one]);

    end(first);
    const error = await batch.getJob('us-central1', 'a').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'UNAUTHENTICATED' });
    expect(String(error)).not.toContain('ya29');
    // Nothing was asked without a login.
    expect(seen).toEqual([one]);

    isBack = true;
    wall = 11;
    expect(await batch.getJob('us-central1', 'a')).toMatchObject({ jobId: 'a' });
    expect(seen).toEqual([one, two]);
  });

  it('that the server does not know is UNAUTHENTICATED, too', async () => {
    const { connectGoogle } = await import('../../src/exec/googleBatch.js');
    const stranger = new OAuth2Client();
    stranger.setCredentials({ access_token: 'ya29.stranger', expiry_date: Date.now() + 3_600_000 });
    const other = await connectGoogle({
      project: 'p',
      authClient: stranger,
      endpoint: { apiEndpoint: 'localhost', port },
    });
    try {
      await expect(other.getJob('us-central1', 'a')).rejects.toMatchObject({ kind: 'UNAUTHENTICATED' });
    } finally {
      await other.close();
    }
  });
});
