import { afterEach, describe, expect, it } from 'vitest';
import type { ProjectTroubleInput } from '../../src/emulator/services/project.js';
import type { RegionUse } from '../../src/emulator/services/quotas.js';
import type { Check } from '../../src/exec/preflight/check.js';
import {
  type PreflightOptions,
  type PreflightResult,
  preflight,
  withImages,
} from '../../src/exec/preflight/preflight.js';
import { resolveImages } from '../../src/exec/preflight/resolveImages.js';
import { roomOf } from '../../src/exec/preflight/room.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Cloud } from '../../src/scenario/scenario.js';
import { IDLE, type PlayedProject, play } from './playedProject.js';
import { cloudRegion, PROJECT, realPlan } from './realProject.js';

let played: PlayedProject | null = null;

afterEach(async () => {
  await played?.stop();
  played = null;
});

interface Situation {
  trouble?: ProjectTroubleInput;
  cloud?: Partial<Cloud>;
  change?: (plan: Plan) => Plan;
  use?: (region: string) => RegionUse;
  options?: Partial<PreflightOptions>;
}

async function look(situation: Situation = {}): Promise<PreflightResult> {
  const { trouble = {}, cloud = {}, change = (plan) => plan, use = () => IDLE, options = {} } = situation;
  const plan = change(realPlan(cloud));
  played = await play(plan.scenario.resolved, trouble, use);
  const inputs = { total: 130, missing: [] };
  const base = {
    plan,
    project: PROJECT,
    source: 'execute' as const,
    inputs,
    prices: null,
    planFile: 'plan.json',
  };
  return preflight({ ...base, ...options }, played);
}

function named(result: PreflightResult, name: string): Check {
  const found = result.checks.find((check) => check.name === name);
  if (!found) throw new Error(`no check ${name} in ${result.checks.map((check) => check.name).join(', ')}`);
  return found;
}

const DIGEST_A = `sha256:${'a'.repeat(64)}`;
const DIGEST_B = `sha256:${'b'.repeat(64)}`;

