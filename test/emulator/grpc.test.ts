import { afterEach, expect, test } from 'vitest';
import { ENDING_SECONDS } from '../../src/emulator/batchService.js';
import { numberedName } from '../../src/emulator/projectNumber.js';
import { BATCH_SCHEMA } from '../../src/emulator/protos.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { toProtoJson } from '../../src/plan/protoConvert.js';
import { JOB_MESSAGE } from '../../src/plan/protoJson.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { clientJob, type Emulated, EPOCH, emulate, exampleJob, finish, PARENT } from './emulated.js';

let emulated: Emulated;
afterEach(() => emulated.stop());

const NAME = `${PARENT}/jobs/job-a`;
const GROUP = `${NAME}/taskGroups/group0`;
const uuid = (digit: number): string => `${digit}1111111-1111-4111-8111-111111111111`;

async function create(jobId = 'job-a', job: BatchJob = exampleJob(), requestId = ''): Promise<unknown> {
  const [created] = await emulated.client.createJob({
    parent: PARENT,
    jobId,
    job: clientJob(job),
    requestId,
  });
  return created;
}

test('a created job comes back with a uid, its name and what was sent', async () => {
  emulated = await emulate();
  const job = exampleJob();
  await create();
  const [got] = await emulated.client.getJob({ name: NAME });
  expect(got).toMatchObject({ name: NAME, createTime: { seconds: String(EPOCH), nanos: 0 } });
  expect(got.uid).toMatch(/^job-a-[0-9a-f]{8}-[0-9a-f]{4}-\d{5}$/);
  expect(got.status).toMatchObject({
    state: 'QUEUED',
    taskGroups: { group0: { counts: { PENDING: '13' } } },
  });

  const { name, uid, status, createTime, updateTime, ...definition } = toProtoJson(
    BATCH_SCHEMA,
    JOB_MESSAGE,
    got,
  );
  const sent = toProtoJson(BATCH_SCHEMA, JOB_MESSAGE, job);
  const [sentGroup] = sent.taskGroups as object[];
  expect(definition).toEqual({ ...sent, taskGroups: [{ ...sentGroup, name: numberedName(GROUP) }] });
});

test('counts add up to the task count at every poll until the job has succeeded', async () => {
  emulated = await emulate();
  await create('job-a', exampleJob(130, 40));
  const seen = new Set<string>();
  for (let poll = 0; poll < 2000; poll += 1) {
    const [job] = await emulated.client.getJob({ name: NAME });
    const counts = Object.values(job.status?.taskGroups?.group0?.counts ?? {}).map(Number);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(130);
    seen.add(String(job.status?.state));
    if (job.status?.state === 'SUCCEEDED') break;
    emulated.pass(poll < 50 ? 10 : 600);
  }
  expect([...seen]).toEqual(['QUEUED', 'SCHEDULED', 'RUNNING', 'SUCCEEDED']);
});

test('the events of a finished job tell its life in order, with the texts of Batch', async () => {
  emulated = await emulate();
  await create();
  finish(emulated);
  const [job] = await emulated.client.getJob({ name: NAME });
  const events = job.status?.statusEvents ?? [];
  expect(events.map(({ type }) => type)).toEqual(['STATUS_CHANGED', 'STATUS_CHANGED', 'STATUS_CHANGED']);
  expect(events[0]?.description).toMatch(
    /^Job state is set from QUEUED to SCHEDULED for job projects\/\d{12}\/locations\/us-central1\/jobs\/job-a\.$/,
  );
  // The scenario's scheduling delay is 60 s.
  expect(events[0]?.eventTime).toEqual({ seconds: String(EPOCH + 60), nanos: 0 });
  const time = (index: number): number =>
    Number(events[index]?.eventTime?.seconds) + Number(events[index]?.eventTime?.nanos) / 1e9;
  const { seconds, nanos } = job.status?.runDuration ?? {};
  expect(Number(seconds) + Number(nanos) / 1e9).toBeCloseTo(time(2) - time(1), 5);
  expect(job.updateTime).toEqual(events[2]?.eventTime);
});

