import { describe, expect, test } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { World } from '../../src/sim/world/world.js';
import { standardErrors } from '../statistics.js';
import { formulaWorld } from './noQueue.js';

describe('faults of the machine', () => {
  const scenario = formulaWorld();
  scenario.campaign.molecules = 200;
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
  scenario.batch.faults = {
    vmLostPerHour: 0.02,
    rebootPerHour: 0.01,
    unresponsivePerHour: 0.03,
    recreatedPerHour: 0.04,
  };
  const plan = makePlan(scenario);

  test('at 0.1 an hour in all, a task of 7 h takes e^0.7 attempts', () => {
    const attempts = Array.from({ length: 20 }, (_, r) => simulateOnce(plan, `faults/${r}`).metrics.attempts);
    const expected = Math.exp(0.7) * 200 * 13;
    expect(Math.abs(standardErrors(attempts, { value: expected, standardError: 0 }))).toBeLessThan(4);
  });

  test('come with their exit codes in proportion to their rates, and are no preemptions', () => {
    const codes = new Map<number, number>();
    const world = new World(scenario, 'codes', {
      observer: {
        jobChanged: () => {},
        taskChanged: (_job, _task, _from, to, _at, _vm, code) => {
          if (to === 'FAILED' && code !== null) codes.set(code, (codes.get(code) ?? 0) + 1);
        },
      },
    });
    const shard = plan.shards[0]!;
    const tasks = [{ first: shard.firstTask, count: shard.taskCount }];
    const job = buildJob(plan, { jobId: 'j', shard, round: 0, tasks }, { runId: 'r', project: 'p' });
    world.submit(readJobSpec(job, shard.region, 'j', scenario));
    world.advance(1e7);
    const total = [...codes.values()].reduce((sum, n) => sum + n, 0);
    for (const [code, share] of [
      [50002, 0.2],
      [50003, 0.1],
      [50004, 0.3],
      [50006, 0.4],
    ] as const) {
      const error = Math.sqrt((share * (1 - share)) / total);
      expect(Math.abs((codes.get(code) ?? 0) / total - share) / error, `${code}`).toBeLessThan(4);
    }
    expect(world.tally.preemptions).toBe(0);
  });
});

test('on demand after k preemptions: no task is preempted more than k times, and none is lost', () => {
  const scenario = formulaWorld();
  scenario.campaign.molecules = 50;
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.7 } };
  scenario.regions['us-central1']!.quota.onDemandGpus = 1_000;
  scenario.decisions.tail.onDemandAfterPreemptions = 2;
  scenario.decisions.remainder = { policy: 'sameRegion', maxRounds: 5 };
  const campaign = new Campaign(makePlan(scenario), 'tail');
  const { metrics } = campaign.finish();
  expect(metrics.tasksFailed).toBe(0);
  expect(metrics.preemptions).toBeGreaterThan(0);
  expect(Math.max(...campaign.world.tasks.attempts)).toBe(3);
});
