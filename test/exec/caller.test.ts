import { createServer } from 'node:http';
import { Compute, Impersonated, JWT, PassThroughClient, UserRefreshClient } from 'google-auth-library';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MY_ACCOUNT, memberOf } from '../../src/exec/preflight/caller.js';
import { connectGoogleServices } from '../../src/exec/preflight/connect.js';
import { preflight } from '../../src/exec/preflight/preflight.js';
import { renewingAuth } from '../../src/exec/renewingAuth.js';
import { type PlayedProject, play } from './playedProject.js';
import { PROJECT, realPlan } from './realProject.js';

const SUBMITTER = 'fep-submitter@my-project.iam.gserviceaccount.com';
const person = new UserRefreshClient();
const impersonated = new Impersonated({ sourceClient: person, targetPrincipal: SUBMITTER, targetScopes: [] });

let played: PlayedProject | null = null;
afterEach(async () => {
  await played?.stop();
  played = null;
  vi.unstubAllEnvs();
});

describe('who calls', () => {
  it('is the account that is impersonated, and not the person behind it', async () => {
    expect(await memberOf(impersonated)).toBe(`serviceAccount:${SUBMITTER}`);
  });

  it('is the account of a key', async () => {
    expect(await memberOf(new JWT({ email: SUBMITTER }))).toBe(`serviceAccount:${SUBMITTER}`);
  });

  it('is, for a person, whom gcloud knows where the command is pasted', async () => {
    expect(await memberOf(person)).toBe(MY_ACCOUNT);
  });

  it('is asked of the login behind one that renews itself', async () => {
    const authClient = await renewingAuth(impersonated, () => Promise.reject(new Error('no other')));
    const services = connectGoogleServices({ project: PROJECT, authClient, login: impersonated });
    expect(await services.caller()).toBe(`serviceAccount:${SUBMITTER}`);
  });

  it('is never a reason to stop', async () => {
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    expect(await memberOf(new PassThroughClient())).toBe(MY_ACCOUNT);
  });
});

describe('on a VM', () => {
  it('who calls is the account that is attached to it', async () => {
    const server = createServer((request, response) => {
      response.setHeader('Metadata-Flavor', 'Google');
      response.end(request.url?.endsWith('/email') ? SUBMITTER : '{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${port}`);
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    try {
      expect(await memberOf(new Compute())).toBe(`serviceAccount:${SUBMITTER}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('the repairs of missing permissions', () => {
  it('give the roles to the account that lacks them', async () => {
    const plan = realPlan();
    const deniedPermissions = ['batch.jobs.create', 'iam.serviceAccounts.actAs', 'storage.objects.create'];
    played = await play(plan.scenario.resolved, { deniedPermissions });
    const services = { ...played.services, caller: () => memberOf(impersonated) };
    const { checks } = await preflight(
      { plan, project: PROJECT, source: 'execute', inputs: 'virtual', prices: null, planFile: 'plan.json' },
      { services, storage: played.storage },
    );
    const refused = checks.filter(({ permission }) => permission === true);
    expect(refused.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['permissions', 'act as', 'bucket scratch-us-central1']),
    );
    for (const { repair } of refused) expect(repair).toContain(`--member=serviceAccount:${SUBMITTER} `);
  });
});
