import { createRequire } from 'node:module';
import { protos } from '@google-cloud/batch';
import { describe, expect, it } from 'vitest';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { buildJob } from '../../src/plan/job.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan, Shard } from '../../src/plan/plan.js';
import { toProtoJson, toProtoObject } from '../../src/plan/protoConvert.js';
import { checkJob, JOB_MESSAGE } from '../../src/plan/protoJson.js';
import { ProtoSchema } from '../../src/plan/protoSchema.js';
import { parseIndexRow, taskIndexOf } from '../../src/plan/taskIndex.js';
import { parseScenario } from '../../src/scenario/parse.js';
import type { Cloud } from '../../src/scenario/scenario.js';

const require = createRequire(import.meta.url);
const SCHEMA = new ProtoSchema(require('@google-cloud/batch/build/protos/protos.json'));
const DIGEST = `sha256:${'0'.repeat(64)}`;
const REGION = 'us-central1';

/** Every key of `cloud` and `task` said, with no value that is its default. */
const FULL = `
name: full
campaign: { molecules: 4, windows: 2, taskDuration: { constant: 7h } }
machine: { type: n1-standard-8, accelerator: nvidia-tesla-t4, bootDisk: { type: pd-ssd, size: 70GB } }
regions: { ${REGION}: { quota: { spotGpus: 5, onDemandGpus: 5 }, price: { spot: 1, onDemand: 2 } } }
decisions: { provisioning: onDemand, checkpoint: { flushOnNotice: true } }
cloud:
  project: my-project
  serviceAccount: fep-runner@my-project.iam.gserviceaccount.com
  labels: { team: fep, cost_centre: "42" }
  tags: [fep-vm, no-internet]
  network: projects/host-project/global/networks/shared
  externalIp: true
  nat: true
  installGpuDrivers: false
  secretEnvironment: { LICENSE_KEY: projects/my-project/secrets/license/versions/3 }
  state: gs://home-bucket/fepcast
  regions:
    ${REGION}:
      subnetwork: projects/host-project/regions/${REGION}/subnetworks/fep
      zones: [${REGION}-a, ${REGION}-b, ${REGION}-c]
      avoidZones: [${REGION}-b]
      imageUri: ${REGION}-docker.pkg.dev/my-project/fep/task@${DIGEST}
      bootImage: projects/my-project/global/images/fep
      scratchBucket: gs://my-scratch
      resultsBucket: my-results
      reservation: projects/my-project/zones/${REGION}-a/reservations/fep
task:
  adapter: command
  maxRunDuration: 12h
  command: [python3, run.py, "$(reboot)"]
  environment: { SEED: "7" }
  checkpointFiles: ["*.chk", state.json]
  outputs: [out.json]
  doneFile: done
  progress: steps.txt
  stopSignal: INT
  restartFromZero: false
  stall: 20min
`;

const full = makePlan(parseScenario(FULL));
const RUN = { runId: 'run', project: 'my-project' };

function jobOf(plan: Plan): BatchJob {
  const shard = plan.shards[0] as Shard;
  const tasks = [{ first: 2, count: 4 }];
  return buildJob(plan, { jobId: 'run-w0', shard, round: 1, tasks }, RUN);
}

/** The job as the official client encodes it, and as whoever decodes it with the official protos reads it. */
function sentJob(plan: Plan): Sent {
  const job = jobOf(plan);
  expect(checkJob(SCHEMA, job)).toEqual([]);
  const { Job } = protos.google.cloud.batch.v1;
  const bytes = Job.encode(Job.fromObject(toProtoObject(SCHEMA, JOB_MESSAGE, job))).finish();
  const received = Job.toObject(Job.decode(bytes), { longs: String, enums: String });
  return toProtoJson(SCHEMA, JOB_MESSAGE, received) as Sent;
}

interface Sent {
  [key: string]: unknown;
}

/** `taskGroups[0].taskSpec`: what lies there. */
function at(sent: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], sent);
}

const SPEC = 'taskGroups[0].taskSpec';
const VM = 'allocationPolicy.instances[0]';
const VARIABLES = `${SPEC}.environment.variables`;
const NIC = 'allocationPolicy.network.networkInterfaces[0]';

