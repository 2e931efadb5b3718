import { request as httpRequest } from 'node:http';
import { v1 } from '@google-cloud/batch';
import { PassThroughClient } from 'google-auth-library';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENDING_SECONDS } from '../../src/emulator/batchService.js';
import { clientJob, type Emulated, emulate, exampleJob, finish, PARENT } from './emulated.js';

let emulated: Emulated;
beforeEach(async () => {
  emulated = await emulate();
});
afterEach(() => emulated.stop());

interface Answer {
  code: number;
  body: Record<string, unknown>;
}

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${emulated.url}/v1/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { code: response.status, body: (await response.json()) as Record<string, unknown> };
}

const create = (body: unknown = exampleJob(), jobId = 'job-a'): Promise<Answer> =>
  ask('POST', `${PARENT}/jobs?jobId=${jobId}`, body);

test('a job is created, read, listed and cancelled in proto-JSON with enums by name', async () => {
  const job = exampleJob();
  job.taskGroups[0]!.taskSpec.maxRunDuration = '43200s';
  expect(await create(job)).toMatchObject({
    code: 200,
    body: {
      name: `${PARENT}/jobs/job-a`,
      createTime: '2027-01-15T08:00:00Z',
      status: { state: 'QUEUED', runDuration: '0s', taskGroups: { group0: { counts: { PENDING: '13' } } } },
      taskGroups: [{ taskCount: '13', taskSpec: { maxRunDuration: '43200s', maxRetryCount: 10 } }],
      allocationPolicy: { instances: [{ policy: { provisioningModel: 'SPOT' } }] },
    },
  });
  emulated.pass(3600);
  expect(await ask('GET', `${PARENT}/jobs/job-a`)).toMatchObject({ body: { status: { state: 'RUNNING' } } });
  const { body: list } = await ask('GET', `${PARENT}/jobs?pageSize=5`);
  expect(list.jobs).toHaveLength(1);
  const { body: tasks } = await ask('GET', `${PARENT}/jobs/job-a/taskGroups/group0/tasks?pageSize=5`);
  expect(tasks).toMatchObject({ nextPageToken: expect.any(String) });
  expect(tasks.tasks).toHaveLength(5);
  const { body: task } = await ask('GET', `${PARENT}/jobs/job-a/taskGroups/group0/tasks/3`);
  expect(task).toMatchObject({ status: { state: 'RUNNING' } });
  const { body: operation } = await ask('POST', `${PARENT}/jobs/job-a:cancel`, {});
  expect(operation).toMatchObject({ metadata: { verb: 'cancel' } });
  expect(operation).not.toHaveProperty('done');
  emulated.pass(ENDING_SECONDS);
  expect(await ask('GET', String(operation.name))).toMatchObject({
    code: 200,
    body: {
      ...operation,
      done: true,
      response: { '@type': 'type.googleapis.com/google.cloud.batch.v1.CancelJobResponse' },
    },
  });
  expect(await ask('GET', `${PARENT}/jobs/job-a`)).toMatchObject({
    body: { status: { state: 'CANCELLED' } },
  });
  expect(await ask('DELETE', `${PARENT}/jobs/job-a`)).toMatchObject({ code: 200 });
  emulated.pass(ENDING_SECONDS);
  expect(await ask('GET', `${PARENT}/jobs/job-a`)).toMatchObject({ code: 404 });
});

test('field names of the .proto files and numeric enums are taken, as Google takes them', async () => {
  const body = {
    task_groups: [
      {
        task_count: '7',
        parallelism: 7,
        scheduling_policy: 1,
        task_spec: { runnables: [{ script: { text: 'true' } }], max_run_duration: '60s' },
      },
    ],
    allocation_policy: { instances: [{ policy: { provisioning_model: 2 } }] },
    labels: { snake_case: 'kept' },
  };
  expect(await ask('POST', `${PARENT}/jobs?job_id=job-a`, body)).toMatchObject({
    code: 200,
    body: {
      taskGroups: [
        { taskCount: '7', schedulingPolicy: 'AS_SOON_AS_POSSIBLE', taskSpec: { maxRunDuration: '60s' } },
      ],
      allocationPolicy: { instances: [{ policy: { provisioningModel: 'SPOT' } }] },
      labels: { snake_case: 'kept' },
    },
  });
});