describe('a project in which all is well', () => {
  it('passes every check but those that the plan itself makes warn', async () => {
    const result = await look();
    expect(result.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
    const warnings = result.checks.filter(({ name, outcome }) => outcome === 'warn' && name !== 'lint');
    // The plan of this test has no forecast, and a guard that only warns.
    expect(warnings.map(({ name }) => name)).toEqual(['forecast', 'budget']);
    expect(result).toMatchObject({ ok: true, permission: false });
  });

  it('resolves the tag of every region to the same digest', async () => {
    const { images } = await look();
    const digests = Object.values(images).map((uri) => uri.split('@')[1]);
    expect(Object.keys(images)).toEqual(['us-central1', 'us-east1']);
    expect(new Set(digests).size).toBe(1);
    expect(images['us-east1']).toMatch(
      /^us-east1-docker\.pkg\.dev\/my-project\/fep\/task@sha256:[0-9a-f]{64}$/,
    );
    expect(withImages(realPlan(), images).image.uriByRegion).toEqual(images);
  });

  it('asks each thing once', async () => {
    await look();
    expect(new Set(played?.requests).size).toBe(played?.requests.length);
  });

  it('is one sentence a check, and a command where something can be repaired', async () => {
    const { checks } = await look({ trouble: { deniedPermissions: ['batch.jobs.create'] } });
    for (const { message } of checks) expect(message).toMatch(/^[^\n]+[.]$/);
    expect(checks.find(({ repair }) => repair !== null)?.repair).toMatch(/^(gcloud|fepcast) /);
  });
});

describe('a project without what the plan needs', () => {
  it('names the API that is off, and switches it on', async () => {
    const result = await look({ trouble: { disabledApis: ['batch.googleapis.com'] } });
    expect(named(result, 'apis')).toMatchObject({
      outcome: 'fail',
      message: 'The batch.googleapis.com API is switched off in my-project.',
      repair: 'gcloud services enable batch.googleapis.com --project=my-project',
    });
    expect(result).toMatchObject({ ok: false, permission: false });
  });

  it('says what could not be looked at because the API of that check is off', async () => {
    const result = await look({ trouble: { disabledApis: ['cloudresourcemanager.googleapis.com'] } });
    expect(named(result, 'permissions')).toMatchObject({
      outcome: 'warn',
      repair: 'gcloud services enable cloudresourcemanager.googleapis.com --project=my-project',
    });
  });

  it('fails where there is no quota, and asks for as much as the plan wants', async () => {
    const quotas = {
      'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 0 }, NVIDIA_L4_GPUS: { limit: 0 } },
    };
    const result = await look({ trouble: { quotas } });
    expect(named(result, 'quota us-central1')).toMatchObject({
      outcome: 'fail',
      message: 'us-central1 has no room for one Spot g2-standard-4: NVIDIA_L4_GPUS is 0.',
      repair:
        'gcloud beta quotas preferences update fepcast-nvidia-l4-gpus-us-central1 --allow-missing --project=my-project --service=compute.googleapis.com --quota-id=NVIDIA-L4-GPUS-per-project-region --dimensions=region=us-central1 --preferred-value=10 --email="$(gcloud config get account)"',
    });
    expect(named(result, 'quota us-east1').outcome).toBe('pass');
  });

  it('lets the standard quota stand in for a preemptible one that was never granted', async () => {
    const quotas = {
      'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 0 }, NVIDIA_L4_GPUS: { limit: 16 } },
    };
    expect(named(await look({ trouble: { quotas } }), 'quota us-central1').outcome).toBe('pass');
  });

  it('warns at a quota of 1 where the jobs would still end in time, and fails where Batch would end them', async () => {
    const quotas = { 'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 1 } } };
    const hours = (h: number) => (plan: Plan) => {
      const { resolved } = plan.scenario;
      const campaign = { ...resolved.campaign, taskDurationSeconds: { constant: h * 3600 } };
      return { ...plan, scenario: { ...plan.scenario, resolved: { ...resolved, campaign } } };
    };
    // 65 tasks of an hour on one VM take less than three days, of seven hours nineteen.
    expect(named(await look({ trouble: { quotas } }), 'quota us-central1')).toMatchObject({
      outcome: 'warn',
      message: 'PREEMPTIBLE_NVIDIA_L4_GPUS is 1, enough for 1 of 10 Spot VMs in us-central1: the rest waits.',
    });
    await played?.stop();
    expect(named(await look({ trouble: { quotas }, change: hours(7) }), 'quota us-central1')).toMatchObject({
      outcome: 'fail',
      message:
        'PREEMPTIBLE_NVIDIA_L4_GPUS is 1, enough for 1 of 10 Spot VMs in us-central1: a job would run for 19 days, and Batch ends it after 14.',
    });
  });

  it('counts what others use, and the disks, addresses and GPUs of all regions', async () => {
    const busy = await look({ use: () => ({ ...IDLE, spotGpus: 95 }) });
    expect(named(busy, 'quota us-central1')).toMatchObject({ outcome: 'warn', repair: null });
    expect(named(busy, 'quota us-central1').message).toContain('leaves 5 of 10');
    await played?.stop();

    const quotas = {
      'us-central1': { SSD_TOTAL_GB: { limit: 250 } },
      'us-east1': { IN_USE_ADDRESSES: { limit: 8 } },
      global: { GPUS_ALL_REGIONS: { limit: 1 } },
    };
    const short = await look({ trouble: { quotas }, cloud: { externalIp: true } });
    expect(named(short, 'quota us-central1').message).toContain('SSD_TOTAL_GB is 250, enough for 5 of 10');
    expect(named(short, 'quota us-central1').repair).toContain('--preferred-value=500');
    expect(named(short, 'quota us-east1').message).toContain('IN_USE_ADDRESSES is 8, enough for 8 of 10');
    expect(named(short, 'quota all regions').message).toContain('GPUS_ALL_REGIONS is 1, enough for 1 of 20');
    expect(named(short, 'quota all regions').repair).toContain(
      'update fepcast-gpus-all-regions --allow-missing ',
    );
    expect(named(short, 'quota all regions').repair).toContain('--quota-id=GPUS-ALL-REGIONS-per-project ');
  });
});

describe('images', () => {
  const east = 'us-east1-docker.pkg.dev/my-project/fep/task:1';

  it('fail when a tag means different things in two regions', async () => {
    const central = 'us-central1-docker.pkg.dev/my-project/fep/task:1';
    const result = await look({ trouble: { images: { [central]: DIGEST_A, [east]: DIGEST_B } } });
    expect(named(result, 'images')).toMatchObject({
      outcome: 'fail',
      repair: `docker buildx imagetools create --prefer-index=false --tag ${east} us-central1-docker.pkg.dev/my-project/fep/task@${DIGEST_A}`,
    });
  });

  it('are used by the digest that their tags have today, and stay what they are where nobody can tell', async () => {
    const plan = realPlan();
    played = await play(plan.scenario.resolved, { images: { [east]: null } });
    const resolved = await resolveImages(plan, played.services);
    expect(resolved.image.uriByRegion['us-central1']).toMatch(/\/fep\/task@sha256:[0-9a-f]{64}$/);
    expect(resolved.image.uriByRegion['us-east1']).toBe(east);
    expect(resolved.id).toBe(plan.id);
    expect(await resolveImages(resolved, played.services)).toEqual(resolved);
  });

  it('fail when one is not there', async () => {
    const result = await look({ trouble: { images: { [east]: null } } });
    expect(named(result, 'image us-east1')).toMatchObject({
      outcome: 'fail',
      message: `There is no image ${east}.`,
      repair: 'gcloud artifacts docker images list us-east1-docker.pkg.dev/my-project/fep --include-tags',
    });
  });

  it('warn with the price when the image lies in another region, and fail when it is to be streamed', async () => {
    const far = cloudRegion('us-east1', { imageUri: 'europe-west4-docker.pkg.dev/my-project/fep/task:1' });
    const cloud = { regions: { 'us-central1': cloudRegion('us-central1'), 'us-east1': far } };
    const dear = (plan: Plan): Plan => {
      const { resolved } = plan.scenario;
      const prices = { ...resolved.prices, crossRegionUsdPerGb: 0.02 };
      return { ...plan, scenario: { ...plan.scenario, resolved: { ...resolved, prices } } };
    };
    const pulled = await look({ cloud, change: dear });
    expect(named(pulled, 'image us-east1')).toMatchObject({ outcome: 'warn' });
    expect(named(pulled, 'image us-east1').message).toContain(
      'lies in europe-west4: every VM pulls it across regions, at 0.09 USD',
    );
    await played?.stop();
    const change = (plan: Plan): Plan => ({ ...plan, image: { ...plan.image, delivery: 'streaming' } });
    expect(named(await look({ cloud, change }), 'image us-east1').outcome).toBe('fail');
  });

  it('of a multi-region are near; of another registry they must be named by digest', async () => {
    const multi = (uri: string) => ({
      regions: {
        'us-central1': cloudRegion('us-central1', { imageUri: uri }),
        'us-east1': cloudRegion('us-east1', { imageUri: uri }),
      },
    });
    const near = await look({ cloud: multi('us-docker.pkg.dev/my-project/fep/tools/task:1') });
    expect(named(near, 'images').outcome).toBe('pass');
    await played?.stop();
    const tagged = await look({ cloud: multi('docker.io/library/task:1') });
    expect(named(tagged, 'image us-central1').outcome).toBe('fail');
    await played?.stop();
    const fixed = await look({ cloud: multi(`docker.io/library/task@${DIGEST_A}`) });
    expect(named(fixed, 'image us-central1').outcome).toBe('warn');
    expect(fixed.images['us-east1']).toBe(`docker.io/library/task@${DIGEST_A}`);
  });

  it('that are larger than the forecast assumes are told of', async () => {
    const change = (plan: Plan): Plan => {
      const { resolved } = plan.scenario;
      const image = { ...resolved.image, compressedBytes: 1e9 };
      return { ...plan, scenario: { ...plan.scenario, resolved: { ...resolved, image } } };
    };
    const plan = change(realPlan());
    // The registry holds the image of 5 GB.
    played = await play(realPlan().scenario.resolved);
    const result = await preflight(
      { plan, project: PROJECT, source: 'execute', inputs: 'virtual', prices: null, planFile: 'plan.json' },
      played,
    );
    expect(named(result, 'image us-central1').message).toContain('5.0 GB, and the forecast assumes 1.0 GB');
  });
});

describe('buckets', () => {
  it('must lie where their tasks run', async () => {
    const result = await look({ trouble: { buckets: { 'scratch-us-east1': { location: 'EUROPE-WEST4' } } } });
    expect(named(result, 'bucket scratch-us-east1')).toMatchObject({
      outcome: 'fail',
      message:
        'scratch-us-east1 lies in europe-west4, and its VMs run in us-east1: every checkpoint would cross regions and be billed, unless cloud.regions.us-east1.scratchBucket names one in us-east1.',
    });
    // The name is taken, by the bucket that lies elsewhere.
    expect(named(result, 'bucket scratch-us-east1').repair).toMatch(
      /^gcloud storage buckets create gs:\/\/scratch-us-east1-2 --location=us-east1 /,
    );
  });

  it.each([
    [{ retentionPolicy: { retentionPeriod: '86400' } }, 'fail', '--clear-retention-period'],
    [{ defaultEventBasedHold: true }, 'fail', '--no-default-event-based-hold'],
    [{ softDeletePolicy: { retentionDurationSeconds: '604800' } }, 'warn', '--clear-soft-delete'],
    [{ versioning: { enabled: true } }, 'warn', '--no-versioning'],
    [{ autoclass: { enabled: true } }, 'warn', '--no-enable-autoclass'],
    [{ billing: { requesterPays: true } }, 'warn', '--no-requester-pays'],
    [
      { lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 3 } }] } },
      'fail',
      '--lifecycle-file',
    ],
    [{ lifecycle: { rule: [] } }, 'warn', '--lifecycle-file'],
  ])('for scratch with %j: %s', async (fields, outcome, flag) => {
    const result = await look({ trouble: { buckets: { 'scratch-us-central1': fields } } });
    const check = named(result, 'bucket scratch-us-central1');
    expect(check.outcome).toBe(outcome);
    expect(check.repair).toContain(flag);
  });

  it('for results must keep what is deleted and delete nothing by themselves', async () => {
    const lax = await look({
      trouble: {
        buckets: { 'results-us-central1': { softDeletePolicy: { retentionDurationSeconds: '0' } } },
      },
    });
    expect(named(lax, 'bucket results-us-central1').outcome).toBe('warn');
    await played?.stop();
    const lifecycle = { rule: [{ action: { type: 'Delete' }, condition: { age: 365 } }] };
    const lossy = await look({ trouble: { buckets: { 'results-us-central1': { lifecycle } } } });
    expect(named(lossy, 'bucket results-us-central1').outcome).toBe('fail');
  });

  it('that are not there are created by the command', async () => {
    const result = await look({ trouble: { buckets: { 'scratch-us-central1': null, 'state-home': null } } });
    expect(named(result, 'bucket scratch-us-central1').repair).toMatch(
      /^gcloud storage buckets create gs:\/\/scratch-us-central1 --location=us-central1 .*--soft-delete-duration=0/,
    );
    expect(named(result, 'bucket state-home').outcome).toBe('fail');
  });

  it('must be named for a run on Google', async () => {
    const regions = {
      'us-central1': cloudRegion('us-central1', { scratchBucket: null }),
      'us-east1': cloudRegion('us-east1'),
    };
    const result = await look({ cloud: { regions, state: null } });
    expect(named(result, 'scratch us-central1').message).toContain('cloud.regions.us-central1.scratchBucket');
    expect(named(result, 'state').message).toContain('cloud.state');
  });
});

