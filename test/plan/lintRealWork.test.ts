import { describe, expect, it } from 'vitest';
import { lintPlan } from '../../src/plan/lint.js';
import type { Finding } from '../../src/plan/plan.js';
import type { PlanFile } from '../../src/plan/planFile.js';
import type { Cloud, CloudRegion, Task } from '../../src/scenario/scenario.js';
import { emptyCloud, workTable } from '../realWork.js';
import { examplePlan } from './examplePlan.js';

const REGION = 'us-central1';
const OTHER = 'us-east1';
const DIGEST = `sha256:${'0'.repeat(64)}`;
const imageIn = (region: string, digest = DIGEST) => `${region}-docker.pkg.dev/p/fep/task@${digest}`;

/** A project in which everything is as it should be. */
function soundPlan(): PlanFile {
  const plan: PlanFile = structuredClone(examplePlan());
  const cloud = emptyCloud([REGION, OTHER]);
  cloud.serviceAccount = 'fep-runner@p.iam.gserviceaccount.com';
  plan.cloud = cloud;
  plan.image.uriByRegion = { [REGION]: imageIn(REGION), [OTHER]: imageIn(OTHER) };
  return plan;
}

interface Change {
  plan?: (plan: PlanFile) => unknown;
  cloud?: Partial<Cloud>;
  region?: Partial<CloudRegion>;
  task?: Partial<Task>;
  image?: string;
}

function findings({ plan: change, cloud, region, task, image }: Change): Finding[] {
  const plan = soundPlan();
  Object.assign(plan.cloud as Cloud, cloud);
  Object.assign((plan.cloud as Cloud).regions[REGION] as CloudRegion, region);
  Object.assign(plan.task, task);
  if (image !== undefined) plan.image.uriByRegion[REGION] = image;
  change?.(plan);
  return lintPlan(plan);
}

const COMMAND: Partial<Task> = {
  adapter: 'command',
  command: ['run'],
  checkpointFiles: ['*.chk'],
  progress: 'p',
};
const policy = (name: 'none' | 'periodic') => (plan: PlanFile) => {
  plan.checkpoint.policy = name;
};
const delivery = (name: 'pull' | 'streaming' | 'baked') => (plan: PlanFile) => {
  plan.image.delivery = name;
};
const OWN_BOOT = { bootImage: 'projects/p/global/images/fep' };

describe('a sound project', () => {
  it('has no findings', () => {
    expect(findings({})).toEqual([]);
  });

  it.each<[string, Change]>([
    ['a command that checkpoints', { task: COMMAND }],
    [
      'a command without checkpoints by strategy retry',
      { task: { ...COMMAND, checkpointFiles: [] }, plan: policy('none') },
    ],
    [
      'a Shared VPC with its subnetworks',
      {
        cloud: { network: 'projects/host/global/networks/n' },
        region: { subnetwork: 'projects/host/regions/us-central1/subnetworks/s' },
        plan: (plan) => {
          (plan.cloud as Cloud).regions[OTHER]!.subnetwork =
            'https://www.googleapis.com/compute/v1/projects/host/regions/us-east1/subnetworks/s';
        },
      },
    ],
    ['a zone to avoid', { region: { avoidZones: ['us-central1-a'] } }],
    ['a secret by its number', { cloud: { secretEnvironment: { KEY: 'projects/p/secrets/s/versions/3' } } }],
    ['batch-debian behind Cloud NAT', { cloud: { nat: true }, region: { bootImage: 'batch-debian' } }],
    ['an image of elsewhere behind Cloud NAT', { cloud: { nat: true }, image: `docker.io/x/y@${DIGEST}` }],
    ['an image of the whole continent', { image: `us-docker.pkg.dev/p/fep/task@${DIGEST}` }],
    [
      'its record in a results bucket',
      { cloud: { state: 'gs://home/fep' }, region: { resultsBucket: 'home' } },
    ],
    [
      'a reservation for the VMs on demand',
      {
        region: { reservation: 'projects/p/zones/us-central1-a/reservations/r' },
        plan: (plan) => {
          plan.remainder.policy = 'onDemand';
        },
      },
    ],
    [
      'the tasks by name',
      {
        plan: (plan) => {
          plan.work = workTable(
            Array.from({ length: 1_000 }, (_, i) => `lig${i}`),
            13,
          );
        },
      },
    ],
  ])('may have %s', (_, change) => {
    expect(findings(change)).toEqual([]);
  });

  it('may have a baked image of its own', () => {
    const change: Change = {
      cloud: { installGpuDrivers: false },
      plan: (plan) => {
        delivery('baked')(plan);
        for (const region of [REGION, OTHER]) Object.assign((plan.cloud as Cloud).regions[region]!, OWN_BOOT);
      },
    };
    expect(findings(change)).toEqual([]);
  });
});