test('the official client works in its REST mode too', async () => {
  const client = new v1.BatchServiceClient({
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: Number(new URL(emulated.url).port),
    authClient: new PassThroughClient(),
  });
  const [job] = await client.createJob({ parent: PARENT, jobId: 'job-a', job: clientJob(exampleJob()) });
  expect(job.status?.state).toBe('QUEUED');
  finish(emulated);
  const [got] = await client.getJob({ name: job.name ?? '' });
  expect(got.status?.taskGroups?.group0?.counts).toEqual({ SUCCEEDED: '13' });
  const [tasks] = await client.listTasks(
    { parent: `${job.name}/taskGroups/group0` },
    { autoPaginate: false },
  );
  expect(tasks.map((task) => task.status?.state)).toEqual(new Array(13).fill('SUCCEEDED'));
  const [operation] = await client.deleteJob({ name: job.name ?? '' });
  emulated.pass(ENDING_SECONDS);
  await operation.promise();
  await expect(client.getJob({ name: job.name ?? '' })).rejects.toThrow('not found');
  await client.close();
});

test('refusals come in the shape of Google errors', async () => {
  expect(await create({ taskGroups: [{ paralelism: 5, taskSpec: { runnables: [{}] } }] })).toEqual({
    code: 400,
    body: {
      error: {
        code: 400,
        message: 'taskGroups[0].paralelism unknown field of TaskGroup; did you mean parallelism?',
        status: 'INVALID_ARGUMENT',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [
              {
                field: 'taskGroups[0].paralelism',
                description: 'unknown field of TaskGroup; did you mean parallelism?',
              },
            ],
          },
        ],
      },
    },
  });
  expect(await create('{"taskGroups": [')).toMatchObject({
    code: 400,
    body: { error: { message: 'the body is not JSON' } },
  });
  expect(await create([])).toMatchObject({ code: 400 });
  expect(await create('null')).toMatchObject({ code: 400 });
  expect(await create(`{"a": "${'x'.repeat(1_000_000)}"}`)).toMatchObject({
    code: 400,
    body: { error: { message: expect.stringContaining('bytes') } },
  });
  expect(await ask('GET', `${PARENT}/jobs/none`)).toMatchObject({
    code: 404,
    body: { error: { status: 'NOT_FOUND' } },
  });
  expect(await ask('GET', 'nowhere')).toMatchObject({ code: 404 });
  expect(await ask('GET', `${PARENT}/jobs?page=3`)).toMatchObject({ code: 400 });
  await create();
  expect(await create()).toMatchObject({ code: 409, body: { error: { status: 'ALREADY_EXISTS' } } });
  const { service } = emulated.rehearsal;
  for (let read = 0; read < 15_000; read += 1) service.getJob({ name: `${PARENT}/jobs/job-a` });
  expect(await ask('GET', `${PARENT}/jobs/job-a`)).toMatchObject({ code: 429 });
});

test('a request under a foreign host name is refused', async () => {
  const code = await new Promise((resolve, reject) => {
    httpRequest(`${emulated.url}/v1/${PARENT}/jobs`, { headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(code).toBe(403);
});

test('the locations are those of the scenario', async () => {
  const { body } = await ask('GET', 'projects/p/locations');
  expect(body).toMatchObject({ locations: [{ locationId: 'us-central1' }, { locationId: 'us-east1' }] });
  expect(await ask('GET', 'projects/p/locations/asia-east1')).toMatchObject({ code: 404 });
});
