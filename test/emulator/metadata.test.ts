import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { type FaultRule, Faults } from '../../src/emulator/faults.js';
import { startMetadataServer } from '../../src/emulator/metadata/metadataServer.js';
import { type VmIdentity, VmMetadata } from '../../src/emulator/metadata/vmMetadata.js';
import { TokenStore } from '../../src/emulator/tokens.js';

const VM: VmIdentity = {
  name: 'run-w0-7',
  id: '7000000000000007',
  zone: 'us-central1-a',
  machineType: 'g2-standard-4',
  project: 'my-project',
  projectNumber: '123456789012',
  serviceAccount: 'fep-runner@my-project.iam.gserviceaccount.com',
};
const BASE = '/computeMetadata/v1';
const FLAVOR = { 'Metadata-Flavor': 'Google' };

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(options: { tokenSeconds?: number; faults?: FaultRule[] } = {}) {
  const now = (): number => performance.now() / 1000;
  const tokens = new TokenStore(now);
  const metadata = new VmMetadata(VM, { tokens, tokenSeconds: options.tokenSeconds ?? 3600, now });
  const faults = new Faults(options.faults ?? [], 'metadata', () => 0);
  const server = await startMetadataServer(metadata, faults);
  closing.push(() => server.stop());
  const get = (path: string, headers: Record<string, string> = FLAVOR) =>
    fetch(`http://${server.host}${path}`, { headers, redirect: 'manual' });
  const text = async (path: string): Promise<string> => (await get(`${BASE}/${path}`)).text();
  return { tokens, metadata, host: server.host, get, text };
}

