import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readBucketLedger } from '../../src/exec/bucketLedger.js';
import { replay } from '../../src/exec/ledger.js';
import { runObject } from '../../src/exec/statePlace.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { InputOf } from '../../src/plan/taskIndex.js';
import { tasksOf } from '../../src/plan/taskRanges.js';
import { taskKey } from '../../src/plan/work.js';
import { operate } from './operate.js';
import { smallPlan, WINDOWS } from './smallPlan.js';
import { STATE, VirtualCloud } from './virtualCloud.js';
import { VirtualProcess } from './virtualProcess.js';
import { VirtualTime } from './virtualTime.js';

/** A campaign over molecules by name; `inputs`: what the input files of each are called. */
function planOfWork(inputs: Record<string, string>): Plan {
  const molecules = Object.keys(inputs);
  const { scenario } = smallPlan({}, molecules.length);
  return makePlan({
    ...scenario.resolved,
    work: {
      inputs: null,
      pattern: null,
      table: {
        file: 'tasks.csv',
        sha256: createHash('sha256').update(JSON.stringify(inputs)).digest('hex'),
        folder: '',
        molecules,
        windows: Array.from({ length: WINDOWS }, (_, i) => ({ leg: 'main', repeat: '0', window: String(i) })),
        inputs: molecules.flatMap((name) =>
          Array.from({ length: WINDOWS }, (_, window) => `${inputs[name]}/${window}.tpr`),
        ),
      },
    },
  });
}

/** The name of an input stands for its content. */
function inputsOf({ work }: Plan): InputOf {
  return (task) => ({
    sha256: createHash('sha256')
      .update(work?.inputs[task] ?? '')
      .digest('hex'),
  });
}

/** Runs one plan after the other in one cloud; of each, the molecules of which any window was run. */
async function molecules(...works: Record<string, string>[]): Promise<string[][]> {
  const time = new VirtualTime();
  const plans = works.map(planOfWork);
  const [first] = plans;
  if (first === undefined) return [];
  const cloud = new VirtualCloud(first, 'changed', time);
  await cloud.open(first);
  const ran: string[][] = [];
  for (const [number, plan] of plans.entries()) {
    const runId = `fc-${number}`;
    const process = new VirtualProcess(cloud, time, { seed: runId, faults: 0, fate: null });
    const work = operate({ plan, runId, process, time, name: runId, inputOf: inputsOf(plan) });
    const summary = await time.until(work);
    expect(summary).toMatchObject({ state: 'succeeded', tasks: { succeeded: plan.campaign.tasks } });
    const ledger = await readBucketLedger(cloud.ports.storage, runObject(STATE, runId, 'ledger/'));
    const tasks = replay(ledger).jobs.flatMap(({ intended }) => [...tasksOf(intended.tasks)]);
    const windows = new Set(tasks.map((task) => taskKey(plan, task)));
    const names = [...new Set([...windows].map((key) => key.split('/')[0] ?? ''))].sort();
    // A molecule runs whole or not at all here.
    expect(windows.size).toBe(names.length * WINDOWS);
    ran.push(names);
  }
  return ran;
}

const ALL = ['anna', 'bert', 'carl', 'dora'];
const SAME = Object.fromEntries(ALL.map((name) => [name, name]));

describe('a campaign whose work has changed since it was run', () => {
  it('runs nothing when nothing has', async () => {
    expect(await molecules(SAME, { ...SAME })).toEqual([ALL, []]);
  });

  it('runs the molecules whose inputs are others', async () => {
    expect(await molecules(SAME, { ...SAME, bert: 'bert-2' })).toEqual([ALL, ['bert']]);
  });

  it('runs molecules that were added, wherever in the table they stand', async () => {
    expect(await molecules(SAME, { ...SAME, emil: 'emil' })).toEqual([ALL, ['emil']]);
    expect(await molecules(SAME, { aaron: 'aaron', ...SAME })).toEqual([ALL, ['aaron']]);
  });

  it('runs nothing for molecules that were dropped, and has their results when they come back', async () => {
    const { bert: _, ...rest } = SAME;
    expect(await molecules(SAME, rest, SAME)).toEqual([ALL, [], []]);
  });

  it('runs just what is missing when all of this happens at once', async () => {
    const { carl: _, ...rest } = SAME;
    const changed = { ...rest, bert: 'bert-2', emil: 'emil' };
    expect(await molecules(SAME, changed)).toEqual([ALL, ['bert', 'emil']]);
  });
});