describe('permissions', () => {
  it('that the caller lacks fail as such, with the roles that have them', async () => {
    const result = await look({
      trouble: { deniedPermissions: ['batch.jobs.create', 'compute.regions.get'] },
    });
    expect(result).toMatchObject({ ok: false, permission: true });
    const { message, repair } = named(result, 'permissions');
    expect(message).toBe('You lack batch.jobs.create and compute.regions.get in my-project.');
    expect(repair).toContain('--role=roles/batch.jobsEditor');
    expect(repair).toContain('--role=roles/compute.viewer');
  });

  it('include that to act as the account of the VMs', async () => {
    const result = await look({ trouble: { deniedPermissions: ['iam.serviceAccounts.actAs'] } });
    expect(result).toMatchObject({ ok: false, permission: true });
    expect(named(result, 'act as')).toMatchObject({
      outcome: 'fail',
      message:
        'You may not run jobs as runner@my-project.iam.gserviceaccount.com: iam.serviceAccounts.actAs is missing on it.',
    });
    expect(named(result, 'act as').repair).toContain(
      'gcloud iam service-accounts add-iam-policy-binding runner@my-project.iam.gserviceaccount.com',
    );
  });

  it('include those on the buckets', async () => {
    const result = await look({ trouble: { deniedPermissions: ['storage.objects.create'] } });
    expect(named(result, 'bucket scratch-us-central1')).toMatchObject({ outcome: 'fail', permission: true });
  });

  it('of the account of the VMs are read where they may be, and never more than a warning', async () => {
    const short = await look({ trouble: { jobAccountRoles: ['roles/logging.logWriter'] } });
    const { message, outcome, repair } = named(short, 'job account');
    expect(outcome).toBe('warn');
    expect(message).toContain('lacks roles/batch.agentReporter and roles/artifactregistry.reader');
    expect(repair).toContain(
      'serviceAccount:runner@my-project.iam.gserviceaccount.com --role=roles/batch.agentReporter',
    );
    await played?.stop();
    const closed = await look({ trouble: { jobAccountRoles: null } });
    expect(named(closed, 'job account')).toMatchObject({ outcome: 'warn' });
    expect(named(closed, 'job account').message).toMatch(/^Not verified: /);
    await played?.stop();
    const well = await look({
      trouble: { jobAccountRoles: ['roles/editor'] },
      cloud: { serviceAccount: null },
    });
    expect(named(well, 'job account').message).toMatch(
      /^\d{12}-compute@developer\.gserviceaccount\.com has /,
    );
  });
});

