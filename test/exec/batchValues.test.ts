import { describe, expect, it } from 'vitest';
import { portError, readJob, readTask } from '../../src/exec/batchValues.js';
import { PortError } from '../../src/exec/port.js';

describe("answers of Google's client", () => {
  it('become a job with numbers, whatever the project in its name', () => {
    const job = readJob({
      name: 'projects/123456789012/locations/us-central1/jobs/fc-a',
      labels: { 'fepcast-spec': 'h' },
      createTime: { seconds: '1750000000', nanos: 500_000_000 },
      taskGroups: [{ taskCount: '13000' }],
      status: {
        state: 'RUNNING',
        taskGroups: {
          group0: { counts: { RUNNING: '480', ASSIGNED: '20', SUCCEEDED: '1000', UNEXECUTED: '3' } },
        },
      },
    });
    expect(job).toEqual({
      jobId: 'fc-a',
      region: 'us-central1',
      state: 'RUNNING',
      counts: { total: 13000, pending: 11500, assigned: 20, running: 480, succeeded: 1000, failed: 0 },
      labels: { 'fepcast-spec': 'h' },
      createTime: 1750000000.5,
      events: [],
    });
  });

  it('of a job that was just accepted count every task as pending', () => {
    const job = readJob({
      name: 'projects/p/locations/r/jobs/j',
      taskGroups: [{ taskCount: '7' }],
      status: null,
    });
    expect(job).toMatchObject({ state: 'QUEUED', counts: { total: 7, pending: 7 } });
  });

  it('become a task with its events', () => {
    const task = readTask({
      name: 'projects/1/locations/r/jobs/j/taskGroups/group0/tasks/42',
      status: {
        state: 'FAILED',
        statusEvents: [
          {
            description: 'd',
            eventTime: { seconds: '10', nanos: 0 },
            taskState: 'FAILED',
            taskExecution: { exitCode: 50001 },
          },
          { description: 'e', eventTime: { seconds: '11' }, taskState: 'PENDING', taskExecution: null },
        ],
      },
    });
    expect(task).toEqual({
      index: 42,
      state: 'FAILED',
      events: [
        { description: 'd', time: 10, state: 'FAILED', exitCode: 50001 },
        { description: 'e', time: 11, state: 'PENDING', exitCode: null },
      ],
    });
  });

  it('that cannot be a job are errors, not jobs without a name', () => {
    expect(() => readJob({ name: 'nonsense' })).toThrow('nonsense');
    expect(() => readTask({ name: 'nonsense' })).toThrow('nonsense');
  });
});

describe("errors of Google's client", () => {
  const kindOf = (code: unknown): string =>
    portError(Object.assign(new Error('x'), { code }), 'GetJob j').kind;

  it('are sorted by their code', () => {
    expect([14, 8, 4, 13, 10, 2].map(kindOf)).toEqual(Array(6).fill('RETRYABLE'));
    expect([3, 5, 6, 7, 9, 16].map(kindOf)).toEqual([
      'INVALID_ARGUMENT',
      'NOT_FOUND',
      'ALREADY_EXISTS',
      'PERMISSION_DENIED',
      'PRECONDITION',
      'UNAUTHENTICATED',
    ]);
    expect([1, 12, undefined, 'ENOENT'].map(kindOf)).toEqual(Array(4).fill('OTHER'));
  });

  it('say which call failed, in one line of bearable length', () => {
    const error = portError(Object.assign(new Error(`a\n${'b'.repeat(5000)}`), { code: 4 }), 'GetJob j');
    expect(error.message).toMatch(/^GetJob j: a b+\.\.\.$/);
    expect(error.message.length).toBeLessThan(500);
    expect(portError(error, 'again')).toBe(error);
    expect(portError('text', 'GetJob j')).toBeInstanceOf(PortError);
  });
});
