import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import { machineShape } from '../../src/scenario/machines.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { HORIZON_SECONDS } from '../../src/sim/world/outcome.js';
import type { TaskState, WorldObserver } from '../../src/sim/world/view.js';
import { World } from '../../src/sim/world/world.js';
import { randomScenario } from './randomScenario.js';

const RUNS = { seed: 20261123, numRuns: 300 };
/** What must hold of any campaign is tried on many more, on scenarios that no other test here has. */
const MANY_RUNS = { seed: 20261125, numRuns: 1_000 };

/** All jobs of the plan at once, with an observer. */
function submitAll(
  scenario: Scenario,
  seed: string,
  observer?: (world: () => World) => WorldObserver,
): World {
  const plan = makePlan(scenario);
  let world: World | undefined;
  const options = observer ? { observer: observer(() => world!) } : {};
  world = new World(scenario, seed, options);
  for (const shard of plan.shards) {
    const part = {
      jobId: `run-${shard.id}`,
      shard,
      round: 0,
      tasks: [{ first: shard.firstTask, count: shard.taskCount }],
    };
    const job = buildJob(plan, part, { runId: 'run', project: 'p' });
    world.submit(readJobSpec(job, shard.region, part.jobId, scenario));
  }
  return world;
}

/** The scenario with enough VMs at once for the wheel to have buckets. */
function manyVms(scenario: Scenario): Scenario {
  const many = structuredClone(scenario);
  many.campaign.molecules *= 10;
  many.batch.limits.vmsPerJob = null;
  for (const region of Object.values(many.regions))
    region.quota = { ...region.quota, spotGpus: 500, cpus: null };
  for (const region of Object.keys(many.decisions.parallelism)) many.decisions.parallelism[region] = 80;
  return many;
}

const LEGAL: Record<TaskState, TaskState[]> = {
  PENDING: ['ASSIGNED', 'UNEXECUTED'],
  ASSIGNED: ['RUNNING', 'FAILED'],
  RUNNING: ['SUCCEEDED', 'FAILED'],
  FAILED: ['PENDING'],
  SUCCEEDED: [],
  UNEXECUTED: [],
};