describe('the network', () => {
  const debian = {
    'us-central1': cloudRegion('us-central1', { bootImage: 'batch-debian' }),
    'us-east1': cloudRegion('us-east1'),
  };

  it('must have Cloud NAT where the driver is fetched from the internet', async () => {
    const result = await look({ cloud: { regions: debian }, trouble: { natRegions: [] } });
    expect(named(result, 'network us-central1')).toMatchObject({
      outcome: 'fail',
      message:
        'VMs from batch-debian fetch the GPU driver from the internet, and default has no Cloud NAT in us-central1: use batch-cos, or add NAT.',
    });
    expect(named(result, 'network us-central1').repair).toContain('gcloud compute routers nats create');
    expect(named(result, 'network us-east1').outcome).toBe('pass');
  });

  it('is believed to have another way out when the plan says so', async () => {
    const result = await look({ cloud: { regions: debian, nat: true }, trouble: { natRegions: [] } });
    expect(named(result, 'network us-central1').outcome).toBe('pass');
  });

  it('must reach Google without external addresses', async () => {
    const subnetwork = 'projects/host-project/regions/us-east1/subnetworks/fep';
    const regions = {
      'us-central1': cloudRegion('us-central1'),
      'us-east1': cloudRegion('us-east1', { subnetwork }),
    };
    const result = await look({
      cloud: { regions },
      trouble: { natRegions: [], privateGoogleAccess: false },
    });
    expect(named(result, 'network us-east1').repair).toBe(
      'gcloud compute networks subnets update fep --project=host-project --region=us-east1 --enable-private-ip-google-access',
    );
  });

  it("is nobody's concern where every VM has an external address", async () => {
    const result = await look({
      cloud: { externalIp: true },
      trouble: { natRegions: [], privateGoogleAccess: false },
    });
    expect(result.checks.filter(({ name }) => name.startsWith('network'))).toEqual([]);
  });
});

