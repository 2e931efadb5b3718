import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { clientJob, type Emulated, emulate, exampleJob, PARENT } from './emulated.js';

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
afterAll(() => emulated.stop());

type Group = BatchJob['taskGroups'][number] & { taskEnvironments?: object[] };

/** The example job with a change. */
function changed(change: (job: BatchJob, group: Group) => void): BatchJob {
  const job = exampleJob();
  change(job, job.taskGroups[0]!);
  return job;
}

const locations = (...allowedLocations: string[]): BatchJob =>
  changed((job) => {
    job.allocationPolicy!.location = { allowedLocations };
  });

const environments = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ variables: { INDEX: String(index) } }));

const refused: [what: string, job: BatchJob, field: string][] = [
  [
    'two regions',
    locations('regions/us-central1', 'regions/us-east1'),
    'allocationPolicy.location.allowedLocations[1]',
  ],
  [
    'a zone of another region',
    locations('zones/us-east1-b'),
    'allocationPolicy.location.allowedLocations[0]',
  ],
  ['a bare region name', locations('us-central1'), 'allocationPolicy.location.allowedLocations[0]'],
  [
    '100,001 tasks',
    changed((_, group) => {
      group.taskCount = 100_001;
    }),
    'taskGroups[0].taskCount',
  ],
  [
    'parallelism 5,001',
    changed((_, group) => {
      group.parallelism = 5001;
    }),
    'taskGroups[0].parallelism',
  ],
  [
    'IN_ORDER with parallelism 13',
    changed((_, group) => {
      group.schedulingPolicy = 'IN_ORDER';
    }),
    'taskGroups[0].parallelism',
  ],
  [
    '21 tasks on a VM',
    changed((_, group) => {
      group.taskCountPerNode = 21;
    }),
    'taskGroups[0].taskCountPerNode',
  ],
  [
    '11 retries',
    changed((_, group) => {
      group.taskSpec.maxRetryCount = 11;
    }),
    'taskGroups[0].taskSpec.maxRetryCount',
  ],
  [
    'two task groups',
    changed((job, group) => {
      job.taskGroups.push(group);
    }),
    'taskGroups',
  ],
  [
    'no task group',
    changed((job) => {
      job.taskGroups = [];
    }),
    'taskGroups',
  ],
  [
    'no runnable',
    changed((_, group) => {
      group.taskSpec.runnables = [];
    }),
    'taskGroups[0].taskSpec.runnables',
  ],
  [
    'two lifecycle policies',
    changed((_, group) => {
      const policy = { action: 'FAIL_TASK' as const, actionCondition: { exitCodes: [2] } };
      group.taskSpec.lifecyclePolicies = [policy, policy];
    }),
    'taskGroups[0].taskSpec.lifecyclePolicies',
  ],
  [
    '201 task environments',
    changed((_, group) => {
      group.taskCount = 201;
      group.taskEnvironments = environments(201);
    }),
    'taskGroups[0].taskEnvironments',
  ],
  [
    'task environments for some tasks only',
    changed((_, group) => {
      group.taskEnvironments = environments(5);
    }),
    'taskGroups[0].taskEnvironments',
  ],
  [
    'a definition over 1 MB',
    changed((_, group) => {
      group.taskSpec.environment = { variables: { LONG: 'x'.repeat(1_000_000) } };
    }),
    'job',
  ],
  [
    'priority 100',
    changed((job) => {
      job.priority = 100;
    }),
    'priority',
  ],
  [
    'a reserved label',
    changed((job) => {
      job.labels = { 'goog-x': 'y' };
    }),
    'labels.goog-x',
  ],
  [
    'a label that Batch sets itself',
    changed((job) => {
      job.labels = { 'batch-job-id': 'mine' };
    }),
    'labels.batch-job-id',
  ],
  [
    'a runnable that runs nothing',
    changed((_, group) => {
      group.taskSpec.runnables = [{ timeout: '60s' }];
    }),
    'taskGroups[0].taskSpec.runnables[0]',
  ],
  [
    'a container without an image',
    changed((_, group) => {
      group.taskSpec.runnables = [{ container: { imageUri: '', commands: ['true'] } }];
    }),
    'taskGroups[0].taskSpec.runnables[0].container.imageUri',
  ],
  [
    'an empty script',
    changed((_, group) => {
      group.taskSpec.runnables = [{ script: {} }];
    }),
    'taskGroups[0].taskSpec.runnables[0].script',
  ],
  [
    'a time limit of 0 s',
    changed((_, group) => {
      group.taskSpec.maxRunDuration = '0s';
    }),
    'taskGroups[0].taskSpec.maxRunDuration',
  ],
  [
    'a secret that is not named in full',
    changed((_, group) => {
      group.taskSpec.environment = { secretVariables: { KEY: 'my-secret' } };
    }),
    'taskGroups[0].taskSpec.environment.secretVariables.KEY',
  ],
  [
    'accelerators without a count',
    changed((job) => {
      job.allocationPolicy!.instances![0]!.policy!.accelerators = [{ type: 'nvidia-l4' }];
    }),
    'allocationPolicy.instances[0].policy.accelerators[0].count',
  ],
  [
    'a tag with capitals',
    changed((job) => {
      job.allocationPolicy!.tags = ['Mine'];
    }),
    'allocationPolicy.tags[0]',
  ],
  [
    'logs to a path that is not given',
    changed((job) => {
      job.logsPolicy = { destination: 'PATH' };
    }),
    'logsPolicy.logsPath',
  ],
  [
    'a volume from nowhere',
    changed((_, group) => {
      Object.assign(group.taskSpec, { volumes: [{ mountPath: '/mnt/a' }] });
    }),
    'taskGroups[0].taskSpec.volumes[0]',
  ],
  [
    'a notification without a topic',
    changed((job) => {
      Object.assign(job, { notifications: [{ pubsubTopic: 'mine' }] });
    }),
    'notifications[0].pubsubTopic',
  ],
  [
    'two instance policies',
    changed((job) => {
      job.allocationPolicy!.instances!.push({});
    }),
    'allocationPolicy.instances',
  ],
];