/** Where each key of `cloud` stands in the job, and as what. */
const CLOUD_FIELDS: Record<string, Record<string, unknown>> = {
  serviceAccount: {
    'allocationPolicy.serviceAccount.email': 'fep-runner@my-project.iam.gserviceaccount.com',
  },
  labels: {
    'labels.team': 'fep',
    'labels.cost_centre': '42',
    'allocationPolicy.labels.team': 'fep',
    'allocationPolicy.labels.cost_centre': '42',
  },
  tags: { 'allocationPolicy.tags': ['fep-vm', 'no-internet'] },
  network: { [`${NIC}.network`]: 'projects/host-project/global/networks/shared' },
  // false: the default, which the protos leave out.
  externalIp: { [`${NIC}.noExternalIpAddress`]: undefined },
  installGpuDrivers: { [`${VM}.installGpuDrivers`]: undefined },
  secretEnvironment: {
    [`${SPEC}.environment.secretVariables`]: {
      LICENSE_KEY: 'projects/my-project/secrets/license/versions/3',
    },
  },
  'regions.subnetwork': {
    [`${NIC}.subnetwork`]: `projects/host-project/regions/${REGION}/subnetworks/fep`,
  },
  'regions.zones': {
    'allocationPolicy.location.allowedLocations': [`zones/${REGION}-a`, `zones/${REGION}-c`],
  },
  'regions.avoidZones': {
    'allocationPolicy.location.allowedLocations': [`zones/${REGION}-a`, `zones/${REGION}-c`],
  },
  'regions.imageUri': {
    [`${SPEC}.runnables[0].container.imageUri`]: `${REGION}-docker.pkg.dev/my-project/fep/task@${DIGEST}`,
    [`${VARIABLES}.FEPCAST_IMAGE`]: `${REGION}-docker.pkg.dev/my-project/fep/task@${DIGEST}`,
  },
  'regions.bootImage': { [`${VM}.policy.bootDisk.image`]: 'projects/my-project/global/images/fep' },
  'regions.resultsBucket': { [`${VARIABLES}.FEPCAST_INDEX`]: 'gs://my-results/runs/run/jobs/run-w0/index' },
  'regions.reservation': {
    [`${VM}.policy.reservation`]: `projects/my-project/zones/${REGION}-a/reservations/fep`,
  },
};

/** Keys of `cloud` that no job holds, and why. */
const NOT_IN_JOB: Record<string, string> = {
  project: 'the parent that the job is created under',
  nat: 'only the linter asks: it says what the network can do',
  state: 'the record of the run',
  'regions.scratchBucket': 'in the rows of the index',
};

const TASK_FIELDS: Record<string, Record<string, unknown>> = {
  adapter: { [`${VARIABLES}.FEPCAST_ADAPTER`]: 'command' },
  maxRunDurationSeconds: {
    [`${SPEC}.maxRunDuration`]: '43200s',
    [`${VARIABLES}.FEPCAST_MAX_RUN_SECONDS`]: '43200',
  },
  command: { [`${VARIABLES}.FEPCAST_COMMAND`]: 'python3 run.py %24%28reboot%29' },
  environment: { [`${VARIABLES}.SEED`]: '7' },
  checkpointFiles: { [`${VARIABLES}.FEPCAST_CHECKPOINT_FILES`]: '*.chk state.json' },
  outputs: { [`${VARIABLES}.FEPCAST_OUTPUTS`]: 'out.json' },
  doneFile: { [`${VARIABLES}.FEPCAST_DONE_FILE`]: 'done' },
  progress: { [`${VARIABLES}.FEPCAST_PROGRESS_FILE`]: 'steps.txt' },
  stopSignal: { [`${VARIABLES}.FEPCAST_STOP_SIGNAL`]: 'INT' },
  restartFromZero: { [`${VARIABLES}.FEPCAST_RESTART_FROM_ZERO`]: '0' },
  stallSeconds: { [`${VARIABLES}.FEPCAST_STALL_SECONDS`]: '1200' },
};

const REST: Record<string, unknown> = {
  [`${VM}.policy.machineType`]: 'n1-standard-8',
  [`${VM}.policy.accelerators`]: [{ type: 'nvidia-tesla-t4', count: '1' }],
  [`${VM}.policy.provisioningModel`]: 'STANDARD',
  [`${VM}.policy.bootDisk.type`]: 'pd-ssd',
  [`${VM}.policy.bootDisk.sizeGb`]: '70',
  [`${VARIABLES}.FEPCAST_ACCELERATOR`]: 'nvidia-tesla-t4',
  [`${VARIABLES}.FEPCAST_EXPECTED_SECONDS`]: '25200',
  [`${VARIABLES}.FEPCAST_JOB`]: 'run-w0',
  [`${VARIABLES}.FEPCAST_TASKS`]: '2-5',
  [`${SPEC}.lifecyclePolicies[0].actionCondition.exitCodes`]: [2, 72, 75, 78, 79],
  [`${SPEC}.computeResource.cpuMilli`]: '8000',
  'taskGroups[0].taskCountPerNode': '1',
};