describe('the plan itself', () => {
  it('needs a budget on Google and none in a rehearsal', async () => {
    const change = (plan: Plan): Plan => ({ ...plan, guard: { ...plan.guard, budgetUsd: null } });
    expect(named(await look({ change }), 'budget')).toMatchObject({
      outcome: 'fail',
      repair: 'fepcast exec plan.json --budget USD',
    });
    await played?.stop();
    const rehearsed = await look({ change, options: { source: 'rehearse' } });
    expect(named(rehearsed, 'budget').outcome).toBe('pass');
  });

  it('shows its forecast, and warns when the budget is less', async () => {
    const summary = (p50: number) => ({
      mean: p50,
      sd: 1,
      p1: p50,
      p10: p50 / 2,
      p50,
      p90: 2 * p50,
      p99: p50,
    });
    const forecast = new Proxy(
      {},
      {
        get: (_, metric) => summary(metric === 'makespanHours' ? 48 : 4000),
      },
    ) as NonNullable<Plan['forecast']>;
    const result = await look({ change: (plan) => ({ ...plan, forecast }) });
    expect(named(result, 'forecast').message).toBe(
      '2.0 days and 4,000 USD (80 % of replications: 1.0 to 4.0 days, 2,000 to 8,000 USD).',
    );
    expect(named(result, 'budget')).toMatchObject({
      outcome: 'warn',
      repair: 'fepcast exec plan.json --budget 4400',
    });
  });

  it('fails when inputs are missing, and says which', async () => {
    const inputs = { total: 130, missing: ['a/w0.tpr', 'a/w1.tpr'] };
    expect(named(await look({ options: { inputs } }), 'inputs')).toMatchObject({
      outcome: 'fail',
      message: '2 of 130 inputs are missing: a/w0.tpr and 1 other.',
    });
  });

  it('fails when it does not say what the work is, and asks for no input that nobody will read', async () => {
    expect(named(await look({ options: { inputs: 'unnamed' } }), 'inputs').outcome).toBe('fail');
    await played?.stop();
    expect(named(await look({ options: { inputs: 'virtual' } }), 'inputs').outcome).toBe('pass');
  });

  it('fails when a limit is broken', async () => {
    const change = (plan: Plan): Plan => ({
      ...plan,
      shards: plan.shards.map((shard) => ({ ...shard, maxRetryCount: 11 })),
    });
    expect(named(await look({ change }), 'lint')).toMatchObject({
      outcome: 'fail',
      repair: 'fepcast lint plan.json',
    });
  });

  it('says what its first jobs can cost unwatched', async () => {
    // Two regions with 10 VMs at 1 USD/h for 14 days, or 65 tasks with 11 attempts of at most maxRunDuration.
    const { checks } = await look({
      change: (plan) => ({ ...plan, task: { ...plan.task, maxRunDurationSeconds: 7200 } }),
    });
    expect(checks.find(({ name }) => name === 'exposure')?.message).toContain('at most 2,860 USD');
    await played?.stop();
    const long = await look({
      change: (plan) => ({
        ...plan,
        task: { ...plan.task, maxRunDurationSeconds: 86_400 },
        guard: { ...plan.guard, maxUnattendedUsd: 1000 },
      }),
    });
    expect(named(long, 'exposure')).toMatchObject({ outcome: 'warn' });
    expect(named(long, 'exposure').message).toContain('at most 6,720 USD');
  });

  it('is held against the list prices of the day', async () => {
    const price = (usd: number | null) => ({ spotUsdPerHour: usd, onDemandUsdPerHour: 2 });
    const prices = (east: number | null) => ({
      at: 0,
      byRegion: { 'us-central1': price(1.05), 'us-east1': price(east) },
    });
    expect(named(await look({ options: { prices: prices(0.95) } }), 'prices').outcome).toBe('pass');
    await played?.stop();
    const moved = await look({ options: { prices: prices(1.2) } });
    expect(named(moved, 'prices').message).toContain('Spot in us-east1 is 1.200 USD/h and not 1.000');
    await played?.stop();
    const unknown = await look({ options: { prices: prices(null) } });
    expect(named(unknown, 'prices')).toMatchObject({ outcome: 'warn' });
  });
});