/** Rule, severity, the path that is named, the change that brings it, and what the sentence advises. */
const CASES: [string, 'error' | 'warning', string, Change, string][] = [
  [
    'command-checkpoints',
    'error',
    'task.checkpointFiles',
    { task: { ...COMMAND, checkpointFiles: [] } },
    'strategy retry',
  ],
  [
    'command-progress',
    'warning',
    'task.progress',
    { task: { ...COMMAND, progress: null, maxRunDurationSeconds: null } },
    'task.maxRunDuration',
  ],
  [
    'max-run-room',
    'warning',
    'task.maxRunDurationSeconds',
    { task: { maxRunDurationSeconds: 25_500 } },
    'raise task.maxRunDuration',
  ],
  [
    'variable-taken',
    'error',
    'task.environment.FEPCAST_JOB',
    { task: { environment: { FEPCAST_JOB: 'x' } } },
    'another name',
  ],
  [
    'variable-form',
    'error',
    'cloud.secretEnvironment.A-B',
    { cloud: { secretEnvironment: { 'A-B': 'projects/p/secrets/s/versions/3' } } },
    'change it',
  ],
  [
    'variable-twice',
    'error',
    'task.environment.K',
    {
      task: { environment: { K: 'x' } },
      cloud: { secretEnvironment: { K: 'projects/p/secrets/s/versions/3' } },
    },
    'remove one',
  ],
  [
    'secret-form',
    'error',
    'cloud.secretEnvironment.K',
    { cloud: { secretEnvironment: { K: 'hunter2' } } },
    'projects/P/secrets/S/versions/N',
  ],
  [
    'secret-latest',
    'warning',
    'cloud.secretEnvironment.K',
    { cloud: { secretEnvironment: { K: 'projects/p/secrets/s/versions/latest' } } },
    'name its number',
  ],
  [
    'work-counts',
    'error',
    'work',
    { plan: (plan) => Object.assign(plan, { work: workTable(['a'], 13) }) },
    'fepcast plan again',
  ],
  ['job-size', 'error', 'task', { task: { environment: { BIG: 'x'.repeat(1_000_000) } } }, 'shorten'],
  [
    'image-missing',
    'warning',
    'image.uriByRegion.us-central1',
    { plan: (plan) => Reflect.deleteProperty(plan.image.uriByRegion, REGION) },
    'imageUri',
  ],
  [
    'image-digest',
    'warning',
    'image.uriByRegion.us-central1',
    { image: `${REGION}-docker.pkg.dev/p/fep/task:1` },
    'by its digest',
  ],
  [
    'image-digests-differ',
    'error',
    'image.uriByRegion',
    { image: imageIn(REGION, `sha256:${'1'.repeat(64)}`) },
    'copy one image',
  ],
  [
    'image-region',
    'warning',
    'image.uriByRegion.us-central1',
    { image: imageIn('europe-west4') },
    'a repository in us-central1',
  ],
  [
    'image-reachable',
    'error',
    'image.uriByRegion.us-central1',
    { image: `docker.io/x/y@${DIGEST}` },
    'Artifact Registry',
  ],
  [
    'image-streaming-location',
    'error',
    'image.uriByRegion.us-central1',
    { image: imageIn('us-east4'), plan: delivery('streaming') },
    'copy it there',
  ],
  [
    'image-streaming-location',
    'error',
    'image.uriByRegion.us-central1',
    { image: `gcr.io/x/y@${DIGEST}`, plan: delivery('streaming') },
    'copy it there',
  ],
  [
    'baked-boot-image',
    'error',
    'cloud.regions.us-central1.bootImage',
    { plan: delivery('baked') },
    'a boot image of your own',
  ],
  [
    'baked-boot-image',
    'error',
    'cloud.regions.us-central1.bootImage',
    { region: { bootImage: 'batch-debian' }, plan: delivery('baked') },
    'or use pull',
  ],
  [
    'baked-drivers',
    'warning',
    'cloud.installGpuDrivers',
    { region: OWN_BOOT, plan: delivery('baked') },
    'installGpuDrivers: false',
  ],
  [
    'drivers-need-internet',
    'error',
    'cloud.regions.us-central1.bootImage',
    { region: { bootImage: 'batch-debian' } },
    'say nat',
  ],
  [
    'boot-disk-type',
    'error',
    'machine.bootDiskType',
    { plan: (plan) => Object.assign(plan.machine, { bootDiskType: 'pd-standard' }) },
    'use pd-balanced',
  ],
  [
    'bucket-form',
    'error',
    'cloud.regions.us-central1.scratchBucket',
    { region: { scratchBucket: 'Scratch' } },
    'correct the name',
  ],
  [
    'bucket-form',
    'error',
    'cloud.state',
    { cloud: { state: 'gs://my-google-bucket/x' } },
    'correct the name',
  ],
  [
    'bucket-region',
    'warning',
    'cloud.regions.us-central1.scratchBucket',
    { region: { scratchBucket: 'fep-europe-west4-scratch' } },
    'use a bucket in us-central1',
  ],
  [
    'results-in-scratch',
    'error',
    'cloud.regions.us-central1.resultsBucket',
    { region: { scratchBucket: 'one', resultsBucket: 'gs://one' } },
    'a bucket of their own',
  ],
  [
    'state-in-scratch',
    'error',
    'cloud.state',
    { cloud: { state: 'gs://scratchy/fep' }, region: { scratchBucket: 'scratchy' } },
    'results bucket',
  ],
  [
    'subnetwork-form',
    'error',
    'cloud.regions.us-central1.subnetwork',
    { region: { subnetwork: 'fep' } },
    'regions/us-central1/subnetworks/NAME',
  ],
  [
    'subnetwork-region',
    'error',
    'cloud.regions.us-central1.subnetwork',
    { region: { subnetwork: 'regions/us-east1/subnetworks/s' } },
    'name one of us-central1',
  ],
  [
    'subnetwork-project',
    'error',
    'cloud.regions.us-central1.subnetwork',
    {
      cloud: { network: 'projects/host/global/networks/n' },
      region: { subnetwork: 'regions/us-central1/subnetworks/s' },
    },
    'the same host project',
  ],
  [
    'shared-vpc-subnetwork',
    'error',
    'cloud.regions.us-central1.subnetwork',
    { cloud: { network: 'projects/host/global/networks/n' } },
    'projects/host/regions/us-central1/subnetworks/NAME',
  ],
  [
    'service-account',
    'warning',
    'cloud.serviceAccount',
    { cloud: { serviceAccount: null } },
    'batch.agentReporter',
  ],
  [
    'avoid-zones',
    'error',
    'cloud.regions.us-central1.avoidZones',
    { region: { zones: ['us-central1-a'], avoidZones: ['us-central1-a'] } },
    'avoid fewer',
  ],
  [
    'avoid-zones',
    'error',
    'cloud.regions.us-central1.avoidZones',
    {
      region: { avoidZones: ['us-central1-a'] },
      plan: (plan) => {
        plan.machine.type = 'n1-standard-4';
        for (const region of Object.values(plan.scenario.resolved.regions)) region.zones = [];
      },
    },
    'cloud.regions.us-central1.zones',
  ],
  [
    'zone-in-region',
    'error',
    'cloud.regions.us-central1.zones',
    { region: { avoidZones: ['us-east1-b'] } },
    'remove us-east1-b',
  ],
  [
    'zone-machine',
    'warning',
    'cloud.regions.us-central1.zones',
    { region: { zones: ['us-central1-a', 'us-central1-f'] } },
    'leave it out',
  ],
  [
    'reservation-shared',
    'error',
    'cloud.regions.us-central1.reservation',
    { region: { reservation: 'projects/q/zones/us-central1-a/reservations/r' } },
    'make one in p',
  ],
  [
    'reservation-zone',
    'error',
    'cloud.regions.us-central1.reservation',
    { region: { reservation: 'projects/p/zones/us-east1-b/reservations/r' } },
    'one of their zones',
  ],
  [
    'reservation-unused',
    'warning',
    'cloud.regions.us-central1.reservation',
    { region: { reservation: 'r' } },
    'remove it',
  ],
  ['label-reserved', 'error', 'cloud.labels.goog-x', { cloud: { labels: { 'goog-x': '1' } } }, 'rename'],
];

describe('what cannot work in a project, or may go wrong', () => {
  it.each(CASES)('%s (%s at %s)', (rule, severity, path, change, advice) => {
    const found = findings(change).filter((finding) => finding.rule === rule && finding.path === path);
    expect(found).toEqual([expect.objectContaining({ severity })]);
    expect(found[0]?.message).toContain(advice);
    expect(found[0]?.source).toMatch(/^https:\/\/|^protos of|^docs\//);
  });

  it('a secret that stands in the plan itself is not printed', () => {
    const found = findings({ cloud: { secretEnvironment: { K: 'hunter2' } } });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('the smaller cap on VMs counts where one zone is left', () => {
    const change: Change = {
      region: { avoidZones: ['us-central1-b'] },
      plan: (plan) => {
        plan.shards[0]!.parallelism = 3_000;
      },
    };
    expect(findings(change).map(({ rule }) => rule)).toContain('vms-per-job');
  });
});
