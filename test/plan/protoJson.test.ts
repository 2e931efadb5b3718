import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { toJsonNames, toProtoJson, toProtoObject } from '../../src/plan/protoConvert.js';
import { checkJob, checkMessage, JOB_MESSAGE } from '../../src/plan/protoJson.js';
import { ProtoSchema } from '../../src/plan/protoSchema.js';
import {
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  secondsNanos,
} from '../../src/plan/protoTime.js';

const schema = new ProtoSchema(
  createRequire(import.meta.url)('@google-cloud/batch/build/protos/protos.json'),
);

/** A job that uses every kind of field: lists, maps, oneofs, enums, durations, int64 as number and as string. */
function fullJob(): Record<string, unknown> {
  return {
    priority: 5,
    taskGroups: [
      {
        taskCount: '13000',
        parallelism: 500,
        schedulingPolicy: 'AS_SOON_AS_POSSIBLE',
        requireHostsFile: true,
        taskEnvironments: [{ variables: { A: 'b' } }],
        taskSpec: {
          runnables: [
            { container: { imageUri: 'image', commands: ['-c', ''] }, timeout: '3.500s' },
            { script: { text: 'true' }, alwaysRun: true },
          ],
          maxRunDuration: '43200s',
          maxRetryCount: 10,
          lifecyclePolicies: [{ action: 'FAIL_TASK', actionCondition: { exitCodes: [2, 75] } }],
          volumes: [{ gcs: { remotePath: 'bucket' }, mountPath: '/mnt' }],
        },
      },
    ],
    allocationPolicy: {
      location: { allowedLocations: ['regions/us-central1'] },
      instances: [
        { policy: { machineType: 'g2-standard-4', provisioningModel: 'SPOT' }, installGpuDrivers: true },
      ],
    },
    labels: { run: 'a' },
    logsPolicy: { destination: 'CLOUD_LOGGING' },
  };
}

/** The full job with the value at a path replaced. */
function withValue(path: string, value: unknown): unknown {
  const job = fullJob();
  const keys = path.split('.');
  let target: Record<string, unknown> = job;
  for (const key of keys.slice(0, -1)) target = target[key] as Record<string, unknown>;
  target[keys.at(-1)!] = value;
  return job;
}

