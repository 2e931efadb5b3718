import { afterEach, beforeEach, expect, test } from 'vitest';
import { filterOf } from '../../src/emulator/filterExpression.js';
import { BATCH_SCHEMA } from '../../src/emulator/protos.js';
import { toJsonNames } from '../../src/plan/protoConvert.js';
import { checkJob, JOB_MESSAGE } from '../../src/plan/protoJson.js';
import { clientJob, type Emulated, emulate, exampleJob, PARENT } from './emulated.js';
import { serve } from './gcs/served.js';

let emulated: Emulated;
beforeEach(async () => {
  emulated = await emulate();
});
afterEach(() => emulated.stop());

interface Refusal {
  code: number;
  message: string;
  details?: { fieldViolations: { field: string; description: string }[] }[];
}

async function refusal(body: string | Buffer, query = 'jobId=job-a'): Promise<Refusal> {
  const answer = await fetch(`${emulated.url}/v1/${PARENT}/jobs?${query}`, { method: 'POST', body });
  const { error } = (await answer.json()) as { error: Refusal };
  expect(answer.status).toBe(error.code);
  return error;
}

const DEEP = 100_000;

test.each([
  ['lists', `{"taskGroups":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
  ['maps', `{"labels":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`],
])(
  "%s within each other without end are the client's fault, with Batch and with Cloud Storage",
  async (_, body) => {
    expect(await refusal(body)).toMatchObject({
      code: 400,
      message: expect.stringContaining('nested too deeply'),
    });
    const served = await serve();
    try {
      const answer = await fetch(`${served.url}/storage/v1/b`, { method: 'POST', body });
      expect(answer.status).toBe(400);
    } finally {
      await served.stop();
    }
  },
);

test('a body that is not UTF-8 is refused, and a query that is not either', async () => {
  const bytes = Buffer.concat([Buffer.from('{"labels":{"a":"'), Buffer.from([0xff]), Buffer.from('"}}')]);
  expect(await refusal(bytes)).toMatchObject({ code: 400, message: 'the body is not UTF-8 text' });
  expect(await refusal('{}', 'jobId=%ff')).toMatchObject({ code: 400 });
  expect(await refusal('{}', 'jobId=%zz')).toMatchObject({ code: 400 });
});

test('no field is unknown in silence, not even __proto__', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const text = JSON.stringify(exampleJob()).replace('{', `{${JSON.stringify(name)}:{"a":1},`);
    const { details } = await refusal(text);
    expect(details?.[0]?.fieldViolations.map(({ field }) => field)).toContain(name);
  }
  const job: unknown = toJsonNames(BATCH_SCHEMA, JOB_MESSAGE, JSON.parse('{"__proto__":1}'));
  expect(checkJob(BATCH_SCHEMA, job).map(({ field }) => field)).toContain('__proto__');
});

test('a refusal of very much is short, over REST and over gRPC', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`unknown${i}`, 1]));
  const many = await refusal(JSON.stringify(unknown));
  expect(many.message).toContain('(and 20000 more)');
  const long = await refusal(JSON.stringify({ [`x${'y'.repeat(500_000)}`]: 1 }));
  for (const error of [many, long]) {
    expect(JSON.stringify(error).length).toBeLessThan(8192);
    expect(error.details?.[0]?.fieldViolations.length).toBeGreaterThan(0);
  }

  const job = exampleJob();
  job.labels = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`Bad-${'é'.repeat(100)}${i}`, 'X']),
  );
  const created = emulated.client.createJob({ parent: PARENT, jobId: 'job-a', job: clientJob(job) });
  await expect(created).rejects.toMatchObject({
    code: 3,
    statusDetails: [{ fieldViolations: expect.any(Array) }],
  });
  const name = `${PARENT}/jobs/${'é'.repeat(500)}`;
  await expect(emulated.client.getJob({ name })).rejects.toMatchObject({ code: 5 });
  const listed = emulated.client.listJobs(
    { parent: PARENT, filter: 'é'.repeat(100_000) },
    { autoPaginate: false },
  );
  await expect(listed).rejects.toMatchObject({
    code: 3,
    details: `filter "${'é'.repeat(80)}...": "${'é'.repeat(80)}..." is not a field that can be filtered by`,
  });
});

test('a message about the whole body does not begin with a blank', async () => {
  expect((await refusal('[]')).message).toBe('[] is not an object');
});

test.each(['priority>abc', 'create_time>"garbage"', 'updateTime<yesterday'])(
  'the filter %s is refused',
  (filter) => {
    expect(() => emulated.rehearsal.service.listJobs({ parent: PARENT, filter })).toThrow(
      /is not what \w+ can be compared/,
    );
  },
);

test('stars stand for anything, and however many there are, an answer comes', () => {
  const holds = (text: string, pattern: string): boolean =>
    filterOf<string>(
      `name="${pattern}"`,
      () => true,
      (item) => item,
    )(text);
  const yes = [
    ['abc', 'a*c'],
    ['abc', '*'],
    ['abc', '*b*'],
    ['abc', 'abc*'],
    ['aXbXc', 'a*X*c'],
    ['', '*'],
    ['aa', 'a*a'],
  ];
  const no = [
    ['abc', 'a*b'],
    ['abc', 'b*'],
    ['a', 'a*a'],
    ['abc', '*c*b*'],
    ['a.c', 'a*b'],
    ['aba', 'ab*ba'],
  ];
  for (const [text = '', pattern = ''] of yes) expect(holds(text, pattern), `${text} ${pattern}`).toBe(true);
  for (const [text = '', pattern = ''] of no) expect(holds(text, pattern), `${text} ${pattern}`).toBe(false);
  // A matcher that goes back for every star would take longer than the world is old.
  expect(holds('a'.repeat(500), `${'*a'.repeat(100)}*b`)).toBe(false);
});