test.each(refused)('CreateJob refuses %s and names the field', async (_, job, field) => {
  const call = emulated.client.createJob({ parent: PARENT, jobId: 'job-a', job: clientJob(job) });
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 3 });
  expect(error).toHaveProperty('statusDetails[0].fieldViolations');
  const { statusDetails } = error as { statusDetails: { fieldViolations: { field: string }[] }[] };
  expect(statusDetails[0]?.fieldViolations.map((violation) => violation.field)).toContain(field);
  // The client takes its own view of what a list is; the service must not have taken the job.
  await expect(emulated.client.getJob({ name: `${PARENT}/jobs/job-a` })).rejects.toMatchObject({ code: 5 });
});

test.each(['Upper', '-a', 'a-', '1a', 'a'.repeat(64), 'a_b'])(
  'CreateJob refuses the job id %s',
  async (jobId) => {
    await expect(
      emulated.client.createJob({ parent: PARENT, jobId, job: clientJob(exampleJob()) }),
    ).rejects.toMatchObject({
      code: 3,
      statusDetails: [{ fieldViolations: [{ field: 'jobId' }] }],
    });
  },
);

test.each(['abc', '00000000-0000-0000-0000-000000000000'])(
  'CreateJob refuses the request id %s',
  async (requestId) => {
    const request = { parent: PARENT, jobId: 'job-a', requestId, job: clientJob(exampleJob()) };
    await expect(emulated.client.createJob(request)).rejects.toMatchObject({
      code: 3,
      statusDetails: [{ fieldViolations: [{ field: 'requestId' }] }],
    });
  },
);

test('every method refuses a location that the scenario does not have, as Google does one that does not exist', async () => {
  const { client } = emulated;
  const parent = 'projects/p/locations/moon1';
  const name = `${parent}/jobs/job-a`;
  const job = clientJob(locations('regions/moon1'));
  const calls = [
    client.createJob({ parent, jobId: 'job-a', job }),
    client.listJobs({ parent }, { autoPaginate: false }),
    client.getJob({ name }),
    client.deleteJob({ name }),
    client.cancelJob({ name }),
    client.getTask({ name: `${name}/taskGroups/group0/tasks/0` }),
    client.listTasks({ parent: `${name}/taskGroups/group0` }, { autoPaginate: false }),
  ];
  for (const call of calls) {
    await expect(call).rejects.toMatchObject({
      code: 7,
      details: expect.stringMatching(
        /^Permission denied on 'locations\/moon1' \(or it may not exist\)\. .*us-central1, us-east1/,
      ),
    });
  }
  const answer = await fetch(`${emulated.url}/v1/${parent}/jobs`);
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ error: { code: 403, status: 'PERMISSION_DENIED' } });
});

test('the largest of everything is accepted', async () => {
  const job = changed((_, group) => {
    group.taskCount = 100_000;
    group.parallelism = 5000;
  });
  job.allocationPolicy!.location = { allowedLocations: ['zones/us-central1-a', 'zones/us-central1-b'] };
  const [created] = await emulated.client.createJob({
    parent: PARENT,
    jobId: `a${'b'.repeat(62)}`,
    job: clientJob(job),
  });
  expect(created.status?.taskGroups?.group0?.counts).toEqual({ PENDING: '100000' });
});

test('a limit that the scenario lifts is lifted', async () => {
  const scenario = exampleScenario();
  scenario.batch.limits.parallelTasksPerJob = null;
  const lifted = await emulate({ scenario });
  try {
    const [created] = await lifted.client.createJob({
      parent: PARENT,
      jobId: 'job-a',
      job: clientJob(exampleJob(9000, 9000)),
    });
    expect(created.taskGroups?.[0]?.parallelism).toBe('9000');
  } finally {
    await lifted.stop();
  }
});
