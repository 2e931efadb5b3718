import { afterEach, describe, expect, it } from 'vitest';
import type { ProjectTroubleInput } from '../../src/emulator/services/project.js';
import { inspect } from '../../src/exec/preflight/beforeStart.js';
import type { PreflightResult } from '../../src/exec/preflight/preflight.js';
import type { Cloud } from '../../src/scenario/scenario.js';
import { type PlayedEmulator, playEmulator } from './playedEmulator.js';
import { cloudRegion, PROJECT, realPlan } from './realProject.js';

let played: PlayedEmulator | null = null;

afterEach(async () => {
  await played?.stop();
  played = null;
});

/** A preflight through the real clients, buckets from the emulator's own Cloud Storage. */
async function rehearsed(
  trouble: ProjectTroubleInput = {},
  cloud: Partial<Cloud> = {},
): Promise<PreflightResult> {
  const plan = realPlan(cloud);
  played = await playEmulator(plan.scenario.resolved, trouble);
  return inspect(
    {
      plan,
      project: PROJECT,
      source: 'rehearse',
      services: played.services,
      storage: played.cloud.storage,
      virtual: true,
      staged: false,
    },
    'plan.json',
  );
}

describe('the preflight of a rehearsal', () => {
  it('finds nothing wrong with a project in which all is well', async () => {
    const { checks, ok } = await rehearsed();
    expect(ok).toBe(true);
    const ofThePlan = ['lint', 'forecast'];
    const notes = checks.filter(({ name, outcome }) => outcome !== 'pass' && !ofThePlan.includes(name));
    expect(notes).toEqual([]);
  });

  const debian = {
    'us-central1': cloudRegion('us-central1', { bootImage: 'batch-debian' }),
    'us-east1': cloudRegion('us-east1'),
  };
  it.each<[string, ProjectTroubleInput, Partial<Cloud>, string, 'fail' | 'warn', RegExp]>([
    [
      'an API that is off',
      { disabledApis: ['compute.googleapis.com'] },
      {},
      'apis',
      'fail',
      /^gcloud services enable/,
    ],
    [
      'no quota',
      {
        quotas: { 'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 0 }, NVIDIA_L4_GPUS: { limit: 0 } } },
      },
      {},
      'quota us-central1',
      'fail',
      /^gcloud beta quotas preferences update/,
    ],
    [
      'the quota of a new project',
      {
        quotas: { 'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 1 }, NVIDIA_L4_GPUS: { limit: 1 } } },
      },
      {},
      'quota us-central1',
      'warn',
      /--preferred-value=10 --email=/,
    ],
    [
      'a bucket in another region',
      { buckets: { 'scratch-us-east1': { location: 'EUROPE-WEST4' } } },
      {},
      'bucket scratch-us-east1',
      'fail',
      /--location=us-east1/,
    ],
    [
      'no image in a region',
      { images: { 'us-east1-docker.pkg.dev/my-project/fep/task:1': null } },
      {},
      'image us-east1',
      'fail',
      /^gcloud artifacts docker images list/,
    ],
    [
      'a tag of two meanings',
      { images: { 'us-east1-docker.pkg.dev/my-project/fep/task:1': `sha256:${'b'.repeat(64)}` } },
      {},
      'images',
      'fail',
      /^docker buildx imagetools create --prefer-index=false/,
    ],
    [
      'no right to act as the account',
      { deniedPermissions: ['iam.serviceAccounts.actAs'] },
      {},
      'act as',
      'fail',
      /^gcloud iam service-accounts add-iam-policy-binding/,
    ],
    [
      'a retention policy on scratch',
      { buckets: { 'scratch-us-central1': { retentionPolicy: { retentionPeriod: '86400' } } } },
      {},
      'bucket scratch-us-central1',
      'fail',
      /--clear-retention-period$/,
    ],
    [
      'soft delete on scratch',
      { buckets: { 'scratch-us-central1': { softDeletePolicy: { retentionDurationSeconds: '604800' } } } },
      {},
      'bucket scratch-us-central1',
      'warn',
      /--clear-soft-delete$/,
    ],
    [
      "somebody else's bucket",
      { foreignBuckets: ['scratch-us-east1'] },
      {},
      'bucket scratch-us-east1',
      'fail',
      /^gcloud storage buckets add-iam-policy-binding gs:\/\/scratch-us-east1 .*--role=roles\/storage\.objectUser$/,
    ],
    [
      'a bucket into which nothing may be written',
      { deniedPermissions: ['storage.objects.create'] },
      {},
      'bucket results-us-east1',
      'fail',
      /--role=roles\/storage\.objectUser$/,
    ],
    [
      'a bucket whose policies may not be read',
      { deniedPermissions: ['storage.buckets.get'] },
      {},
      'bucket scratch-us-central1',
      'warn',
      /--role=roles\/storage\.legacyBucketReader$/,
    ],
    [
      'an image in another region',
      {},
      {
        regions: {
          'us-central1': cloudRegion('us-central1'),
          'us-east1': cloudRegion('us-east1', {
            imageUri: `us-central1-docker.pkg.dev/my-project/fep/task:1`,
          }),
        },
      },
      'image us-east1',
      'warn',
      /^docker buildx imagetools create --prefer-index=false --tag us-east1-docker\.pkg\.dev\//,
    ],
    [
      'no bucket',
      { buckets: { 'results-us-east1': null } },
      {},
      'bucket results-us-east1',
      'fail',
      /buckets create/,
    ],
    [
      'batch-debian without NAT',
      { natRegions: [] },
      { regions: debian },
      'network us-central1',
      'fail',
      /^gcloud compute routers create/,
    ],
  ])('names %s and its repair', async (_, trouble, cloud, name, outcome, repair) => {
    const { checks, ok } = await rehearsed(trouble, cloud);
    const found = checks.filter((one) => one.name === name);
    const check = found.find((one) => one.outcome === outcome);
    expect(found).toContainEqual(expect.objectContaining({ outcome }));
    for (const { message } of checks) expect(message).toMatch(/[^.]\.$/);
    expect(check?.repair).toMatch(repair);
    expect(ok).toBe(outcome === 'warn');
  });
});