describe('checkJob', () => {
  test('finds nothing wrong with a job that uses every kind of field', () => {
    expect(checkJob(schema, fullJob())).toEqual([]);
  });

  const valid: [path: string, value: unknown][] = [
    ['taskGroups.0.schedulingPolicy', 1],
    ['taskGroups.0.taskCount', '9223372036854775807'],
    ['taskGroups.0.taskSpec.maxRetryCount', '3'],
    ['taskGroups.0.taskSpec.maxRunDuration', '0.000000001s'],
    ['priority', null],
    ['name', ''],
  ];
  test.each(valid)('accepts %s = %j', (path, value) => {
    expect(checkJob(schema, withValue(path, value))).toEqual([]);
  });

  const faults: [path: string, value: unknown, field: string, description: string | RegExp][] = [
    [
      'taskGroups.0.paralelism',
      5,
      'taskGroups[0].paralelism',
      'unknown field of TaskGroup; did you mean parallelism?',
    ],
    [
      'taskGroups.0.task_count',
      5,
      'taskGroups[0].task_count',
      'unknown field of TaskGroup; did you mean taskCount?',
    ],
    ['zebra', 5, 'zebra', 'unknown field of Job'],
    ['constructor', 5, 'constructor', 'unknown field of Job'],
    [
      'taskGroups.0.schedulingPolicy',
      'IN_ODER',
      'taskGroups[0].schedulingPolicy',
      /did you mean IN_ORDER\?$/,
    ],
    ['taskGroups.0.schedulingPolicy', 7, 'taskGroups[0].schedulingPolicy', /^7 is not one of/],
    ['taskGroups.0.taskCount', 'abc', 'taskGroups[0].taskCount', '"abc" is not a whole number'],
    ['taskGroups.0.taskCount', 1.5, 'taskGroups[0].taskCount', '1.5 is not a whole number'],
    [
      'taskGroups.0.taskCount',
      '9223372036854775808',
      'taskGroups[0].taskCount',
      '"9223372036854775808" does not fit int64',
    ],
    [
      'taskGroups.0.taskSpec.maxRetryCount',
      2 ** 31,
      'taskGroups[0].taskSpec.maxRetryCount',
      '2147483648 does not fit int32',
    ],
    [
      'taskGroups.0.taskSpec.maxRunDuration',
      '12h',
      'taskGroups[0].taskSpec.maxRunDuration',
      '"12h" is not a duration such as "43200s"',
    ],
    [
      'taskGroups.0.taskSpec.maxRunDuration',
      { seconds: 5 },
      'taskGroups[0].taskSpec.maxRunDuration',
      '{"seconds":5} is not a duration such as "43200s"',
    ],
    ['taskGroups', {}, 'taskGroups', '{} is not a list'],
    ['taskGroups', [], 'taskGroups', 'is required'],
    ['taskGroups.0', 'x', 'taskGroups[0]', '"x" is not an object'],
    ['taskGroups.0.taskSpec', undefined, 'taskGroups[0].taskSpec', 'is required'],
    ['labels', ['a'], 'labels', '["a"] is not a map'],
    ['labels', { run: 5 }, 'labels.run', '5 is not a string'],
    ['taskGroups.0.requireHostsFile', 'yes', 'taskGroups[0].requireHostsFile', '"yes" is not true or false'],
    [
      'taskGroups.0.taskSpec.runnables.0.script',
      { text: 'x' },
      'taskGroups[0].taskSpec.runnables[0]',
      'container and script are both set, but only one of executable may be',
    ],
    ['uid', 'mine', 'uid', 'is output only: the service sets it'],
    ['status', { state: 'QUEUED' }, 'status', 'is output only: the service sets it'],
    ['taskGroups.0.name', 'group0', 'taskGroups[0].name', 'is output only: the service sets it'],
    [
      'taskGroups.0.taskSpec.runnables.0.container.commands',
      ['a', 5],
      'taskGroups[0].taskSpec.runnables[0].container.commands[1]',
      '5 is not a string',
    ],
    [
      'allocationPolicy.instances.0.policy.provisioningModel',
      'SPOTTY',
      'allocationPolicy.instances[0].policy.provisioningModel',
      /did you mean SPOT\?$/,
    ],
  ];
  test.each(faults)('reports %s = %j', (path, value, field, description) => {
    const matching = typeof description === 'string' ? description : expect.stringMatching(description);
    expect(checkJob(schema, withValue(path, value))).toEqual([{ field, description: matching }]);
  });

  test('reports everything that is wrong, not the first thing only', () => {
    const job = { ...fullJob(), priority: 'high', labels: 3, zebra: 1 };
    expect(checkJob(schema, job).map(({ field }) => field)).toEqual(['priority', 'labels', 'zebra']);
  });

  test.each([null, 'job', 5, [fullJob()], undefined])('reports %j in the place of a job', (job) => {
    expect(checkJob(schema, job)).toMatchObject([
      { field: '', description: expect.stringContaining('is not an object') },
    ]);
  });

  test('checks times in messages that have them', () => {
    const check = (createTime: string): unknown[] =>
      checkMessage(schema, 'google.cloud.batch.v1.StatusEvent', { eventTime: createTime });
    expect(check('2026-11-02T08:00:00.25Z')).toEqual([]);
    expect(check('2026-11-02 08:00')).toHaveLength(1);
    expect(check('2026-13-02T08:00:00Z')).toHaveLength(1);
  });
});