describe('a job built from a full plan and sent with the official protos', () => {
  const sent = sentJob(full);

  it.each(Object.entries({ ...CLOUD_FIELDS, ...TASK_FIELDS, rest: REST }))('holds %s', (_, expected) => {
    for (const [path, value] of Object.entries(expected))
      expect([path, at(sent, path)]).toEqual([path, value]);
  });

  it('leaves out no key of cloud and task', () => {
    const { regions, ...common } = full.cloud as Cloud;
    const keys = [
      ...Object.keys(common),
      ...Object.keys(regions[REGION] ?? {}).map((key) => `regions.${key}`),
    ];
    expect([...Object.keys(CLOUD_FIELDS), ...Object.keys(NOT_IN_JOB)].sort()).toEqual(keys.sort());
    expect(Object.keys(TASK_FIELDS).sort()).toEqual(Object.keys(full.task).sort());
  });

  it('changes with each key that it holds, and with none that it does not', () => {
    const told = (change: (cloud: Cloud) => void) => {
      const plan = structuredClone(full);
      change(plan.cloud as Cloud);
      return JSON.stringify(jobOf(plan));
    };
    const same = told(() => {});
    expect(told((cloud) => Object.assign(cloud, { project: 'q', nat: false, state: null }))).toBe(same);
    const other: Partial<Cloud> = {
      serviceAccount: null,
      labels: {},
      tags: [],
      network: null,
      externalIp: false,
      installGpuDrivers: true,
      secretEnvironment: {},
    };
    for (const [key, value] of Object.entries(other)) {
      expect(
        told((cloud) => Object.assign(cloud, { [key]: value })),
        key,
      ).not.toBe(same);
    }
    for (const key of ['subnetwork', 'zones', 'bootImage', 'resultsBucket', 'reservation'] as const) {
      expect(
        told((cloud) => Object.assign(cloud.regions[REGION] ?? {}, { [key]: null })),
        key,
      ).not.toBe(same);
    }
    expect(told((cloud) => Object.assign(cloud.regions[REGION] ?? {}, { avoidZones: [] }))).not.toBe(same);
  });

  it('has its scratch bucket in the index', () => {
    const row = parseIndexRow(taskIndexOf(full, [{ first: 0, count: 1 }]).text);
    expect(row).toMatchObject({ scratchBucket: 'my-scratch', resultsBucket: 'my-results' });
  });
});

describe('what depends on more than one key', () => {
  const changed = (change: (plan: Plan) => void): Sent => {
    const plan = structuredClone(full);
    change(plan);
    return sentJob(plan);
  };

  it('a Spot VM names no reservation, unless it is to use none', () => {
    const spot = (plan: Plan) => {
      for (const shard of plan.shards) shard.provisioning = 'spot';
    };
    expect(at(changed(spot), `${VM}.policy.reservation`)).toBeUndefined();
    const none = changed((plan) => {
      spot(plan);
      Object.assign(plan.cloud?.regions[REGION] ?? {}, { reservation: 'NO_RESERVATION' });
    });
    expect(at(none, `${VM}.policy.reservation`)).toBe('NO_RESERVATION');
  });

  it('a baked image and a machine without a GPU need no driver', () => {
    const installed = (change: (plan: Plan) => void) =>
      at(
        changed((plan) => {
          (plan.cloud as Cloud).installGpuDrivers = true;
          change(plan);
        }),
        `${VM}.installGpuDrivers`,
      );
    expect(installed(() => {})).toBe(true);
    expect(
      installed((plan) => {
        plan.image.delivery = 'baked';
      }),
    ).toBeUndefined();
    expect(
      installed((plan) => {
        plan.machine.accelerator = null;
      }),
    ).toBeUndefined();
  });

  it('zones to avoid are left out of those that have the machine', () => {
    const places = (type: string, avoidZones: string[]) =>
      at(
        changed((plan) => {
          plan.machine.type = type;
          Object.assign(plan.cloud?.regions[REGION] ?? {}, { zones: null, avoidZones });
        }),
        'allocationPolicy.location.allowedLocations',
      );
    expect(places('g2-standard-4', [])).toEqual([`regions/${REGION}`]);
    expect(places('g2-standard-4', [`${REGION}-a`])).toEqual([`zones/${REGION}-b`, `zones/${REGION}-c`]);
    // Nobody knows which are left: the linter refuses this plan.
    expect(places('n1-standard-8', [`${REGION}-a`])).toEqual([`regions/${REGION}`]);
  });

  it('a secret is told by its name only, and not as a variable', () => {
    expect(at(sentJob(full), `${VARIABLES}.LICENSE_KEY`)).toBeUndefined();
  });
});
