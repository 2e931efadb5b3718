import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { homeOf, homeOfTask, stateUri } from '../../src/plan/homes.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import { formatIndexRow, indexRowBytes, parseIndexRow, taskIndexOf } from '../../src/plan/taskIndex.js';
import { moleculeName, planTask, taskKey } from '../../src/plan/work.js';
import { imageIdentity, taskIdentity, workDigest } from '../../src/plan/workDigest.js';
import { scenarioOf } from '../exec/plans.js';
import { emptyCloud, workTable } from '../realWork.js';

const REGIONS = ['us-central1', 'us-east1'];
const HASH = 'c'.repeat(64);
const DIGEST = `sha256:${'d'.repeat(64)}`;

/** Two regions, each with half of the molecules. */
function planFor(molecules: readonly string[], windows = 3): Plan {
  const work = workTable(molecules, windows);
  const scenario = scenarioOf({ molecules: molecules.length, windows }, {}, REGIONS);
  return makePlan({ ...scenario, work: { table: work, inputs: null, pattern: null } });
}

const counted = makePlan(scenarioOf({ molecules: 120, windows: 13 }, {}, REGIONS));
const named = planFor(['lig1~lig2', 'b']);

describe('the tasks of a plan', () => {
  it('have the names and inputs of the work', () => {
    expect(planTask(named, 4)).toEqual({
      molecule: 'b',
      leg: 'main',
      repeat: '0',
      window: '1',
      input: 'in/1-1.tpr',
    });
    expect(taskKey(named, 0)).toBe('lig1~lig2/main/0/0');
    expect(moleculeName(named, 1)).toBe('b');
  });

  it('are numbered where only their count is known', () => {
    expect(planTask(counted, 13 * 7 + 3)).toMatchObject({ molecule: 'm007', window: 'w03', input: null });
    expect(taskKey(counted, 119 * 13)).toBe('m119/main/0/w00');
  });

  it('are not found beyond the end', () => {
    expect(() => planTask(named, 6)).toThrow('task 6 is not one of the 6 tasks');
  });
});

describe('the digest of a work', () => {
  const parts = {
    inputs: [HASH],
    image: DIGEST,
    adapter: 'command',
    command: ['a', 'b'],
    environment: { X: '1', Y: '2' },
  };
  const digest = workDigest(parts);

  it('is a SHA-256 that does not depend on the order of variables and inputs', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(workDigest({ ...parts, environment: { Y: '2', X: '1' } })).toBe(digest);
    const two = [HASH, 'e'.repeat(64)];
    expect(workDigest({ ...parts, inputs: two.toReversed() })).toBe(workDigest({ ...parts, inputs: two }));
  });

  it.each<[string, Partial<typeof parts>]>([
    ['another input', { inputs: ['f'.repeat(64)] }],
    ['another image', { image: `sha256:${'e'.repeat(64)}` }],
    ['another adapter', { adapter: 'gromacs' }],
    ['other arguments', { command: ['a b'] }],
    ['arguments in another order', { command: ['b', 'a'] }],
    ['another variable', { environment: { X: '1', Y: '3' } }],
    ['one variable less', { environment: { X: '1' } as typeof parts.environment }],
  ])('changes with %s', (_, change) => {
    expect(workDigest({ ...parts, ...change })).not.toBe(digest);
  });

  it('is the same for a task in every run and every region, and waits for the hash of its input', () => {
    const image = {
      ...named.image,
      uriByRegion: {
        'us-central1': `us-central1-docker.pkg.dev/p/fep/task@${DIGEST}`,
        'us-east1': `us-east1-docker.pkg.dev/p/fep/task@${DIGEST}`,
      },
    };
    expect(imageIdentity({ image })).toBe(DIGEST);
    expect(taskIdentity({ ...named, image }, 1, HASH)).toEqual({
      key: 'lig1~lig2/main/0/1',
      digest: workDigest({ inputs: [HASH], image: DIGEST, adapter: 'gromacs', command: [], environment: {} }),
    });
    expect(() => taskIdentity(named, 1, null)).toThrow(
      'the digest of task 1 needs the SHA-256 of its input in/0-1.tpr',
    );
  });

  it('is over what there is where a campaign is given by counts', () => {
    const { digest: first } = taskIdentity(counted, 0, null);
    expect(taskIdentity(counted, 5, null).digest).toBe(first);
    const other = { ...counted, task: { ...counted.task, environment: { GMX_X: '1' } } };
    expect(taskIdentity(other, 0, null).digest).not.toBe(first);
  });

  it('names an image without a digest apart from where it lies', () => {
    const uriByRegion = {
      a: 'us-central1-docker.pkg.dev/p/fep/task:1',
      b: 'us-east1-docker.pkg.dev/p/fep/task:1',
    };
    expect(imageIdentity({ image: { delivery: 'pull', uriByRegion } })).toBe('p/fep/task:1');
    expect(imageIdentity({ image: { delivery: 'pull', uriByRegion: {} } })).toBe('unset');
  });
});

