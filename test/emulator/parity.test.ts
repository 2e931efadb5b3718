import { grpc } from 'google-gax';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BATCH_SCHEMA, PROTOS } from '../../src/emulator/protos.js';
import { BAD_REQUEST, LOCATIONS } from '../../src/emulator/smallProtos.js';
import { STATUS_CODES } from '../../src/emulator/statusError.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { toProtoJson, toProtoObject } from '../../src/plan/protoConvert.js';
import { type Emulated, emulate, exampleJob, PARENT } from './emulated.js';

/**
 * Two emulators with the same seed are asked the same, one over gRPC, the other over REST: what they answer must be
 * the same, in proto-JSON.
 */
const ROOT = protobuf.Root.fromJSON(PROTOS);
const BATCH = ROOT.lookupService('google.cloud.batch.v1.BatchService');
const OPERATIONS = ROOT.lookupService('google.longrunning.Operations');

let overGrpc: Emulated;
let overRest: Emulated;
let channel: grpc.Client;
const asked = new Set<string>();
beforeAll(async () => {
  overGrpc = await emulate();
  overRest = await emulate();
  channel = new grpc.Client(`127.0.0.1:${overGrpc.grpcPort}`, grpc.credentials.createInsecure());
});
afterAll(async () => {
  channel.close();
  await Promise.all([overGrpc.stop(), overRest.stop()]);
});

type Message = Record<string, unknown>;
interface Refusal {
  refused: string;
  message: string;
  violations: unknown;
}

/** One method: its service, how its request is asked for over HTTP, and how a decoded answer becomes JSON. */
interface Method {
  service: protobuf.Service;
  http: (request: Message) => [verb: string, path: string, body?: unknown];
  json: (answer: Message) => unknown;
}

const query = (request: Message, ...names: string[]): string => {
  const given = names.filter((name) => request[name] !== undefined);
  return `?${given.map((name) => `${name}=${encodeURIComponent(String(request[name]))}`).join('&')}`;
};
const paging = ['pageSize', 'pageToken', 'filter'];

function batch(name: string): (answer: Message) => unknown {
  return (answer) => toProtoJson(BATCH_SCHEMA, `google.cloud.batch.v1.${name}`, answer);
}

const any = (value: unknown): Message => {
  const { type_url: type, value: bytes } = value as { type_url: string; value: Uint8Array };
  const name = type.replace('type.googleapis.com/', '');
  const message = ROOT.lookupType(name);
  const decoded = message.toObject(message.decode(bytes), { longs: String, enums: String });
  const json = name === 'google.protobuf.Empty' ? {} : toProtoJson(BATCH_SCHEMA, name, decoded);
  return { '@type': type, ...json };
};

function operation(answer: Message): Message {
  return {
    name: answer.name,
    metadata: any(answer.metadata),
    ...(answer.done ? { done: true, response: any(answer.response) } : {}),
  };
}

const METHODS: Record<string, Method> = {
  CreateJob: {
    service: BATCH,
    http: (r) => ['POST', `${r.parent}/jobs${query(r, 'jobId', 'requestId')}`, r.job],
    json: batch('Job'),
  },
  GetJob: { service: BATCH, http: (r) => ['GET', String(r.name)], json: batch('Job') },
  ListJobs: {
    service: BATCH,
    http: (r) => ['GET', `${r.parent}/jobs${query(r, ...paging, 'orderBy')}`],
    json: batch('ListJobsResponse'),
  },
  DeleteJob: {
    service: BATCH,
    http: (r) => ['DELETE', `${r.name}${query(r, 'requestId', 'reason')}`],
    json: operation,
  },
  CancelJob: {
    service: BATCH,
    http: (r) => ['POST', `${r.name}:cancel`, r.requestId ? { requestId: r.requestId } : {}],
    json: operation,
  },
  GetTask: { service: BATCH, http: (r) => ['GET', String(r.name)], json: batch('Task') },
  ListTasks: {
    service: BATCH,
    http: (r) => ['GET', `${r.parent}/tasks${query(r, ...paging)}`],
    json: batch('ListTasksResponse'),
  },
  GetOperation: { service: OPERATIONS, http: (r) => ['GET', String(r.name)], json: operation },
  ListOperations: {
    service: OPERATIONS,
    http: (r) => ['GET', `${r.name}/operations${query(r, ...paging)}`],
    json: ({ operations, ...answer }) => ({
      operations: ((operations as Message[] | undefined) ?? []).map(operation),
      ...answer,
    }),
  },
  CancelOperation: { service: OPERATIONS, http: (r) => ['POST', `${r.name}:cancel`, {}], json: (a) => a },
  DeleteOperation: { service: OPERATIONS, http: (r) => ['DELETE', String(r.name)], json: (a) => a },
  ListLocations: {
    service: LOCATIONS,
    http: (r) => ['GET', `${r.name}/locations${query(r, ...paging)}`],
    json: (a) => a,
  },
  GetLocation: { service: LOCATIONS, http: (r) => ['GET', String(r.name)], json: (a) => a },
};

