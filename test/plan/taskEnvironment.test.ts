import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import { LIMITS } from '../../src/plan/limits.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import {
  readTaskEnvironment,
  type TaskEnvironment,
  writeTaskEnvironment,
} from '../../src/plan/taskEnvironment.js';
import { formatTasks, parseTasks, rangesOf, type TaskRange } from '../../src/plan/taskRanges.js';
import { scenarioOf } from '../exec/plans.js';
import { GROMACS_TASK } from '../realWork.js';

const plan = makePlan(scenarioOf({ molecules: 2, windows: 3 }));

const TOLD: TaskEnvironment = {
  runId: 'run',
  jobId: 'run-w0',
  shardId: 'w0',
  indexUri: 'gs://r/runs/run/jobs/run-w0/index',
  indexRowBytes: 256,
  tasks: [{ first: 0, count: 6 }],
  windows: 3,
  task: { ...GROMACS_TASK, adapter: 'command', command: ['run'] },
  image: 'image',
  accelerator: null,
  expectedSeconds: 3_600,
  checkpoint: plan.checkpoint,
  imageDelivery: 'pull',
  startSpreadSeconds: 0,
};

describe('the variables of a task', () => {
  it('are those of docs/tasks.md, all of them and no others', () => {
    const page = readFileSync(new URL('../../docs/tasks.md', import.meta.url), 'utf8');
    // The first table; what others set comes in the second.
    const from = page.indexOf('| variable |');
    const table = page.slice(from, page.indexOf('\n\n', from));
    const documented = table
      .split('\n')
      .flatMap((line) =>
        [...(line.split('|')[1] ?? '').matchAll(/`([A-Z_.]+)`/g)].map((match) => match[1] ?? ''),
      )
      .map((name) => name.replace(/^\.\.\._/, 'FEPCAST_CHECKPOINT_'));
    expect(Object.keys(writeTaskEnvironment(TOLD)).sort()).toEqual([...new Set(documented)].sort());
  });

  it('hold no line break, whatever they tell: an env file of a container engine takes none', () => {
    const task = { ...TOLD.task, command: ['sh', '-c', 'a\nb\r\nc'], checkpointFiles: ['a', 'b'] };
    for (const [name, value] of Object.entries(writeTaskEnvironment({ ...TOLD, task })))
      expect(value, name).not.toMatch(/[\r\n]/);
  });

  it("of the user's cannot take the place of fepcast's own", () => {
    const task = { ...TOLD.task, environment: { FEPCAST_INDEX: 'gs://other/index', MINE: 'x' } };
    expect(writeTaskEnvironment({ ...TOLD, task })).toMatchObject({
      FEPCAST_INDEX: TOLD.indexUri,
      MINE: 'x',
    });
  });

  it('never join two elements of a list, or split one', () => {
    const command = ['a b', '$(reboot)', '', '-x', 'a\nb', '%', '%41', '\\', 'é', 'w*/[a-z]{1,2}.~x'];
    const { FEPCAST_COMMAND } = writeTaskEnvironment({ ...TOLD, task: { ...TOLD.task, command } });
    expect(FEPCAST_COMMAND).toBe('a%20b %24%28reboot%29 % -x a%0Ab %25 %2541 %5C %C3%A9 w*/[a-z]{1,2}.~x');
    const broken = { ...TOLD.task, outputs: ['a\0b'] };
    expect(() => writeTaskEnvironment({ ...TOLD, task: broken })).toThrow('holds a NUL: "a\\u0000b"');
  });

  it('are empty where there is nothing to tell', () => {
    expect(writeTaskEnvironment(TOLD)).toMatchObject({
      FEPCAST_ACCELERATOR: '',
      FEPCAST_MAX_RUN_SECONDS: '',
      FEPCAST_DONE_FILE: '',
      FEPCAST_OUTPUTS: '',
    });
  });
});

/** Every second task of a campaign: as many ranges as tasks. */
const scattered = (count: number, step = 2): TaskRange[] =>
  Array.from({ length: count }, (_, i) => ({ first: i * step, count: 1 }));

describe('the tasks of a job', () => {
  it('come back from their text, short or compact', () => {
    const tasks = fc.oneof(
      fc.uniqueArray(fc.nat(9_999_999), { minLength: 1, maxLength: 40 }),
      fc.uniqueArray(fc.nat(3_000), { minLength: 500, maxLength: 2_000 }),
    );
    let compact = 0;
    fc.assert(
      fc.property(tasks, (numbers) => {
        const ranges = rangesOf(numbers.sort((a, b) => a - b));
        const text = formatTasks(ranges);
        if (text.startsWith('~')) compact += 1;
        expect(parseTasks(text)).toEqual(ranges);
      }),
      { seed: 5, numRuns: 200 },
    );
    expect(compact).toBeGreaterThan(20);
  });

  it.each(['~', '~a', '~A A', '~CA', '~CC~', '~-----------', '', 'x'].map((text) => [text]))(
    '"%s" is no such text, or says so by what it gives',
    (text) => {
      const ranges = parseTasks(text);
      // Whatever is read is rising and disjoint.
      let end = -1;
      for (const { first, count } of ranges ?? []) {
        expect(first).toBeGreaterThan(end);
        expect(count).toBeGreaterThan(0);
        end = first + count - 1;
      }
    },
  );

  it.each(['~', '~ ', '~C!', '~CA', '~gggggggggggggggg', '', 'x'].map((text) => [text]))(
    '"%s" is none',
    (text) => {
      expect(parseTasks(text)).toBeNull();
    },
  );

  it.each([
    ['half of 13,000', scattered(6_500)],
    ['as many as one job takes', scattered(LIMITS.tasksPerJob.value)],
    ['as many, far from each other', scattered(LIMITS.tasksPerJob.value, 99)],
  ])('%s, all scattered, stay within a job and within a variable', (_, tasks) => {
    const big = makePlan(scenarioOf({ molecules: 5_000_000, windows: 2 }));
    const shard = big.shards[0]!;
    const job = buildJob(big, { jobId: 'j', shard, round: 1, tasks }, { runId: 'r', project: 'p' });
    expect(Buffer.byteLength(JSON.stringify(job))).toBeLessThan(LIMITS.jobDefinitionBytes.value / 2);
    const variables = job.taskGroups[0]?.taskSpec.environment?.variables ?? {};
    for (const [name, value] of Object.entries(variables)) {
      expect(name.length + value.length + 2, name).toBeLessThan(131_072);
    }
    expect(readTaskEnvironment([{ variables }], TOLD).tasks).toEqual(tasks);
    const scenario = big.scenario.resolved;
    expect(readJobSpec(job, shard.region, 'j', scenario).tasks).toEqual(tasks);
  });
});