test('a VM learns who it is', async () => {
  const { get, text } = await serve();
  expect(await text('instance/name')).toBe(VM.name);
  expect(await text('instance/id')).toBe(VM.id);
  expect(await text('instance/zone')).toBe('projects/123456789012/zones/us-central1-a');
  expect(await text('instance/machine-type')).toBe('projects/123456789012/machineTypes/g2-standard-4');
  expect(await text('instance/hostname')).toBe('run-w0-7.us-central1-a.c.my-project.internal');
  expect(await text('instance/preempted')).toBe('FALSE');
  expect(await text('instance/attributes/')).toBe('');
  expect(await text('project/project-id')).toBe('my-project');
  expect(await text('project/numeric-project-id')).toBe('123456789012');
  expect(await text('universe/universe-domain')).toBe('googleapis.com');
  expect(await text('instance/service-accounts/')).toBe(`default/\n${VM.serviceAccount}/\n`);
  expect(await text('instance/service-accounts/default/')).toBe('aliases\nemail\nscopes\ntoken\n');
  expect(await text('instance/service-accounts/default/scopes')).toBe(
    'https://www.googleapis.com/auth/cloud-platform\n',
  );
  expect(JSON.parse(await text('instance/service-accounts/default/?recursive=true'))).toEqual({
    aliases: ['default'],
    email: VM.serviceAccount,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  const { serviceAccounts, machineType } = JSON.parse(await text('instance/?recursive=true'));
  expect(Object.keys(serviceAccounts)).toEqual(['default', VM.serviceAccount]);
  expect(machineType).toContain('g2-standard-4');
  const answer = await get(`${BASE}/instance/name`);
  expect(answer.headers.get('metadata-flavor')).toBe('Google');
  expect(answer.headers.get('content-type')).toBe('application/text');
});

test('requests that Google refuses are refused', async () => {
  const { get, host } = await serve();
  const without = await get(`${BASE}/instance/name`, {});
  expect(without.status).toBe(403);
  expect(await without.text()).toContain('Metadata-Flavor:Google');
  const forwarded = await get(`${BASE}/instance/name`, { ...FLAVOR, 'X-Forwarded-For': '10.0.0.1' });
  expect(forwarded.status).toBe(403);
  const posted = await fetch(`http://${host}${BASE}/instance/name`, { method: 'POST', headers: FLAVOR });
  expect(posted.status).toBe(405);
  expect((await get(`${BASE}/instance/no-such`)).status).toBe(404);
  expect((await get('/instance/name')).status).toBe(404);
  const folder = await get(`${BASE}/instance`);
  expect([folder.status, folder.headers.get('location')]).toEqual([301, `${BASE}/instance/`]);
  // Its root tells a client without the header that there is a metadata server.
  const root = await get('/', {});
  expect([root.status, root.headers.get('metadata-flavor')]).toEqual([200, 'Google']);
});

test('a page in a browser gets nothing: the Host header must be of this machine', async () => {
  const { host } = await serve();
  const status = await new Promise((resolve, reject) => {
    const headers = { ...FLAVOR, host: 'evil.example' };
    const call = request(`http://${host}${BASE}/instance/service-accounts/default/token`, { headers });
    call.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.once('error', reject);
    call.end();
  });
  expect(status).toBe(403);
});

test('a token is kept until five minutes before its end, short ones are new each time', async () => {
  const path = 'instance/service-accounts/default/token';
  const long = await serve();
  const [first, second] = [JSON.parse(await long.text(path)), JSON.parse(await long.text(path))];
  expect(second.access_token).toBe(first.access_token);
  expect(first.token_type).toBe('Bearer');
  expect(first.expires_in).toBeGreaterThan(3590);
  expect(long.tokens.check(first.access_token)).toEqual({ state: 'valid', account: VM.serviceAccount });
  expect(long.tokens.check(`${first.access_token}x`)).toEqual({ state: 'unknown' });
  const named = JSON.parse(await long.text(`instance/service-accounts/${VM.serviceAccount}/token`));
  expect(named.access_token).toBe(first.access_token);

  const short = await serve({ tokenSeconds: 60 });
  const [third, fourth] = [JSON.parse(await short.text(path)), JSON.parse(await short.text(path))];
  expect(fourth.access_token).not.toBe(third.access_token);
  expect(third.expires_in).toBeGreaterThan(50);
});

test('who waits for a change is answered when the VM is preempted', async () => {
  const { get, metadata } = await serve();
  const path = `${BASE}/instance/preempted`;
  const now = await get(path);
  const etag = now.headers.get('etag') ?? '';
  const waiting = get(`${path}?wait_for_change=true&last_etag=${etag}`).then((answer) => answer.text());
  const first = await Promise.race([waiting, wait(100, 'waits')]);
  expect(first).toBe('waits');
  metadata.preempt();
  expect(await waiting).toBe('TRUE');
  // What has changed already is told at once.
  expect(await (await get(`${path}?wait_for_change=true&last_etag=${etag}`)).text()).toBe('TRUE');
  expect(await (await get(`${path}?wait_for_change=true&last_etag=0`)).text()).toBe('TRUE');
});

test('a wait ends with its time', async () => {
  const { text } = await serve();
  expect(await text('instance/preempted?wait_for_change=true&timeout_sec=0')).toBe('FALSE');
  const from = performance.now();
  expect(await text('instance/preempted?wait_for_change=true&timeout_sec=1')).toBe('FALSE');
  expect(performance.now() - from).toBeGreaterThan(900);
});

test('faults meet their own method alone', async () => {
  const rule: FaultRule = { service: 'metadata', method: 'token', kind: 'refuse', rate: 1, times: 2 };
  const { get, text } = await serve({ faults: [rule, { ...rule, kind: 'reset', times: 1 }] });
  const path = `${BASE}/instance/service-accounts/default/token`;
  expect((await get(path)).status).toBe(503);
  expect((await get(path)).status).toBe(503);
  await expect(get(path)).rejects.toThrow();
  expect((await get(path)).status).toBe(200);
  expect(await text('instance/name')).toBe(VM.name);
});

const run = promisify(execFile);

/** A program of its own with nothing in its environment that could tell it anything else. */
async function programOnVm(host: string, command: string, args: string[]): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'metadata-'));
  closing.push(() => rmSync(home, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH ?? '', HOME: home, GCE_METADATA_HOST: host };
  const { stdout } = await run(command, args, { env, cwd: fileURLToPath(new URL('../..', import.meta.url)) });
  return stdout;
}

test('google-auth-library finds its account, project and token through GCE_METADATA_HOST', async () => {
  const { host, tokens } = await serve();
  const script = `
    import { GoogleAuth } from 'google-auth-library';
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    const client = await auth.getClient();
    const { token } = await client.getAccessToken();
    const { client_email: email } = await auth.getCredentials();
    const project = await auth.getProjectId();
    console.log(JSON.stringify({ kind: client.constructor.name, token, email, project }));
  `;
  const printed = await programOnVm(host, process.execPath, ['--input-type=module', '-e', script]);
  const { kind, token, email, project } = JSON.parse(printed);
  expect({ kind, email, project }).toEqual({
    kind: 'Compute',
    email: VM.serviceAccount,
    project: VM.project,
  });
  expect(tokens.check(token)).toEqual({ state: 'valid', account: VM.serviceAccount });
});

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasCurl())('curl gets a token as the manual shows it (skipped without curl)', async () => {
  const { host, tokens } = await serve();
  const url = `http://${host}${BASE}/instance/service-accounts/default/token`;
  const printed = await programOnVm(host, 'curl', ['-sS', '-H', 'Metadata-Flavor: Google', url]);
  expect(tokens.check(JSON.parse(printed).access_token)).toEqual({
    state: 'valid',
    account: VM.serviceAccount,
  });
});