test('a preempted task lists its failed attempt with exit code 50001, and every VM has its own instance id', async () => {
  const scenario = exampleScenario();
  for (const region of Object.values(scenario.regions)) region.hazard = { constant: { hourlySurvival: 0.5 } };
  emulated = await emulate({ scenario });
  await create('job-a', exampleJob(40, 40));
  finish(emulated);
  const [tasks] = await emulated.client.listTasks({ parent: GROUP }, { autoPaginate: false });
  const events = tasks.flatMap((task) => task.status?.statusEvents ?? []);
  const preempted = events.filter((event) => event.taskExecution?.exitCode === 50001);
  expect(preempted.length).toBeGreaterThan(10);
  for (const event of preempted) {
    expect(event.taskState).toBe('FAILED');
    expect(event.description).toMatch(
      /^Task state is updated from (ASSIGNED|RUNNING) to FAILED on zones\/us-central1-[ab]\/instances\/\d{16} due to Spot Preemption with exit code 50001\.$/,
    );
  }
  const instance = (event: { description?: string | null }): string | undefined =>
    /instances\/\d+/.exec(event.description ?? '')?.[0];
  const lost = preempted.map(instance);
  expect(new Set(lost).size).toBe(lost.length);

  for (const task of tasks) {
    const own = task.status?.statusEvents ?? [];
    const states = own.map((event) => event.taskState);
    const ended = states.filter((state) => state === 'FAILED').length;
    expect(states.filter((state) => state === 'ASSIGNED')).toHaveLength(
      ended + (task.status?.state === 'SUCCEEDED' ? 1 : 0),
    );
    expect(own.at(-1)?.taskState).toBe(task.status?.state);
    const times = own.map((event) => Number(event.eventTime?.seconds) + Number(event.eventTime?.nanos) / 1e9);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
  const started = events.find((event) => event.taskState === 'RUNNING');
  expect(started?.description).toMatch(
    /^Task state is updated from ASSIGNED to RUNNING on zones\/us-central1-[ab]\/instances\/\d{16}$/,
  );
});

test('a job with a task out of retries fails and quotes that task', async () => {
  const scenario = exampleScenario();
  scenario.campaign.taskFailure = 1;
  emulated = await emulate({ scenario });
  const job = exampleJob(1, 1);
  job.taskGroups[0]!.taskSpec.maxRetryCount = 0;
  await create('job-a', job);
  finish(emulated);
  const [got] = await emulated.client.getJob({ name: NAME });
  expect(got.status?.state).toBe('FAILED');
  expect(got.status?.statusEvents?.at(-1)?.description).toMatch(
    /Job failed due to task failure\. Specifically, task with index 0 failed due to the following task event: "Task state is updated from RUNNING to FAILED .* with exit code \d+\."$/,
  );
});

test('13,000 tasks are listed in 13 pages of 1,000 in order, a page within 50 ms', async () => {
  emulated = await emulate();
  await create('job-a', exampleJob(13_000, 500));
  emulated.pass(3 * 86_400);
  emulated.rehearsal.service.advance();
  const indexes: number[] = [];
  const pages: number[] = [];
  const times: number[] = [];
  for (let pageToken = ''; ; ) {
    const startedAt = performance.now();
    const [tasks, , answer] = await emulated.client.listTasks(
      { parent: GROUP, pageSize: 5000, pageToken },
      { autoPaginate: false },
    );
    times.push(performance.now() - startedAt);
    pages.push(tasks.length);
    for (const task of tasks) indexes.push(Number(task.name?.split('/').at(-1)));
    pageToken = answer?.nextPageToken ?? '';
    if (pageToken === '') break;
  }
  expect(pages).toEqual(new Array(13).fill(1000));
  expect(indexes).toEqual(Array.from({ length: 13_000 }, (_, index) => index));
  // The best of them: the machine may be busy with other things.
  expect(Math.min(...times)).toBeLessThan(50);
});

test('ListTasks filters by state, page by page', async () => {
  emulated = await emulate();
  await create('job-a', exampleJob(30, 10));
  emulated.pass(3600);
  const list = async (filter: string): Promise<number> => {
    let total = 0;
    for (let pageToken = ''; ; ) {
      const request = { parent: GROUP, filter, pageSize: 4, pageToken };
      const [tasks, , answer] = await emulated.client.listTasks(request, { autoPaginate: false });
      expect(tasks.length).toBeLessThanOrEqual(4);
      total += tasks.length;
      pageToken = answer?.nextPageToken ?? '';
      if (pageToken === '') return total;
    }
  };
  expect(await list('State=RUNNING')).toBe(10);
  expect(await list('State=PENDING')).toBe(20);
  await expect(list('state ~ "R"')).rejects.toMatchObject({ code: 3 });
  await expect(
    emulated.client.listTasks({ parent: GROUP, pageToken: 'abc' }, { autoPaginate: false }),
  ).rejects.toMatchObject({ code: 3 });
});

test('GetTask gives one task and NOT_FOUND beyond the last', async () => {
  emulated = await emulate();
  await create();
  const [task] = await emulated.client.getTask({ name: `${GROUP}/tasks/12` });
  expect(task).toMatchObject({ name: `${GROUP}/tasks/12`, status: { state: 'PENDING', statusEvents: [] } });
  await expect(emulated.client.getTask({ name: `${GROUP}/tasks/13` })).rejects.toMatchObject({ code: 5 });
  await expect(emulated.client.getJob({ name: `${PARENT}/jobs/other` })).rejects.toMatchObject({ code: 5 });
});

test('jobs are listed by location, filter and order', async () => {
  emulated = await emulate();
  await create('job-b');
  emulated.pass(1);
  await create('job-a', { ...exampleJob(), labels: { shard: 'b' } });
  const east = exampleJob();
  east.allocationPolicy!.location!.allowedLocations = ['zones/us-east1-b', 'zones/us-east1-c'];
  await emulated.client.createJob({
    parent: 'projects/p/locations/us-east1',
    jobId: 'job-a',
    job: clientJob(east),
  });
  const names = async (request: object, parent = PARENT): Promise<(string | undefined)[]> => {
    const [jobs] = await emulated.client.listJobs({ parent, ...request }, { autoPaginate: false });
    return jobs.map((job) => job.name?.replace('projects/p/locations/', ''));
  };
  expect(await names({})).toEqual(['us-central1/jobs/job-b', 'us-central1/jobs/job-a']);
  expect(await names({ orderBy: 'name' })).toEqual(['us-central1/jobs/job-a', 'us-central1/jobs/job-b']);
  expect(await names({ filter: 'status.state="QUEUED" AND labels.shard="b"' })).toEqual([
    'us-central1/jobs/job-a',
  ]);
  expect(await names({}, 'projects/p/locations/-')).toHaveLength(3);
  expect(await names({}, 'projects/other/locations/us-central1')).toEqual([]);
  await expect(names({ filter: 'colour = red' })).rejects.toMatchObject({ code: 3 });
  await expect(names({ orderBy: 'uid' })).rejects.toMatchObject({ code: 3 });
});

test('the same request id gets the same answer and one job; without it a taken id is refused', async () => {
  emulated = await emulate();
  const first = await create('job-a', exampleJob(), uuid(1));
  emulated.pass(600);
  expect(await create('job-a', exampleJob(), uuid(1))).toEqual(first);
  await expect(create('job-a', exampleJob(), uuid(2))).rejects.toMatchObject({ code: 6 });
  await expect(create('job-a')).rejects.toMatchObject({ code: 6 });
  await expect(create('job-z', exampleJob(), uuid(1))).rejects.toMatchObject({ code: 3 });
  const [jobs] = await emulated.client.listJobs({ parent: PARENT }, { autoPaginate: false });
  expect(jobs).toHaveLength(1);
});

test('a job without an id gets one', async () => {
  emulated = await emulate();
  const [one] = await emulated.client.createJob({ parent: PARENT, job: clientJob(exampleJob()) });
  const [two] = await emulated.client.createJob({ parent: PARENT, job: clientJob(exampleJob()) });
  expect(one.name).toMatch(/jobs\/[a-z][a-z0-9-]*$/);
  expect(two.name).not.toBe(one.name);
});

test('cancelling ends the tasks, keeps the job and gives one operation for one request id', async () => {
  emulated = await emulate();
  await create('job-a', exampleJob(30, 10));
  emulated.pass(3600);
  const request = { name: NAME, requestId: uuid(3) };
  const [operation, first] = await emulated.client.cancelJob(request);
  const [, second] = await emulated.client.cancelJob(request);
  expect(second).toMatchObject({ name: (first as { name?: string }).name });
  const [ending] = await emulated.client.getJob({ name: NAME });
  expect(ending.status?.state).toBe('CANCELLATION_IN_PROGRESS');
  await expect(emulated.client.cancelJob({ name: NAME })).rejects.toMatchObject({ code: 9 });
  emulated.pass(ENDING_SECONDS);
  await operation.promise();
  const [job] = await emulated.client.getJob({ name: NAME });
  expect(job.status?.state).toBe('CANCELLED');
  expect(job.status?.taskGroups?.group0?.counts).toMatchObject({ UNEXECUTED: '20', FAILED: '10' });
  expect(operation.metadata).toMatchObject({ target: NAME, verb: 'cancel' });
  const changes = (job.status?.statusEvents ?? []).map(({ description, eventTime }) => ({
    change: /from (\S+) to (\S+) /
      .exec(description ?? '')
      ?.slice(1)
      .join(' '),
    at: Number(eventTime?.seconds) - EPOCH,
  }));
  expect(changes.slice(-2)).toEqual([
    { change: 'RUNNING CANCELLATION_IN_PROGRESS', at: 3600 },
    { change: 'CANCELLATION_IN_PROGRESS CANCELLED', at: 3600 + ENDING_SECONDS },
  ]);
  // As Cromwell found: cancelling what is cancelled is accepted.
  await emulated.client.cancelJob({ name: NAME });
});

test('a finished job cannot be cancelled', async () => {
  emulated = await emulate();
  await create();
  finish(emulated);
  await expect(emulated.client.cancelJob({ name: NAME })).rejects.toMatchObject({ code: 9 });
});

test('a deleted job is gone, and its id is free again', async () => {
  emulated = await emulate();
  await create();
  emulated.pass(3600);
  const [operation] = await emulated.client.deleteJob({ name: NAME });
  const [ending] = await emulated.client.getJob({ name: NAME });
  expect(ending.status?.state).toBe('DELETION_IN_PROGRESS');
  expect(ending.status?.statusEvents?.at(-1)?.description).toContain('from RUNNING to DELETION_IN_PROGRESS');
  await expect(emulated.client.deleteJob({ name: NAME })).rejects.toMatchObject({ code: 9 });
  await expect(create()).rejects.toMatchObject({ code: 6 });
  emulated.pass(ENDING_SECONDS);
  await operation.promise();
  await expect(emulated.client.getTask({ name: `${GROUP}/tasks/0` })).rejects.toMatchObject({ code: 5 });
  await expect(emulated.client.listTasks({ parent: GROUP }, { autoPaginate: false })).rejects.toMatchObject({
    code: 5,
  });
  await expect(emulated.client.getJob({ name: NAME })).rejects.toMatchObject({ code: 5 });
  await expect(emulated.client.deleteJob({ name: NAME })).rejects.toMatchObject({ code: 5 });
  await create();
  const [job] = await emulated.client.getJob({ name: NAME });
  expect(job.status?.state).toBe('QUEUED');
});

test('more than 15,000 reads or 6,000 mutations in a minute of campaign time are refused, by region', async () => {
  emulated = await emulate();
  await create();
  const { service } = emulated.rehearsal;
  for (let read = 0; read < 15_000; read += 1) service.getJob({ name: NAME });
  await expect(emulated.client.getJob({ name: NAME })).rejects.toMatchObject({ code: 8 });
  await emulated.client.listJobs({ parent: 'projects/p/locations/us-east1' }, { autoPaginate: false });
  const twice = { name: `${PARENT}/jobs/none` };
  for (let mutation = 0; mutation < 6000; mutation += 1)
    expect(() => service.cancelJob(twice)).toThrow('not found');
  expect(() => service.cancelJob(twice)).toThrow('Quota exceeded');
  emulated.pass(60);
  await emulated.client.getJob({ name: NAME });
});

test('campaign time begins with the first accepted job and stands still while a request is answered', async () => {
  emulated = await emulate();
  const { clock, service } = emulated.rehearsal;
  emulated.pass(500);
  await expect(create('Bad-Id')).rejects.toMatchObject({ code: 3 });
  expect(clock.now()).toBe(0);
  emulated.pass(500);
  await create();
  emulated.pass(7);
  expect(clock.now()).toBe(7);
  clock.frozen(() => {
    emulated.pass(1000);
    service.getJob({ name: NAME });
    expect(clock.now()).toBe(7);
  });
  emulated.pass(1);
  expect(clock.now()).toBe(8);
});

test('a request id is forgotten after 60 minutes, a finished job is deleted after 60 days', async () => {
  emulated = await emulate();
  const first = await create('job-a', exampleJob(), uuid(7));
  emulated.pass(3599);
  expect(await create('job-a', exampleJob(), uuid(7))).toEqual(first);
  emulated.pass(1);
  await expect(create('job-a', exampleJob(), uuid(7))).rejects.toMatchObject({ code: 6 });
  finish(emulated);
  emulated.pass(59 * 86_400);
  await emulated.client.getJob({ name: NAME });
  emulated.pass(86_400);
  await expect(emulated.client.getJob({ name: NAME })).rejects.toMatchObject({ code: 5 });
});

test('parallelism is never exceeded, and IN_ORDER runs one task after another', async () => {
  emulated = await emulate();
  const inOrder = exampleJob(5, 1);
  inOrder.taskGroups[0]!.schedulingPolicy = 'IN_ORDER';
  delete inOrder.taskGroups[0]!.parallelism;
  await create('job-a', inOrder);
  await create('job-b', exampleJob(60, 7));
  const most = { 'job-a': 0, 'job-b': 0 };
  for (let step = 0; step < 3000 && !emulated.rehearsal.service.allFinal; step += 1) {
    emulated.pass(61);
    for (const jobId of ['job-a', 'job-b'] as const) {
      const [job] = await emulated.client.getJob({ name: `${PARENT}/jobs/${jobId}` });
      const counts = job.status?.taskGroups?.group0?.counts ?? {};
      const busy = Number(counts.ASSIGNED ?? 0) + Number(counts.RUNNING ?? 0);
      most[jobId] = Math.max(most[jobId], busy);
    }
  }
  expect(most).toEqual({ 'job-a': 1, 'job-b': 7 });
});

test("a stranger's job is taken, and its events say what is done otherwise than at Google", async () => {
  emulated = await emulate();
  const [created] = await emulated.client.createJob({
    parent: PARENT,
    job: clientJob({
      taskGroups: [{ taskCount: 3, taskSpec: { runnables: [{ script: { text: 'echo' } }] } }],
      allocationPolicy: { instances: [{ policy: { machineType: 'n2-custom-8-16384' } }] },
    }),
  });
  const notes = (created.status?.statusEvents ?? []).map(({ description }) => description);
  expect(notes.join()).toContain('n2-custom-8-16384');
  expect(notes.join()).toContain('it has 8 vCPUs and 0 GPUs here');
  expect(notes.join()).toContain('Batch would run up to 3 on one');
  finish(emulated);
  const [job] = await emulated.client.getJob({ name: created.name ?? '' });
  expect(job.status?.taskGroups?.group0?.counts).toEqual({ SUCCEEDED: '3' });
});
