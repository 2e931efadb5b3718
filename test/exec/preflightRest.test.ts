import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { PassThroughClient } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { googleServices } from '../../src/exec/preflight/googleServices.js';
import { parseImageName } from '../../src/exec/preflight/imageName.js';
import {
  emulatorEndpoints,
  type RestClient,
  restClient,
  ServiceError,
} from '../../src/exec/preflight/restClient.js';
import { parseSubnetwork } from '../../src/exec/preflight/subnetworkName.js';
import { FakeClock } from './fakeBatch.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let handler: Handler;
let requests: string[];
let port: number;
let close: () => Promise<void>;
let clock: FakeClock;

beforeEach(async () => {
  requests = [];
  clock = new FakeClock();
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
});

afterEach(() => close());

function client(timeoutMs = 5000): RestClient {
  return restClient({
    authClient: new PassThroughClient(),
    endpoints: emulatorEndpoints(port),
    clock,
    random: () => 0.5,
    timeoutMs,
  });
}

function answer(status: number, body: unknown): Handler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ServiceError) return error;
  throw new Error(`expected a ServiceError, found ${String(error)}`);
}

describe('a read of a service', () => {
  it.each([
    [400, {}, 'INVALID_ARGUMENT', 1],
    [401, {}, 'UNAUTHENTICATED', 1],
    [403, { message: 'denied' }, 'PERMISSION_DENIED', 1],
    [404, {}, 'NOT_FOUND', 1],
    [408, {}, 'RETRYABLE', 4],
    [429, {}, 'RETRYABLE', 4],
    [503, {}, 'RETRYABLE', 4],
    [403, { errors: [{ reason: 'rateLimitExceeded' }] }, 'RETRYABLE', 4],
    [418, {}, 'OTHER', 1],
  ])('answered %i with %j is %s after %i tries', async (status, error, kind, tries) => {
    handler = answer(status, { error });
    expect((await refusal(client().get('compute', '/x'))).kind).toBe(kind);
    expect(requests).toHaveLength(tries);
  });

  it('tells an API that is off from a permission that is missing', async () => {
    handler = answer(403, { error: { message: 'off', details: [{ reason: 'SERVICE_DISABLED' }] } });
    expect((await refusal(client().get('iam', '/x'))).apiIsOff).toBe(true);
    handler = answer(403, {
      error: { message: 'Permission denied', details: [{ reason: 'IAM_PERMISSION_DENIED' }] },
    });
    expect((await refusal(client().get('iam', '/x'))).apiIsOff).toBe(false);
  });

  it('takes a login that was revoked for what it is', async () => {
    handler = answer(400, {
      error: 'invalid_grant',
      error_description: 'Token has been expired or revoked.',
    });
    const error = await refusal(client().get('compute', '/x'));
    expect(error.kind).toBe('UNAUTHENTICATED');
    expect(error.message).toContain('Token has been expired or revoked.');
  });

  it('goes on after failures that pass', async () => {
    let calls = 0;
    handler = (request, response) => {
      calls += 1;
      answer(calls < 3 ? 503 : 200, calls < 3 ? {} : { fine: true })(request, response);
    };
    expect(await client().get('compute', '/x')).toEqual({ fine: true });
    expect(requests).toHaveLength(3);
  });

  it('gives up on a server that never answers, and on one that is not there', async () => {
    handler = () => undefined;
    expect((await refusal(client(50).get('compute', '/x'))).kind).toBe('RETRYABLE');
    expect(requests).toHaveLength(4);
    await close();
    expect((await refusal(client().get('compute', '/x'))).kind).toBe('RETRYABLE');
  });

  it('ends at once when it is called off', async () => {
    const controller = new AbortController();
    handler = () => controller.abort();
    const rest = restClient({
      authClient: new PassThroughClient(),
      endpoints: emulatorEndpoints(port),
      signal: controller.signal,
    });
    await expect(rest.get('compute', '/x')).rejects.toMatchObject({ name: 'AbortError' });
    expect(requests).toHaveLength(1);
  });

  it('of an answer in an unknown shape is an error that names the place in it', async () => {
    handler = answer(200, { quotas: [{ metric: 'CPUS', limit: 'many' }] });
    const error = await refusal(googleServices(client(), 'p').regionQuotas('us-central1'));
    expect(error.kind).toBe('OTHER');
    expect(error.message).toContain('quotas.0.limit');
  });

  it('says no more of the request than its path', async () => {
    handler = answer(403, { error: { message: 'denied' } });
    const error = await refusal(
      client().post('iam', '/v1/x:testIamPermissions', { permissions: ['secret-thing'] }),
    );
    expect(error.message).toBe('iam: POST /v1/x:testIamPermissions: denied');
  });
});

describe('an image in Artifact Registry', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  it('is looked up by its tag, with slashes in its name escaped', async () => {
    handler = (request, response) => {
      const isTag = request.url?.includes('/tags/') ?? false;
      const version = `projects/p/locations/us/repositories/r/packages/a%2Fb/versions/${digest}`;
      answer(200, isTag ? { version } : { uri: 'u', imageSizeBytes: '123' })(request, response);
    };
    const name = parseImageName('us-docker.pkg.dev/p/r/a/b:1.0');
    if (name === null) throw new Error('no image name');
    expect(await googleServices(client(), 'p').image(name)).toEqual({ digest, sizeBytes: 123 });
    expect(requests).toEqual([
      'GET /v1/projects/p/locations/us/repositories/r/packages/a%2Fb/tags/1.0',
      `GET /v1/projects/p/locations/us/repositories/r/dockerImages/a%2Fb@${digest}`,
    ]);
  });

  it.each([
    ['us-central1-docker.pkg.dev/p/r/i:t', { location: 'us-central1', image: 'i', tag: 't', digest: null }],
    ['us-docker.pkg.dev/p/r/i', { location: 'us', image: 'i', tag: null, digest: null }],
    [`europe-docker.pkg.dev/p/r/a/b:t@${digest}`, { image: 'a/b', tag: 't', digest }],
    ['us-docker.pkg.dev/example.com/p/r/i:t', { project: 'example.com:p', repository: 'r', image: 'i' }],
  ])('has the parts of %s', (uri, parts) => {
    expect(parseImageName(uri)).toMatchObject(parts);
  });

  it.each(['docker.io/library/x:1', 'gcr.io/p/x:1', 'us-docker.pkg.dev/p/r', 'x'])('is not %s', (uri) => {
    expect(parseImageName(uri)).toBeNull();
  });
});

describe('a subnetwork', () => {
  const home = { project: 'p', region: 'r1' };
  it.each([
    [null, { project: 'p', region: 'r1', name: 'default' }],
    ['fep', { project: 'p', region: 'r1', name: 'fep' }],
    ['regions/r2/subnetworks/s', { project: 'p', region: 'r2', name: 's' }],
    ['projects/h/regions/r2/subnetworks/s', { project: 'h', region: 'r2', name: 's' }],
    [
      'https://www.googleapis.com/compute/v1/projects/h/regions/r2/subnetworks/s',
      { project: 'h', region: 'r2', name: 's' },
    ],
  ])('named %s lies where it says', (text, expected) => {
    expect(parseSubnetwork(text, home)).toEqual(expected);
  });
});