describe('services that do not answer', () => {
  it('leave a warning each, and no check is taken for passed', async () => {
    const result = await look({
      trouble: {
        unavailable: ['cloudresourcemanager', 'compute', 'artifactregistry', 'iam', 'serviceusage'],
      },
    });
    for (const name of [
      'project',
      'apis',
      'permissions',
      'act as',
      'quota us-central1',
      'network us-east1',
    ]) {
      expect(named(result, name), name).toMatchObject({ outcome: 'warn' });
      expect(named(result, name).message).toMatch(/Not verified: .*unavailable/);
    }
    // An unresolved tag cannot be run: its image may change under the campaign.
    expect(named(result, 'image us-central1').outcome).toBe('fail');
  }, 30_000);
});

describe('the room of a region', () => {
  it('is what its free quotas hold of the machine, and unknown where they cannot be read', async () => {
    const plan = realPlan();
    const quotas = {
      'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 50, usage: 8 }, SSD_TOTAL_GB: { limit: 2000 } },
      'us-east1': { CPUS: { limit: 30, usage: 3 } },
    };
    played = await play(plan.scenario.resolved, { quotas });
    // 2,000 GB hold 40 disks of 50 GB, 27 CPUs six machines of four.
    expect(await roomOf(plan, played.services)).toEqual({ 'us-central1': 40, 'us-east1': 6 });
    await played.stop();
    played = await play(plan.scenario.resolved, { disabledApis: ['compute.googleapis.com'] });
    expect(await roomOf(plan, played.services)).toEqual({});
  });
});