function askGrpc(name: string, method: Method, request: Message): Promise<unknown> {
  const rpc = method.service.methods[name];
  rpc?.resolve();
  const { resolvedRequestType: asks, resolvedResponseType: answers } = rpc ?? {};
  if (!asks || !answers) throw new Error(`no method ${name}`);
  const message = { ...request };
  if (message.job) message.job = toProtoObject(BATCH_SCHEMA, 'google.cloud.batch.v1.Job', message.job);
  return new Promise((resolve) => {
    channel.makeUnaryRequest(
      `/${method.service.fullName.slice(1)}/${name}`,
      (value: Message) => Buffer.from(asks.encode(asks.fromObject(value)).finish()),
      (bytes) => answers.toObject(answers.decode(bytes), { longs: String, enums: String }),
      message,
      (error, answer) => resolve(error ? refusalOf(error) : method.json(withoutEmpty(answer as Message))),
    );
  });
}

/** JSON leaves out what is empty. */
function withoutEmpty(answer: Message): Message {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== ''));
}

function refusalOf(error: grpc.ServiceError): Refusal {
  const names = Object.entries(STATUS_CODES).filter(([, { grpc: code }]) => code === error.code);
  const [details] = error.metadata.get('grpc-status-details-bin');
  let violations: unknown = null;
  if (details instanceof Buffer) {
    const status = ROOT.lookupType('google.rpc.Status').decode(details).toJSON() as {
      details: { value: string }[];
    };
    const bytes = Buffer.from(status.details[0]?.value ?? '', 'base64');
    violations = BAD_REQUEST.decode(bytes).toJSON().fieldViolations;
  }
  return { refused: names[0]?.[0] ?? String(error.code), message: error.details, violations };
}