describe('conversion', () => {
  test('proto-JSON to the client and back gives the canonical form, without loss', () => {
    const object = toProtoObject(schema, JOB_MESSAGE, fullJob());
    expect(object).toMatchObject({
      taskGroups: [
        {
          taskSpec: {
            maxRunDuration: { seconds: 43_200, nanos: 0 },
            runnables: [{ timeout: { seconds: 3, nanos: 500_000_000 } }, {}],
          },
        },
      ],
    });
    const expected = withValue('taskGroups.0.parallelism', '500') as Record<string, unknown>;
    expect(toProtoJson(schema, JOB_MESSAGE, object)).toEqual({ ...expected, priority: '5' });
  });

  test('what the client fills in is taken out again', () => {
    const answer = {
      name: '',
      priority: '0',
      taskGroups: [
        {
          taskCount: '5',
          schedulingPolicy: 'SCHEDULING_POLICY_UNSPECIFIED',
          taskEnvironments: [],
          permissiveSsh: false,
          taskSpec: {
            runnables: [
              { executable: 'script', script: { command: 'text', text: '' }, labels: {}, timeout: null },
            ],
            maxRunDuration: { seconds: '60', nanos: 0 },
          },
        },
      ],
      status: null,
    };
    expect(toProtoJson(schema, JOB_MESSAGE, answer)).toEqual({
      taskGroups: [
        { taskCount: '5', taskSpec: { runnables: [{ script: { text: '' } }], maxRunDuration: '60s' } },
      ],
    });
  });

  test('enum numbers become names, numeric strings of int32 become numbers', () => {
    const job = { taskGroups: [{ schedulingPolicy: 2, taskSpec: { maxRetryCount: '4' } }] };
    expect(toProtoJson(schema, JOB_MESSAGE, job)).toEqual({
      taskGroups: [{ schedulingPolicy: 'IN_ORDER', taskSpec: { maxRetryCount: 4 } }],
    });
  });

  test('names of the .proto files become JSON names; map keys and unknown names stay', () => {
    const job = {
      task_groups: [{ task_spec: { runnables: [{ display_name: 'x' }] }, not_a_field: 1 }],
      labels: { snake_case: 'v' },
      allocation_policy: null,
    };
    expect(toJsonNames(schema, JOB_MESSAGE, job)).toEqual({
      taskGroups: [{ taskSpec: { runnables: [{ displayName: 'x' }] }, not_a_field: 1 }],
      labels: { snake_case: 'v' },
      allocationPolicy: null,
    });
  });

  test('a field that is given in both spellings is left for the check to report', () => {
    const job = toJsonNames(schema, JOB_MESSAGE, { ...fullJob(), task_groups: [] });
    expect(checkJob(schema, job)).toMatchObject([{ field: 'task_groups' }]);
  });
});

describe('times', () => {
  test.each([
    ['0s', 0, 0],
    ['43200s', 43_200, 0],
    ['0.500s', 0, 500_000_000],
    ['1.000000001s', 1, 1],
    ['-2.250s', -2, -250_000_000],
  ])('the duration %s is %d s and %d ns', (text, seconds, nanos) => {
    expect(parseDuration(text)).toEqual({ seconds, nanos });
    expect(formatDuration({ seconds, nanos })).toBe(text);
  });

  test.each(['', 's', '5', '5m', '1e3s', '0.1234567890s', '315576000001s', ' 5s'])(
    '%j is no duration',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  test('times keep their nanoseconds and take any offset', () => {
    expect(parseTimestamp('2026-11-02T08:00:00.000000001Z')).toEqual({ seconds: 1_793_606_400, nanos: 1 });
    expect(parseTimestamp('2026-11-02T09:00:00+01:00')).toEqual({ seconds: 1_793_606_400, nanos: 0 });
    expect(formatTimestamp({ seconds: 1_793_606_400, nanos: 120_000_000 })).toBe('2026-11-02T08:00:00.120Z');
  });

  test('seconds are rounded to the nanosecond, also across a whole second', () => {
    expect(secondsNanos(12.000_000_000_6)).toEqual({ seconds: 12, nanos: 1 });
    expect(secondsNanos(0.999_999_999_9)).toEqual({ seconds: 1, nanos: 0 });
  });
});