describe('homes', () => {
  const cloud = emptyCloud(REGIONS);
  cloud.state = 'gs://home/fepcast/';
  cloud.regions['us-east1'] = {
    ...cloud.regions['us-east1']!,
    scratchBucket: 'gs://my-scratch',
    resultsBucket: 'my-results',
  };

  it('are the buckets of the cloud, or have the names that fepcast gives', () => {
    expect(homeOf({ ...named, cloud }, 'us-east1')).toEqual({
      scratchBucket: 'my-scratch',
      resultsBucket: 'my-results',
    });
    expect(homeOf({ ...named, cloud }, 'us-central1')).toEqual({
      scratchBucket: 'fepcast-scratch-us-central1',
      resultsBucket: 'fepcast-results-us-central1',
    });
    expect(homeOf(named, 'us-east1').scratchBucket).toBe('fepcast-scratch-us-east1');
    expect(stateUri({ cloud })).toBe('gs://home/fepcast');
    expect(stateUri(named)).toBe('gs://fepcast-state');
  });

  it('are one for all regions where the plan says so', () => {
    for (const region of REGIONS) {
      expect(homeOf({ ...named, cloud, buckets: 'one' }, region).resultsBucket).toBe(
        'fepcast-results-us-central1',
      );
    }
  });

  it('stay those of the first shard of a task', () => {
    expect(homeOfTask(named, 2).scratchBucket).toBe('fepcast-scratch-us-central1');
    expect(homeOfTask(named, 3).scratchBucket).toBe('fepcast-scratch-us-east1');
    expect(() => homeOfTask(named, 6)).toThrow('task 6 is in no shard');
  });
});

describe('the index of a job', () => {
  const inputOf = (task: number) => ({ sha256: String(task % 10).repeat(64) });

  it('has one row of the same width for each task, which says all that the task must know', () => {
    const { rowBytes, text } = taskIndexOf(named, [{ first: 1, count: 3 }], inputOf);
    expect(rowBytes % 32).toBe(0);
    expect(Buffer.byteLength(text)).toBe(3 * rowBytes);
    const row = text.slice(rowBytes, 2 * rowBytes);
    expect(row).toMatch(/^2 lig1~lig2\/main\/0\/2 [0-9a-f]{64} \S+ \S+ 2{64} *\n$/);
    expect(parseIndexRow(row)).toEqual({
      task: 2,
      ...taskIdentity(named, 2, inputOf(2).sha256),
      ...homeOfTask(named, 2),
      input: '2'.repeat(64),
    });
  });

  it('of a remainder keeps the first home of each task, whatever region runs it', () => {
    const { rowBytes, text } = taskIndexOf(
      named,
      [
        { first: 0, count: 1 },
        { first: 5, count: 1 },
      ],
      inputOf,
    );
    const rows = [text.slice(0, rowBytes), text.slice(rowBytes)].map(
      (row) => parseIndexRow(row)?.scratchBucket,
    );
    expect(rows).toEqual(['fepcast-scratch-us-central1', 'fepcast-scratch-us-east1']);
  });

  it('has "-" for an input that nobody has hashed, and for its digest', () => {
    const row = parseIndexRow(taskIndexOf(named, [{ first: 0, count: 1 }]).text);
    expect(row).toMatchObject({ digest: '-', input: null });
    const known = parseIndexRow(taskIndexOf(counted, [{ first: 0, count: 1 }]).text);
    expect(known).toMatchObject({ digest: taskIdentity(counted, 0, null).digest, input: null });
  });

  it('is as wide for every job of a plan, also for the longest name', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 5 }), (molecules) => {
        const plan = planFor(molecules, 2);
        const all = [{ first: 0, count: plan.campaign.tasks }];
        const { rowBytes, text } = taskIndexOf(plan, all, inputOf);
        expect(rowBytes).toBe(indexRowBytes(plan));
        for (let task = 0; task < plan.campaign.tasks; task += 1) {
          const row = parseIndexRow(text.slice(task * rowBytes, (task + 1) * rowBytes));
          const [molecule = ''] = row?.key.split('/') ?? [];
          expect(decodeURIComponent(molecule)).toBe(planTask(plan, task).molecule);
          expect(row?.key.split('/')).toHaveLength(4);
        }
      }),
      { seed: 11, numRuns: 100 },
    );
  });

  it('refuses what would shift or garble its rows', () => {
    const row = {
      task: 1,
      key: 'a/b/0/1',
      digest: HASH,
      scratchBucket: 's',
      resultsBucket: 'r',
      input: null,
    };
    expect(formatIndexRow(row, 128)).toHaveLength(128);
    expect(() => formatIndexRow(row, 64)).toThrow('does not fit into a row of 64 bytes');
    expect(() => formatIndexRow({ ...row, scratchBucket: 'a b' }, 128)).toThrow('does not fit');
    expect(() => formatIndexRow({ ...row, key: 'a\nb' }, 128)).toThrow('does not fit');
  });
});

describe('hostile names', () => {
  const NAMES = [
    '$(reboot)',
    '-rf',
    '..',
    'a/../../b',
    `it's "quoted"`,
    'a b',
    '%2F',
    '`id`;&|<>*',
    'é~λ',
    '\\',
    '{x}',
  ];
  const plan = planFor(NAMES, 1);
  const { rowBytes, text } = taskIndexOf(plan, [{ first: 0, count: NAMES.length }], inputOfAny);

  function inputOfAny(): { sha256: string } {
    return { sha256: HASH };
  }

  it.each(NAMES)('%s is data: it comes back from the index as it was, and is no path of its own', (name) => {
    const i = NAMES.indexOf(name);
    const row = text.slice(i * rowBytes, (i + 1) * rowBytes);
    const [molecule = '', ...rest] = parseIndexRow(row)?.key.split('/') ?? [];
    expect(rest).toEqual(['main', '0', '0']);
    expect(decodeURIComponent(molecule)).toBe(name);
    expect(molecule).toMatch(/^[A-Za-z0-9_.~%-]+$/);
    expect(molecule).not.toMatch(/^\.+$/);
    // A word of a command line, should a name ever get there: behind the task's number.
    expect(row).toMatch(/^\d+ /);
  });
});