async function askRest(method: Method, request: Message): Promise<unknown> {
  const [verb, path, body] = method.http(request);
  const response = await fetch(`${overRest.url}/v1/${path}`, {
    method: verb,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Message & {
    error?: { status: keyof typeof STATUS_CODES; message: string; details?: { fieldViolations: unknown }[] };
  };
  if (!answer.error) return answer;
  const { status, message, details } = answer.error;
  expect(response.status).toBe(STATUS_CODES[status].http);
  return { refused: status, message, violations: details?.[0]?.fieldViolations ?? null };
}

async function both(name: string, request: Message): Promise<Message> {
  const method = METHODS[name];
  if (!method) throw new Error(`no method ${name}`);
  asked.add(name);
  const [first, second] = await Promise.all([askGrpc(name, method, request), askRest(method, request)]);
  expect(second, `${name} ${JSON.stringify(request)}`).toEqual(first);
  return first as Message;
}

function pass(seconds: number): void {
  overGrpc.pass(seconds);
  overRest.pass(seconds);
}

const NAME = `${PARENT}/jobs/job-a`;
const uuid = (digit: number): string => `${digit}1111111-1111-4111-8111-111111111111`;

function changed(change: (job: BatchJob) => void): BatchJob {
  const job = exampleJob();
  change(job);
  return job;
}

test('creating and reading jobs', async () => {
  await both('ListLocations', { name: 'projects/p' });
  await both('ListLocations', { name: 'projects/p', pageSize: 1 });
  await both('GetLocation', { name: PARENT });
  expect(await both('GetLocation', { name: 'projects/p/locations/mars-east1' })).toHaveProperty('refused');
  const request = { parent: PARENT, jobId: 'job-a', requestId: uuid(1), job: exampleJob(30, 10) };
  const created = await both('CreateJob', request);
  expect(await both('CreateJob', request)).toEqual(created);
  expect(await both('CreateJob', { ...request, requestId: uuid(2) })).toMatchObject({
    refused: 'ALREADY_EXISTS',
  });
  expect(await both('CreateJob', { ...request, jobId: 'job-b' })).toMatchObject({
    violations: [{ field: 'requestId' }],
  });
  await both('CreateJob', { parent: PARENT, job: exampleJob() });
  await both('CreateJob', {
    parent: 'projects/p/locations/us-east1',
    jobId: 'east',
    job: changed((job) => {
      job.allocationPolicy = { instances: [{ policy: { machineType: 'n2-standard-8' } }] };
      job.labels = { team: 'blue' };
      job.priority = 7;
    }),
  });
  pass(3600);
  await both('GetJob', { name: NAME });
  expect(await both('GetJob', { name: `${PARENT}/jobs/none` })).toMatchObject({ refused: 'NOT_FOUND' });
});

test.each<[string, BatchJob]>([
  ['no runnable', changed((job) => job.taskGroups[0]!.taskSpec.runnables.splice(0))],
  [
    'several things at once',
    changed((job) => {
      job.priority = 100;
      job.labels = { 'goog-x': 'y', 'batch-job-id': 'z' };
      job.taskGroups[0]!.taskSpec.maxRetryCount = 11;
      job.taskGroups[0]!.taskSpec.runnables = [{ script: {} }, { timeout: '-1s' }];
    }),
  ],
])('refusing a job with %s', async (_, job) => {
  const refusal = await both('CreateJob', { parent: PARENT, jobId: 'bad', requestId: 'no-uuid', job });
  expect(refusal).toMatchObject({ refused: 'INVALID_ARGUMENT', violations: expect.any(Array) });
});

test.each([
  {},
  { filter: 'status.state="RUNNING" OR labels.team=blue' },
  { filter: 'NOT labels.team:* AND priority < 5', orderBy: 'name desc' },
  { filter: 'priority >' },
  { orderBy: 'uid' },
  { pageToken: 'nonsense' },
  { pageSize: 1 },
])('listing jobs with %j', async (request) => {
  const first = await both('ListJobs', { parent: 'projects/p/locations/-', ...request });
  if (typeof first.nextPageToken === 'string') {
    const { nextPageToken: pageToken } = first;
    await both('ListJobs', { parent: 'projects/p/locations/-', ...request, pageToken });
  }
});

test('tasks', async () => {
  const parent = `${NAME}/taskGroups/group0`;
  const first = await both('ListTasks', { parent, pageSize: 7 });
  await both('ListTasks', { parent, pageSize: 7, pageToken: first.nextPageToken });
  expect((await both('ListTasks', { parent, filter: 'State=RUNNING' })).tasks).toHaveLength(10);
  await both('ListTasks', { parent, filter: 'State=WALKING' });
  await both('ListTasks', { parent: `${NAME}/taskGroups/group1` });
  await both('GetTask', { name: `${parent}/tasks/0` });
  await both('GetTask', { name: `${parent}/tasks/30` });
});

test('cancelling, deleting and operations', async () => {
  const cancelled = await both('CancelJob', { name: NAME, requestId: uuid(4) });
  expect(await both('CancelJob', { name: NAME, requestId: uuid(4) })).toEqual(cancelled);
  await both('CancelJob', { name: NAME });
  await both('CancelJob', { name: `${PARENT}/jobs/none` });
  await both('GetJob', { name: NAME });
  const { name } = cancelled;
  await both('GetOperation', { name });
  await both('CancelOperation', { name });
  expect(await both('DeleteOperation', { name })).toMatchObject({ refused: 'FAILED_PRECONDITION' });
  expect(await both('GetOperation', { name })).toMatchObject({ metadata: { requestedCancellation: true } });
  pass(60);
  expect(await both('GetOperation', { name })).toMatchObject({ done: true });
  const deleted = await both('DeleteJob', { name: NAME, reason: 'over', requestId: uuid(5) });
  await both('DeleteJob', { name: NAME });
  await both('GetJob', { name: NAME });
  pass(60);
  await both('GetOperation', { name: deleted.name });
  await both('GetJob', { name: NAME });
  await both('ListOperations', { name: PARENT, pageSize: 1 });
  await both('ListOperations', { name: 'projects/p/locations/-' });
  await both('DeleteOperation', { name });
  expect(await both('DeleteOperation', { name })).toMatchObject({ refused: 'NOT_FOUND' });
  await both('CancelOperation', { name });
});

test('every method that both transports have was asked', () => {
  const all = [BATCH, OPERATIONS, LOCATIONS].flatMap((service) => Object.keys(service.methods));
  // The REST face of Batch has no wait.
  expect([...asked].sort()).toEqual(all.filter((name) => name !== 'WaitOperation').sort());
});

test('WaitOperation answers when the operation is done or its time is over', async () => {
  await both('CreateJob', { parent: PARENT, jobId: 'job-w', job: exampleJob() });
  const { name } = await both('CancelJob', { name: `${PARENT}/jobs/job-w` });
  const wait: Method = { service: OPERATIONS, http: () => ['GET', ''], json: operation };
  const timeout = { seconds: 0, nanos: 50_000_000 };
  expect(await askGrpc('WaitOperation', wait, { name, timeout })).not.toHaveProperty('done');
  const waiting = askGrpc('WaitOperation', wait, { name });
  pass(60);
  expect(await waiting).toMatchObject({ done: true });
});