describe('in every world', () => {
  test('every campaign ends, every task in exactly one final state, its cost is the sum of its parts', () => {
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const campaign = new Campaign(makePlan(scenario), seed);
        const { metrics, costBreakdownUsd } = campaign.finish();
        const tasks = scenario.campaign.molecules * scenario.campaign.windows;
        expect(metrics.tasksSucceeded + metrics.tasksFailed).toBe(tasks);
        expect(campaign.finished || campaign.world.now >= HORIZON_SECONDS).toBe(true);
        const parts = Object.values(costBreakdownUsd).reduce((sum, part) => sum + part, 0);
        expect(parts).toBeCloseTo(metrics.costUsd, 9);
        for (const [part, usd] of Object.entries(costBreakdownUsd)) {
          expect(usd, part).toBeGreaterThanOrEqual(-1e-9);
        }
        for (const [metric, value] of Object.entries(metrics)) {
          expect(Number.isFinite(value) && value >= 0, `${metric} = ${value}`).toBe(true);
        }
      }),
      MANY_RUNS,
    );
  });

  test('a molecule is complete or at risk in the end, and it is known since when', () => {
    let lost = 0;
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const campaign = new Campaign(makePlan(scenario), seed);
        const { metrics, riskHours } = campaign.finish();
        expect(metrics.moleculesComplete + metrics.moleculesAtRisk).toBe(scenario.campaign.molecules);
        if (!campaign.finished) return;
        const times = campaign.world.tasks.timesAtRisk();
        expect(times).toHaveLength(metrics.moleculesAtRisk);
        const hours = riskHours.filter((hour) => hour !== null);
        expect(hours).toEqual([...hours].sort((a, b) => a - b));
        expect(hours.every((hour) => hour >= 0 && hour <= metrics.makespanHours)).toBe(true);
        lost += times.length;
      }),
      RUNS,
    );
    expect(lost).toBeGreaterThan(RUNS.numRuns / 4);
  });

  test('work done never exceeds work paid for, and kept work is the work of the tasks that succeeded', () => {
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const campaign = new Campaign(makePlan(scenario), seed);
        const { metrics } = campaign.finish();
        const { world } = campaign;
        let kept = 0;
        world.tasks.done.forEach((done, task) => {
          if (done === 1) kept += world.tasks.durable[task]!;
        });
        expect(kept / 3600 + metrics.lostWorkHours).toBeLessThanOrEqual(metrics.vmHours + 1e-9);
        if (metrics.tasksSucceeded > 0 && 'constant' in scenario.campaign.taskDurationSeconds) {
          expect(kept).toBeCloseTo(
            metrics.tasksSucceeded * scenario.campaign.taskDurationSeconds.constant,
            6,
          );
        }
      }),
      { ...MANY_RUNS, seed: 20261126 },
    );
  });

  test('no quota, parallelism or cap is exceeded at any instant, states change as Batch allows, counts add up', () => {
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const cpus = machineShape(scenario.machine.type).vcpus;
        const check = (world: World) => {
          for (const region of world.regions) {
            const { quota } = region.settings;
            const jobs = world.jobs.filter((job) => world.regions[job.region] === region);
            const vms = (kind: string) =>
              jobs.filter((job) => job.spec.provisioning === kind).reduce((sum, job) => sum + job.vms, 0);
            expect(vms('spot') + vms('flexStart')).toBeLessThanOrEqual(quota.spotGpus);
            expect(vms('onDemand')).toBeLessThanOrEqual(quota.onDemandGpus);
            if (quota.cpus !== null) expect(region.vms * cpus).toBeLessThanOrEqual(quota.cpus);
          }
          for (const job of world.jobs) {
            expect(job.vms).toBeLessThanOrEqual(job.vmCap);
            const { total, ...counts } = job.taskCounts();
            const unexecuted = job.counts[5]!;
            expect(Object.values(counts).reduce((sum, n) => sum + n, unexecuted)).toBe(total);
          }
        };
        const world = submitAll(scenario, seed, (current) => ({
          jobChanged: () => check(current()),
          taskChanged: (_job, _task, from, to) => {
            expect(LEGAL[from]).toContain(to);
            check(current());
          },
        }));
        world.advance(HORIZON_SECONDS);
        check(world);
      }),
      RUNS,
    );
  });

  test('how time is cut into steps changes nothing', () => {
    fc.assert(
      fc.property(
        randomScenario,
        fc.string(),
        fc.integer({ min: 50, max: 100_000 }),
        (scenario, seed, step) => {
          const whole = submitAll(scenario, seed);
          const cut = submitAll(scenario, seed);
          const end = 40 * step;
          whole.advance(end);
          for (let t = step; t <= end; t += step) cut.advance(t);
          expect(cut.outcome()).toEqual(whole.outcome());
        },
      ),
      RUNS,
    );
  });

  test('folded, a campaign has the outcome that it has event by event, to the last bit', () => {
    let folded = 0;
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const plan = makePlan(scenario);
        const { folded: byEvents, ...exact } = simulateOnce(plan, seed, { fold: false });
        const { folded: wasFolded, ...quick } = simulateOnce(plan, seed);
        expect(byEvents).toBe(false);
        expect(quick).toEqual(exact);
        if (wasFolded) folded += 1;
      }),
      RUNS,
    );
    // The comparison would be empty if nothing could be folded.
    expect(folded).toBeGreaterThan(RUNS.numRuns / 4);
  });

  test('the form of the event queue changes nothing', () => {
    fc.assert(
      fc.property(randomScenario.map(manyVms), fc.string(), fc.boolean(), (scenario, seed, fold) => {
        const plan = makePlan(scenario);
        const heap = new Campaign(plan, seed, { fold, queue: 'heap' }).finish();
        const wheel = new Campaign(plan, seed, { fold, queue: 'wheel' }).finish();
        expect(wheel).toEqual(heap);
      }),
      { ...RUNS, numRuns: 60 },
    );
  });

  test('how a campaign is watched changes nothing of it', () => {
    fc.assert(
      fc.property(
        randomScenario,
        fc.string(),
        fc.integer({ min: 37, max: 5_000 }),
        (scenario, seed, step) => {
          const plan = makePlan(scenario);
          const whole = new Campaign(plan, seed);
          const cut = new Campaign(plan, seed);
          const end = 150 * step;
          whole.advance(end);
          for (let t = step; t <= end; t += step) cut.advance(t);
          expect([cut.finished, cut.world.outcome()]).toEqual([whole.finished, whole.world.outcome()]);
        },
      ),
      { ...RUNS, numRuns: 150 },
    );
  });

  test('the same seed gives the same outcome', () => {
    fc.assert(
      fc.property(randomScenario, fc.string(), (scenario, seed) => {
        const plan = makePlan(scenario);
        expect(simulateOnce(plan, seed)).toEqual(simulateOnce(plan, seed));
      }),
      { ...RUNS, numRuns: 100 },
    );
  });
});

test('a job that is cancelled half-way ends at once, and what it used is paid for', () => {
  fc.assert(
    fc.property(randomScenario, fc.string(), fc.integer({ min: 0, max: 50_000 }), (scenario, seed, at) => {
      const world = submitAll(scenario, seed);
      world.advance(at);
      const running = world.jobs.filter((job) => !job.isFinal);
      for (const job of running) world.cancel(job.number);
      for (const job of running) expect([job.state, job.vms, job.finalAt]).toEqual(['CANCELLED', 0, at]);
      expect(world.fleet.alive).toBe(0);
      const before = world.outcome();
      world.advance(at + 1e6);
      expect(world.outcome()).toEqual(before);
    }),
    RUNS,
  );
});
