import { afterEach, expect, test } from 'vitest';
import { type FaultKind, type FaultRule, Faults } from '../../src/emulator/faults.js';
import { clientJob, type Emulated, emulate, exampleJob, PARENT } from './emulated.js';

let emulated: Emulated;
afterEach(async () => {
  await emulated?.stop();
});

const NAME = `${PARENT}/jobs/job-a`;

function rule(kind: FaultKind, method: string, more: Partial<FaultRule> = {}): FaultRule {
  return { service: 'batch', method, kind, rate: 1, ...more };
}

async function withFaults(...faults: FaultRule[]): Promise<Emulated> {
  emulated = await emulate({ faults });
  return emulated;
}

const jobs = (): number => {
  const { jobs: listed } = emulated.rehearsal.service.listJobs({ parent: PARENT });
  return (listed as unknown[]).length;
};

const createOverGrpc = (): Promise<unknown> =>
  emulated.client.createJob({ parent: PARENT, jobId: 'job-a', job: clientJob(exampleJob()) });

async function overRest(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ code: number; status?: string }> {
  const response = await fetch(`${emulated.url}/v1/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { error?: { status: string } };
  return { code: response.status, ...(answer.error ? { status: answer.error.status } : {}) };
}

const createOverRest = (): Promise<{ code: number; status?: string }> =>
  overRest('POST', `${PARENT}/jobs?jobId=job-a`, exampleJob());

test('the same calls in the same order meet the same faults, another seed meets others', () => {
  const met = (seed: string): string => {
    const faults = new Faults(
      [rule('refuse', 'GetJob', { rate: 0.3 }), rule('delay', '*', { rate: 0.2 })],
      seed,
      () => 0,
    );
    let text = '';
    for (let call = 0; call < 400; call += 1) text += faults.decide('batch', 'GetJob')?.kind[0] ?? '.';
    return text;
  };
  expect(met('a')).toBe(met('a'));
  expect(met('a')).not.toBe(met('b'));
  const refused = met('a').split('r').length - 1;
  const delayed = met('a').split('d').length - 1;
  // 400 draws: 3 standard deviations are 27 and 23.
  expect(Math.abs(refused - 120)).toBeLessThan(28);
  expect(Math.abs(delayed - 0.7 * 80)).toBeLessThan(24);
});

test('a rule concerns its service, its method, its time and so many calls, and no others', () => {
  let now = 0;
  const faults = new Faults([rule('refuse', 'GetJob', { from: 10, until: 20, times: 2 })], 's', () => now);
  const decide = (): string | null => faults.decide('batch', 'GetJob')?.kind ?? null;
  expect(decide()).toBeNull();
  now = 10;
  expect(faults.decide('storage', 'GetJob')).toBeNull();
  expect(faults.decide('batch', 'ListJobs')).toBeNull();
  expect([decide(), decide(), decide()]).toEqual(['refuse', 'refuse', null]);
  faults.add([rule('refuse', '*', { until: 20 })]);
  expect(decide()).toBe('refuse');
  now = 20;
  expect(decide()).toBeNull();
  faults.clear();
  now = 15;
  expect(decide()).toBeNull();
});

test('a refused call has no effect and gives the status that was asked for, over both transports', async () => {
  await withFaults(rule('refuse', 'CreateJob', { status: 429 }), rule('refuse', 'GetJob', { status: 504 }));
  await expect(createOverGrpc()).rejects.toMatchObject({ code: 8 });
  expect(await createOverRest()).toEqual({ code: 429, status: 'RESOURCE_EXHAUSTED' });
  expect(await overRest('GET', NAME)).toEqual({ code: 504, status: 'DEADLINE_EXCEEDED' });
  expect(jobs()).toBe(0);
});

test('a lost answer is a call that had its effect', async () => {
  await withFaults(rule('loseAnswer', 'CreateJob', { times: 1 }));
  await expect(createOverGrpc()).rejects.toMatchObject({ code: 14 });
  expect(jobs()).toBe(1);
  await expect(createOverGrpc()).rejects.toMatchObject({ code: 6 });
});

test('a duplicated call takes effect twice: without a request id the second is refused, with one it is not', async () => {
  await withFaults(rule('duplicate', 'CreateJob'));
  await expect(createOverGrpc()).rejects.toMatchObject({ code: 6 });
  expect(jobs()).toBe(1);
  const [job] = await emulated.client.createJob({
    parent: PARENT,
    jobId: 'job-b',
    requestId: '11111111-1111-4111-8111-111111111111',
    job: clientJob(exampleJob()),
  });
  expect(job.name).toBe(`${PARENT}/jobs/job-b`);
  expect(jobs()).toBe(2);
});

test('a delayed call waits in wall time and then has its effect', async () => {
  await withFaults(rule('delay', 'CreateJob', { seconds: 0.15 }));
  const since = performance.now();
  await createOverGrpc();
  // Timers may fire a millisecond early.
  expect(performance.now() - since).toBeGreaterThan(140);
  expect(jobs()).toBe(1);
});

test('a connection that is cut is code 14 over gRPC and a broken connection over HTTP', async () => {
  await withFaults(rule('reset', 'CreateJob', { times: 2 }), rule('resetAfter', 'CreateJob'));
  await expect(createOverGrpc()).rejects.toMatchObject({ code: 14 });
  await expect(createOverRest()).rejects.toThrow('fetch failed');
  expect(jobs()).toBe(0);
  await expect(createOverRest()).rejects.toThrow('fetch failed');
  expect(jobs()).toBe(1);
});

test('the client retries what it is told to retry, and no more', async () => {
  await withFaults(rule('refuse', 'GetJob', { status: 503, times: 2 }));
  await createOverGrpc();
  const [job] = await emulated.client.getJob({ name: NAME });
  expect(job.name).toBe(NAME);
});

test('fresh tasks can be hidden, events can come late and out of order', async () => {
  await withFaults();
  const { view, service } = emulated.rehearsal;
  Object.assign(view, { freshTasksHiddenSeconds: 240, eventsLateSeconds: 500 });
  await createOverGrpc();
  const task = { name: `${NAME}/taskGroups/group0/tasks/0` };
  await expect(emulated.client.getTask(task)).rejects.toMatchObject({ code: 5 });
  const [hidden] = await emulated.client.listTasks(
    { parent: `${NAME}/taskGroups/group0` },
    { autoPaginate: false },
  );
  expect(hidden).toEqual([]);
  emulated.pass(240);
  await emulated.client.getTask(task);

  const events = async (): Promise<string[]> => {
    const [job] = await emulated.client.getJob({ name: NAME });
    return (job.status?.statusEvents ?? []).map(
      ({ description }) => /from \S+ to (\S+)/.exec(description ?? '')?.[1] ?? '',
    );
  };
  emulated.pass(260);
  const [early] = await emulated.client.getJob({ name: NAME });
  expect(early.status?.state).toBe('RUNNING');
  // The job was scheduled after 60 s: that is told 500 s later.
  expect(await events()).toEqual([]);
  emulated.pass(60);
  expect(await events()).toEqual(['SCHEDULED']);
  emulated.pass(100_000);
  service.advance();
  expect(await events()).toEqual(['SCHEDULED', 'RUNNING', 'SUCCEEDED']);
  view.eventsReordered = true;
  expect(await events()).toEqual(['RUNNING', 'SCHEDULED', 'SUCCEEDED']);
});
