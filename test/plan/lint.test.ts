import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BATCH_REGIONS, L4_REGIONS, LIMITS, SERVICE_LIMITS } from '../../src/plan/limits.js';
import { expectedTask } from '../../src/plan/lint/expectedTask.js';
import { grouped } from '../../src/plan/lint/finding.js';
import { cumulative, expectedLife, survival } from '../../src/plan/lint/survival.js';
import { lintOk, lintPlan } from '../../src/plan/lint.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { formatPlan, type PlanFile, parsePlan, type ShardFile } from '../../src/plan/planFile.js';
import { parseScenario } from '../../src/scenario/parse.js';
import type { Cloud, Hazard, Scenario } from '../../src/scenario/scenario.js';
import { emptyCloud } from '../realWork.js';
import { BESIDE_SHIPPED, SHIPPED } from '../scenario/support.js';
import { examplePlan, exampleShard } from './examplePlan.js';

/** The example plan (which has no finding) after a change. */
function changed(change: (plan: PlanFile) => void): PlanFile {
  const plan: PlanFile = structuredClone(examplePlan());
  change(plan);
  return plan;
}

/** The whole campaign in one job of us-central1. */
function oneJob(shard: Partial<ShardFile> = {}): PlanFile {
  return changed((plan) => {
    plan.shards = [{ ...exampleShard(), ...shard }];
  });
}

const found = (plan: PlanFile, rule: string) => lintPlan(plan).filter((finding) => finding.rule === rule);
const shardOf = (plan: PlanFile, i: number) => plan.shards[i] as ShardFile;
const assume = (plan: PlanFile): Scenario => plan.scenario.resolved;

const exampleCloud = (): Cloud => emptyCloud(['us-central1']);

function central(cloud: Cloud) {
  return cloud.regions['us-central1'] as NonNullable<Cloud['regions'][string]>;
}

describe('a sound plan', () => {
  it('has no findings', () => {
    expect(lintPlan(examplePlan())).toEqual([]);
  });

  it('is ok when there are only warnings, and not when there is an error', () => {
    const warned = changed((plan) => {
      plan.guard.budgetUsd = null;
    });
    expect(lintPlan(warned)).toHaveLength(1);
    expect(lintOk(lintPlan(warned))).toBe(true);
    expect(lintOk(lintPlan(oneJob({ maxRetryCount: 11 })))).toBe(false);
  });
});

describe('findings', () => {
  it('come with errors first, and each says what, where, the limit and its source', () => {
    const plan = oneJob({ maxRetryCount: 11, region: ['us-central1', 'us-east1'], parallelism: 5001 });
    plan.guard.budgetUsd = null;
    const findings = lintPlan(plan);
    const severities = findings.map(({ severity }) => severity);
    expect(severities).toEqual([...severities].sort());
    expect(severities).toContain('warning');
    for (const finding of findings) {
      expect(finding.rule).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(finding.message).toMatch(/\.$/);
      expect(finding.path).not.toBe('');
      expect(finding.source).not.toBe('');
      expect(`${finding.limit}`).not.toBe('');
    }
  });
});

describe('where a job runs', () => {
  it('refuses one job in four regions', () => {
    const regions = ['us-central1', 'us-east1', 'us-west1', 'europe-west4'];
    expect(found(oneJob({ region: regions }), 'one-region-per-job')).toEqual([
      expect.objectContaining({
        severity: 'error',
        path: 'shards[0].region',
        found: '4 regions (us-central1, us-east1, us-west1, europe-west4)',
        limit: 1,
        source: LIMITS.regionsPerJob.source,
      }),
    ]);
  });

  it('refuses what is no region of Batch', () => {
    expect(found(oneJob({ region: 'regions/us-central1' }), 'batch-region')).toHaveLength(1);
    expect(found(oneJob({ region: 'us-central1' }), 'batch-region')).toHaveLength(0);
  });

  it('refuses a region that the scenario does not describe', () => {
    expect(found(oneJob({ region: 'us-west1' }), 'scenario-region')).toEqual([
      expect.objectContaining({ severity: 'error', found: 'us-west1', limit: 'us-central1, us-east1' }),
    ]);
  });

  it('refuses G2 machines where there are none', () => {
    expect(found(oneJob({ region: 'us-south1' }), 'l4-region')).toEqual([
      expect.objectContaining({ severity: 'error', found: 'us-south1' }),
    ]);
    const other = oneJob({ region: 'us-south1' });
    other.machine = { ...other.machine, type: 'n1-standard-4', accelerator: 'nvidia-tesla-t4' };
    expect(found(other, 'l4-region')).toHaveLength(0);
  });

  it('refuses zones of another region', () => {
    const cloud = exampleCloud();
    central(cloud).zones = ['us-central1-a', 'us-west1-b'];
    const plan = changed((p) => {
      p.cloud = cloud;
    });
    expect(found(plan, 'zone-in-region')).toEqual([expect.objectContaining({ found: 'us-west1-b' })]);
  });

  it('warns of a machine that is no G2', () => {
    const plan = changed((p) => {
      p.machine.type = 'n1-standard-4';
    });
    expect(found(plan, 'machine-type')).toEqual([expect.objectContaining({ severity: 'warning' })]);
  });

  it('refuses another accelerator than the L4 that comes with G2', () => {
    const plan = changed((p) => {
      p.machine.accelerator = 'nvidia-tesla-t4';
    });
    expect(found(plan, 'machine-accelerator')).toEqual([expect.objectContaining({ severity: 'error' })]);
  });

  it('warns of GPUs that one task on a VM leaves idle', () => {
    const plan = changed((p) => {
      p.machine.type = 'g2-standard-24';
    });
    expect(found(plan, 'idle-gpus')).toEqual([expect.objectContaining({ found: 2 })]);
  });
});

describe('limits of one job', () => {
  it('refuses more than 5,000 tasks at a time', () => {
    expect(found(oneJob({ parallelism: 5001 }), 'parallel-tasks')).toEqual([
      expect.objectContaining({
        severity: 'error',
        path: 'shards[0].parallelism',
        found: 5001,
        limit: 5000,
        source: 'https://docs.cloud.google.com/batch/quotas',
      }),
    ]);
    expect(found(oneJob({ parallelism: 5000 }), 'parallel-tasks')).toHaveLength(0);
  });

  it('refuses more than 4,000 VMs, and more than 2,000 in one zone', () => {
    const inZones = (zones: string[] | null, parallelism: number) => {
      const plan = oneJob({ parallelism });
      plan.cloud = exampleCloud();
      central(plan.cloud).zones = zones;
      return found(plan, 'vms-per-job').map(({ limit }) => limit);
    };
    expect(inZones(null, 4000)).toEqual([]);
    expect(inZones(null, 4001)).toEqual([4000]);
    expect(inZones(['us-central1-a', 'us-central1-b'], 4000)).toEqual([]);
    expect(inZones(['us-central1-a'], 2000)).toEqual([]);
    expect(inZones(['us-central1-a'], 2001)).toEqual([2000]);
  });

  it('refuses more than 100,000 tasks', () => {
    expect(found(oneJob({ taskCount: 100_001 }), 'tasks-per-job')).toHaveLength(1);
    expect(found(oneJob({ taskCount: 100_000 }), 'tasks-per-job')).toHaveLength(0);
  });

  it('refuses 11 retries', () => {
    expect(found(oneJob({ maxRetryCount: 11 }), 'max-retry-count')).toEqual([
      expect.objectContaining({
        severity: 'error',
        found: 11,
        limit: 10,
        source: LIMITS.maxRetryCount.source,
      }),
    ]);
    expect(found(oneJob({ maxRetryCount: 10 }), 'max-retry-count')).toHaveLength(0);
  });

  it('refuses shards that would become the same job', () => {
    const plan = changed((p) => {
      shardOf(p, 1).id = shardOf(p, 0).id;
    });
    expect(found(plan, 'shard-id-unique')).toEqual([expect.objectContaining({ path: 'shards[1].id' })]);
  });

  it('refuses shard ids that make no job id', () => {
    expect(found(oneJob({ id: 'a'.repeat(50) }), 'job-id-length')).toHaveLength(1);
    expect(found(oneJob({ id: 'northamerica-northeast1-w19-3' }), 'job-id-length')).toHaveLength(0);
    expect(found(oneJob({ id: 'Wave_0' }), 'job-id')).toHaveLength(1);
  });
});

describe('every task in exactly one shard', () => {
  const shards = (...parts: [first: number, count: number][]) =>
    changed((plan) => {
      plan.shards = parts.map(([firstTask, taskCount], i) =>
        exampleShard({ id: `s${i}`, firstTask, taskCount, wave: i }),
      );
    });

  it('accepts shards that follow each other, in any order', () => {
    const plan = shards([6500, 6500], [0, 6500]);
    expect(lintPlan(plan)).toEqual([]);
  });

  it('refuses shards that overlap', () => {
    expect(found(shards([0, 6500], [6487, 6513]), 'shard-overlap')).toEqual([
      expect.objectContaining({
        severity: 'error',
        path: 'shards[1]',
        found: 'two shards for tasks 6487 to 6499',
      }),
    ]);
  });

  it('finds an overlap with a shard that is not the one before', () => {
    const plan = shards([0, 13_000], [13, 13], [260, 13]);
    expect(found(plan, 'shard-overlap').map(({ path }) => path)).toEqual(['shards[1]', 'shards[2]']);
  });

  it.each([
    { where: 'at the start', parts: [[13, 12_987]], missing: 'tasks 0 to 12' },
    {
      where: 'between',
      parts: [
        [0, 6500],
        [6513, 6487],
      ],
      missing: 'tasks 6500 to 6512',
    },
    { where: 'at the end', parts: [[0, 12_987]], missing: 'tasks 12987 to 12999' },
    { where: 'everywhere', parts: [], missing: 'tasks 0 to 12999' },
  ] as { where: string; parts: [number, number][]; missing: string }[])(
    'refuses tasks without a shard $where',
    ({ parts, missing }) => {
      expect(found(shards(...parts), 'shard-gap').map((finding) => finding.found)).toEqual([
        `no shard for ${missing}`,
      ]);
    },
  );

  it('refuses tasks that the campaign does not have', () => {
    expect(found(shards([0, 13_013]), 'shard-beyond-campaign')).toEqual([
      expect.objectContaining({ found: 13_012, limit: 12_999 }),
    ]);
  });

  it('refuses a molecule that is cut in two', () => {
    expect(found(shards([0, 6501], [6501, 6499]), 'shard-cuts-molecule').map(({ found }) => found)).toEqual([
      6501, 6501,
    ]);
  });

  it("refuses a campaign whose numbers do not fit, or are not the scenario's", () => {
    const wrong = changed((plan) => {
      plan.campaign.tasks = 12_999;
    });
    expect(found(wrong, 'campaign-size')).toEqual([
      expect.objectContaining({ found: 12_999, limit: 13_000 }),
    ]);
    const other = changed((plan) => {
      plan.campaign = { molecules: 500, windows: 26, tasks: 13_000 };
    });
    expect(found(other, 'campaign-of-scenario')).toHaveLength(1);
  });

  it('refuses a region whose waves leave out a number', () => {
    const plan = shards([0, 6500], [6500, 6500]);
    shardOf(plan, 1).wave = 1e15;
    expect(found(plan, 'wave-numbers')).toHaveLength(1);
  });
});

describe('time limits', () => {
  it('refuses the whole campaign in one job at parallelism 250: more than 14 days', () => {
    const [finding, ...others] = found(oneJob({ parallelism: 250 }), 'running-time');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'error',
      path: 'shards[0].parallelism',
      limit: '14.0 days',
      source: 'https://docs.cloud.google.com/batch/quotas',
    });
    // 13,000 x 7 h / 250 = 15.2 days, and a little more with what preemption wastes.
    expect(Number.parseFloat(`${finding?.found}`)).toBeGreaterThan(15.2);
    expect(Number.parseFloat(`${finding?.found}`)).toBeLessThan(16);
  });

  it('warns when the limit is less than two days away', () => {
    expect(found(oneJob({ parallelism: 300 }), 'running-time').map(({ severity }) => severity)).toEqual([
      'warning',
    ]);
    expect(found(oneJob({ parallelism: 500 }), 'running-time')).toEqual([]);
  });

  it('counts what a small quota leaves of the parallelism', () => {
    const plan = oneJob({ parallelism: 500 });
    (assume(plan).regions['us-central1'] as Scenario['regions'][string]).quota.spotGpus = 200;
    expect(found(plan, 'running-time').map(({ severity }) => severity)).toEqual(['error']);
  });

  it('counts the work that preemption destroys without checkpoints', () => {
    const plan = oneJob({ parallelism: 300 });
    plan.checkpoint.policy = 'none';
    expect(found(plan, 'running-time').map(({ severity }) => severity)).toEqual(['error']);
  });

  it('says so when a task will practically never end', () => {
    const plan = oneJob();
    plan.checkpoint.policy = 'none';
    (assume(plan).regions['us-central1'] as Scenario['regions'][string]).hazard = {
      constant: { hourlySurvival: 0 },
    };
    expect(found(plan, 'running-time')).toEqual([
      expect.objectContaining({ found: 'more than 10,000 days' }),
    ]);
    expect(found(plan, 'retry-cap')).toEqual([expect.objectContaining({ found: 13_000 })]);
  });

  const queue = (waves: [number, number]) =>
    changed((plan) => {
      plan.shards = waves.map((wave, i) =>
        exampleShard({ id: `s${i}`, firstTask: i * 6500, taskCount: 6500, wave }),
      );
    });

  it("warns of a job that would wait for another one's quota for more than two days", () => {
    expect(found(queue([0, 0]), 'queued-time')).toEqual([
      expect.objectContaining({ severity: 'warning', path: 'shards[1].wave', limit: '2.0 days' }),
    ]);
    expect(found(queue([0, 1]), 'queued-time')).toEqual([]);
  });

  it('does not warn where the quota has room for both', () => {
    const plan = queue([0, 0]);
    for (const shard of plan.shards) shard.parallelism = 250;
    expect(found(plan, 'queued-time')).toEqual([]);
  });

  it('warns of tasks without a time limit of their own', () => {
    const plan = changed((p) => {
      p.task.maxRunDurationSeconds = null;
    });
    expect(found(plan, 'max-run-duration')).toEqual([expect.objectContaining({ severity: 'warning' })]);
  });

  it('refuses a time limit that no attempt can keep without checkpoints', () => {
    const plan = changed((p) => {
      p.task.maxRunDurationSeconds = 20_000;
    });
    expect(found(plan, 'max-run-duration')).toEqual([expect.objectContaining({ severity: 'warning' })]);
    plan.checkpoint.policy = 'none';
    expect(found(plan, 'max-run-duration')).toEqual([expect.objectContaining({ severity: 'error' })]);
  });
});

describe('the retry cap', () => {
  const brute = (hourlySurvival: number, retries = 10) => {
    const plan = oneJob({ maxRetryCount: retries });
    plan.checkpoint.policy = 'none';
    const scenario = assume(plan);
    scenario.spot.hazardFrom = 'task';
    (scenario.regions['us-central1'] as Scenario['regions'][string]).hazard = {
      constant: { hourlySurvival },
    };
    return plan;
  };

  it('says how many tasks are lost at 20 %/h without checkpoints: 976 of 13,000', () => {
    const [finding] = found(brute(0.8), 'retry-cap');
    expect(finding?.found).toBe(976);
    expect(finding?.message).toContain('976 of 13,000');
  });

  it('is silent at 5 %/h, where about none is lost', () => {
    expect(found(brute(0.95), 'retry-cap')).toEqual([]);
  });

  it('speaks at 5 %/h when there are no retries: 30 % of the tasks are hit', () => {
    expect(found(brute(0.95, 0), 'retry-cap')).toEqual([expect.objectContaining({ found: 3922 })]);
  });

  it('is silent at 20 %/h with checkpoints', () => {
    const plan = brute(0.8);
    plan.checkpoint.policy = 'periodic';
    expect(found(plan, 'retry-cap')).toEqual([]);
  });

  it('counts failures of the application on the same counter', () => {
    const plan = brute(1, 1);
    assume(plan).campaign.taskFailure = 0.1;
    expect(found(plan, 'retry-cap')).toEqual([expect.objectContaining({ found: 130 })]);
  });
});

describe('the expected task', () => {
  const expected = (change: (scenario: Scenario, plan: PlanFile) => void, hazard?: Hazard) => {
    const plan = oneJob();
    const scenario = assume(plan);
    const { startup } = scenario;
    startup.createSeconds = { constant: 0 };
    startup.bootSeconds = { constant: 0 };
    startup.driverSeconds = { constant: 0 };
    startup.pullSeconds = { constant: 300 };
    if (hazard) (scenario.regions['us-central1'] as Scenario['regions'][string]).hazard = hazard;
    change(scenario, plan);
    return expectedTask(plan, shardOf(plan, 0));
  };
  const without = (scenario: Scenario, plan: PlanFile) => {
    plan.checkpoint.policy = 'none';
    scenario.batch.vmReuse = false;
  };

  it('takes 8.4216 h without checkpoints and start-up at 5 %/h', () => {
    const { vmHours } = expected((scenario, plan) => {
      without(scenario, plan);
      scenario.startup.pullSeconds = { constant: 0 };
    });
    expect(vmHours).toBeCloseTo(8.4216, 4);
  });

  it('takes 8.5412 h when each start takes 5 exposed minutes, 8.4577 h when only restarts do', () => {
    expect(expected(without).vmHours).toBeCloseTo(8.5412, 4);
    const restartsOnly = expected((scenario, plan) => {
      without(scenario, plan);
      scenario.batch.vmReuse = true;
      scenario.spot.hazardFrom = 'task';
    });
    expect(restartsOnly.vmHours).toBeCloseTo(8.4577, 3);
  });

  it('takes 7.1178 h with a checkpoint every 10 min that holds it up for 5 s', () => {
    const { vmHours } = expected((scenario, plan) => {
      scenario.checkpoint.pauseSeconds = 5;
      plan.checkpoint = { ...plan.checkpoint, engineIntervalSeconds: 0, jitterSeconds: 0 };
    });
    expect(vmHours).toBeCloseTo(7.1178, 4);
  });

  it('wastes about half as much under a hazard that falls with age (+9.7 %)', () => {
    const ages: [number | null, number][] = [
      [0.25, 0.314],
      [0.5, 0.134],
      [1, 0.105],
      [2, 0.058],
      [3, 0.045],
      [6, 0.02],
      [12, 0.0096],
      [18, 0.0099],
      [null, 0.0078],
    ];
    const piecewise = ages.map(([until, perHour]) => ({
      untilSeconds: until === null ? null : until * 3600,
      perHour,
    }));
    const { vmHours } = expected(
      (scenario, plan) => {
        without(scenario, plan);
        scenario.batch.vmReuse = true;
        scenario.spot.hazardFrom = 'task';
      },
      { piecewise },
    );
    expect(vmHours / 7).toBeGreaterThan(1.09);
    expect(vmHours / 7).toBeLessThan(1.105);
  });

  it('takes just its time on demand, where nothing is preempted', () => {
    const plan = oneJob({ provisioning: 'onDemand' });
    plan.checkpoint.policy = 'none';
    expect(expectedTask(plan, shardOf(plan, 0))).toEqual({ vmHours: 7, outOfRetries: 0 });
  });
});

describe('survival by age', () => {
  const weibull = (shape: number, hours: number): Hazard => ({
    weibull: { shape, scaleSeconds: hours * 3600 },
  });
  const WATCHED: Hazard = {
    lifetimes: {
      file: 'lives.csv',
      sha256: '0'.repeat(64),
      ageSeconds: [3_600, 7_200],
      survival: [0.75, 0.5],
      tailPerHour: 0.1,
    },
  };

  it('is that of Weibull: 0.734 after 7 h for the shape 0.436 and 103.8 h', () => {
    expect(survival(weibull(0.436, 103.8), 7)).toBeCloseTo(0.734, 3);
    expect(survival(weibull(1, 10), 7)).toBeCloseTo(Math.exp(-0.7), 12);
    expect(survival(weibull(2, 10), 7)).toBeCloseTo(Math.exp(-0.49), 12);
  });

  it.each([0.436, 0.01, 1, 2])('integrates to the mean life, shape %d', (shape) => {
    // Midpoints of equal parts, refined towards the first moments.
    let mean = 0;
    const parts = 20_000;
    const age = (part: number) => 7 * (part / parts) ** 3;
    for (let i = 0; i < parts; i += 1) {
      mean += Math.exp(-(((age(i) + age(i + 1)) / 2 / 103.8) ** shape)) * (age(i + 1) - age(i));
    }
    expect(Math.abs(expectedLife(weibull(shape, 103.8), 7) / mean - 1)).toBeLessThan(1e-3);
  });

  it('follows the steps of measured lifetimes and goes on with their tail', () => {
    expect([0.99, 1, 1.99, 2].map((age) => survival(WATCHED, age))).toEqual([
      1,
      expect.closeTo(0.75, 12),
      expect.closeTo(0.75, 12),
      expect.closeTo(0.5, 12),
    ]);
    expect(cumulative(WATCHED, 7)).toBeCloseTo(Math.log(2) + 0.5, 12);
    expect(expectedLife(WATCHED, 7)).toBeCloseTo(1 + 0.75 + 0.5 * (1 - Math.exp(-0.5)) * 10, 12);
  });

  it('ends where no VM was ever older', () => {
    const ended: Hazard = structuredClone(WATCHED);
    Object.assign((ended as { lifetimes: object }).lifetimes, { survival: [0.75, 0], tailPerHour: 0 });
    expect(survival(ended, 7)).toBe(0);
    expect(expectedLife(ended, 7)).toBeCloseTo(1.75, 12);
  });
});

describe('quota', () => {
  const withQuota = (
    quota: Partial<Scenario['regions'][string]['quota']>,
    shard: Partial<ShardFile> = {},
  ) => {
    const plan = oneJob(shard);
    Object.assign((assume(plan).regions['us-central1'] as Scenario['regions'][string]).quota, quota);
    return plan;
  };

  it('warns when a wave asks for more VMs than the quota gives', () => {
    expect(found(withQuota({ spotGpus: 499 }), 'quota')).toEqual([
      expect.objectContaining({
        severity: 'warning',
        path: 'scenario.resolved.regions.us-central1.quota.spotGpus',
        found: 500,
        limit: 499,
      }),
    ]);
    expect(found(withQuota({ spotGpus: 500 }), 'quota')).toEqual([]);
  });

  it('adds up the shards of one wave, not those of different waves', () => {
    const two = (waves: [number, number]) =>
      changed((plan) => {
        plan.shards = waves.map((wave, i) =>
          exampleShard({ id: `s${i}`, firstTask: i * 6500, taskCount: 6500, parallelism: 300, wave }),
        );
      });
    expect(found(two([0, 0]), 'quota')).toEqual([expect.objectContaining({ found: 600, limit: 500 })]);
    expect(found(two([0, 1]), 'quota')).toEqual([]);
  });

  it('names the quota that binds: CPUs and disk, too', () => {
    expect(found(withQuota({ cpus: 400 }), 'quota')).toEqual([
      expect.objectContaining({ path: expect.stringMatching(/cpus$/), limit: 100 }),
    ]);
    expect(found(withQuota({ diskGb: 5000 }), 'quota')).toEqual([
      expect.objectContaining({ path: expect.stringMatching(/diskGb$/), limit: 100 }),
    ]);
  });

  it('refuses a shard that can never run', () => {
    expect(found(withQuota({ spotGpus: 0 }), 'quota-none')).toEqual([
      expect.objectContaining({ severity: 'error', found: 0 }),
    ]);
    const onDemand = withQuota({ onDemandGpus: 0 }, { provisioning: 'onDemand' });
    expect(found(onDemand, 'quota-none')).toEqual([
      expect.objectContaining({ path: 'scenario.resolved.regions.us-central1.quota.onDemandGpus' }),
    ]);
  });

  it('says nothing of the running time of a job that cannot start', () => {
    expect(found(withQuota({ spotGpus: 0 }, { parallelism: 1 }), 'running-time')).toEqual([]);
    expect(found(withQuota({}, { parallelism: 1 }), 'running-time')).toHaveLength(1);
  });

  it('holds on-demand shards against the on-demand quota', () => {
    const plan = withQuota({}, { provisioning: 'onDemand' });
    expect(found(plan, 'quota')).toEqual([expect.objectContaining({ found: 500, limit: 50 })]);
  });

  it('warns of a remainder or a tail on demand without quota for it', () => {
    const plan = withQuota({ onDemandGpus: 0 });
    expect(found(plan, 'on-demand-quota')).toEqual([]);
    plan.remainder.policy = 'onDemand';
    plan.tail.onDemandAfterPreemptions = 4;
    expect(found(plan, 'on-demand-quota').map(({ path }) => path)).toEqual([
      'remainder.policy',
      'tail.onDemandAfterPreemptions',
    ]);
    (assume(plan).regions['us-central1'] as Scenario['regions'][string]).quota.onDemandGpus = 1;
    expect(found(plan, 'on-demand-quota')).toEqual([]);
  });
});

describe('VM start', () => {
  it('refuses a boot disk that the image does not fit on, and warns of a small one', () => {
    const withDisk = (bootDiskGb: number) =>
      found(
        changed((plan) => {
          plan.machine.bootDiskGb = bootDiskGb;
        }),
        'boot-disk-size',
      ).map(({ severity, limit }) => [severity, limit]);
    expect(withDisk(10)).toEqual([['error', 11]]);
    expect(withDisk(20)).toEqual([['warning', 30]]);
    expect(withDisk(30)).toEqual([]);
  });

  it('refuses pd-standard on G2', () => {
    const plan = changed((p) => {
      p.machine.bootDiskType = 'pd-standard';
    });
    expect(found(plan, 'boot-disk-type')).toEqual([expect.objectContaining({ severity: 'error' })]);
  });

  it('warns that GPUs under image streaming are unproven, and refuses images that cannot be streamed', () => {
    const plan = changed((p) => {
      p.image.delivery = 'streaming';
      p.image.uriByRegion = {
        'us-central1': 'us-central1-docker.pkg.dev/p/r/i:1',
        'us-east1': 'us-docker.pkg.dev/p/r/i:1',
        'us-west1': 'europe-west4-docker.pkg.dev/p/r/i:1',
        'us-west4': 'docker.io/library/busybox',
      };
    });
    expect(found(plan, 'image-streaming')).toEqual([expect.objectContaining({ severity: 'warning' })]);
    expect(found(plan, 'image-streaming-location').map(({ path }) => path)).toEqual([
      'image.uriByRegion.us-west1',
      'image.uriByRegion.us-west4',
    ]);
  });

  it('refuses driver downloads without a way to the internet', () => {
    const withBootImage = (bootImage: string | null, externalIp = false) => {
      const cloud = { ...exampleCloud(), externalIp };
      central(cloud).bootImage = bootImage;
      return found(
        changed((plan) => {
          plan.cloud = cloud;
        }),
        'drivers-need-internet',
      ).length;
    };
    expect(withBootImage('batch-debian')).toBe(1);
    expect(withBootImage('batch-debian', true)).toBe(0);
    expect(withBootImage('batch-cos')).toBe(0);
    expect(withBootImage(null)).toBe(0);
  });

  it('warns of a start that asks the registry too often', () => {
    const plan = oneJob({ parallelism: 4000 });
    const scenario = assume(plan);
    (scenario.regions['us-central1'] as Scenario['regions'][string]).quota.spotGpus = 4000;
    expect(found(plan, 'registry-rate')).toEqual([]);
    scenario.batch.vmsPerMinute = null;
    expect(found(plan, 'registry-rate')).toEqual([
      expect.objectContaining({ found: 140_000, limit: SERVICE_LIMITS.registryRequestsPerMinute.value }),
    ]);
  });

  it('says when the forecast was made in a world without a limit', () => {
    const plan = changed((p) => {
      assume(p).batch.limits.retries = null;
      assume(p).batch.limits.vmsPerJob = 13_000;
    });
    expect(found(plan, 'lifted-limit')).toEqual([
      expect.objectContaining({
        severity: 'warning',
        found: 'vmsPerJob 13000, retries unlimited',
        limit: 'vmsPerJob 4000, retries 10',
      }),
    ]);
  });
});

describe('checkpoints', () => {
  it('refuses to rewrite one object faster than once a second', () => {
    const every = (intervalSeconds: number, policy: 'periodic' | 'none' = 'periodic') =>
      found(
        changed((plan) => {
          plan.checkpoint = { ...plan.checkpoint, policy, intervalSeconds };
        }),
        'same-object-rate',
      ).map(({ severity }) => severity);
    expect(every(0.5)).toEqual(['error']);
    expect(every(1)).toEqual([]);
    expect(every(0, 'none')).toEqual([]);
  });

  const aligned = (parallelism: number, buckets: 'perRegion' | 'one') =>
    found(
      changed((plan) => {
        plan.checkpoint.policy = 'aligned';
        plan.buckets = buckets;
        for (const shard of plan.shards) shard.parallelism = parallelism;
      }),
      'aligned-checkpoints',
    ).map((finding) => finding.found);

  it('warns of aligned checkpoints beyond what one bucket takes in a second', () => {
    expect(aligned(1000, 'perRegion')).toEqual([]);
    expect(aligned(1001, 'perRegion')).toEqual([1001, 1001]);
    expect(aligned(500, 'one')).toEqual([]);
    expect(aligned(501, 'one')).toEqual([1002]);
  });

  it('warns of checkpoints that ask for more than the bucket gives all the time', () => {
    const plan = changed((p) => {
      p.checkpoint = { ...p.checkpoint, intervalSeconds: 2, jitterSeconds: 0 };
      for (const shard of p.shards) shard.parallelism = 4000;
    });
    expect(found(plan, 'checkpoint-rate')).toEqual([
      expect.objectContaining({ found: 2000, limit: 1000 }),
      expect.objectContaining({ found: 2000, limit: 1000 }),
    ]);
  });
});

describe('what a checkpoint brings with it', () => {
  it('warns of a flush that the notice is too short for', () => {
    const flushing = (change: (scenario: Scenario, plan: PlanFile) => void) =>
      changed((plan) => {
        plan.checkpoint.flushOnNotice = true;
        change(assume(plan), plan);
      });
    const large = flushing(({ checkpoint }) => {
      checkpoint.sizeBytes = 3e9;
    });
    // 3 GB at 60 MB/s, and the latency.
    expect(found(large, 'flush-notice')).toEqual([
      expect.objectContaining({ severity: 'warning', found: 50.1, limit: 30 }),
    ]);
    const growing = flushing(({ checkpoint }) => {
      checkpoint.growthBytesPerHour = 300e6;
    });
    expect(found(growing, 'flush-notice')).toEqual([expect.objectContaining({ found: 35.9 })]);
    const early = flushing(({ checkpoint, spot }) => {
      checkpoint.sizeBytes = 3e9;
      spot.noticeSeconds = 120;
    });
    expect(found(early, 'flush-notice')).toEqual([]);
    const notFlushed = flushing(({ checkpoint }, plan) => {
      checkpoint.sizeBytes = 3e9;
      plan.checkpoint.flushOnNotice = false;
    });
    expect(found(notFlushed, 'flush-notice')).toEqual([]);
    const onDemand = flushing(({ checkpoint }, plan) => {
      checkpoint.sizeBytes = 3e9;
      for (const shard of plan.shards) shard.provisioning = 'onDemand';
    });
    expect(found(onDemand, 'flush-notice')).toEqual([]);
  });

  it('prices soft delete: 117 USD for 7 days of 546,000 checkpoints of 50 MB', () => {
    const kept = (days: number, change: (plan: PlanFile) => void = () => {}) =>
      found(
        changed((plan) => {
          assume(plan).prices.softDeleteDays = days;
          plan.checkpoint.jitterSeconds = 0;
          change(plan);
        }),
        'soft-delete',
      );
    expect(kept(7)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        found: 117,
        message: expect.stringContaining('27,300 GB of overwritten checkpoints for 7 days'),
      }),
    ]);
    expect(kept(0)).toEqual([]);
    const none = kept(7, (plan) => {
      plan.checkpoint.policy = 'none';
    });
    expect(none).toEqual([]);
    // 50 MB at first and 10 MB more each hour: 85 MB half-way.
    const growing = kept(7, (plan) => {
      assume(plan).checkpoint.growthBytesPerHour = 10e6;
    });
    expect(growing).toEqual([expect.objectContaining({ found: Math.round((117.03 * 85) / 50) })]);
  });

  it('holds adaptive checkpoints to the rate of a bucket, as periodic ones', () => {
    const plan = changed((p) => {
      p.checkpoint = { ...p.checkpoint, policy: 'adaptive', intervalSeconds: 10, jitterSeconds: 0 };
      assume(p).bucket.writesPerSecond = 20;
    });
    expect(found(plan, 'checkpoint-rate').map(({ found: rate }) => rate)).toEqual([50, 50]);
  });
});

describe('labels and tags', () => {
  const withCloud = (change: Partial<Cloud>) =>
    changed((plan) => {
      plan.cloud = { ...exampleCloud(), ...change };
    });

  it('accepts ordinary ones', () => {
    const plan = withCloud({ labels: { team: 'fep', cost_centre: '42' }, tags: ['batch-vm'] });
    expect(lintPlan(plan).filter(({ rule }) => /^(?:label|tag)-/.test(rule))).toEqual([]);
  });

  it('refuses what Batch keeps for itself', () => {
    const plan = withCloud({ labels: { 'goog-x': '1', 'batch-job-id': 'a' } });
    expect(found(plan, 'label-reserved')).toHaveLength(2);
  });

  it('refuses labels and tags of the wrong form', () => {
    const plan = withCloud({ labels: { Team: 'fep', team: 'FEP' }, tags: ['ok', 'No_'] });
    expect(found(plan, 'label-form')).toHaveLength(2);
    expect(found(plan, 'tag-form')).toEqual([expect.objectContaining({ path: 'cloud.tags[1]' })]);
  });

  it("refuses more labels than a VM takes beside fepcast's own two", () => {
    const many = (count: number) =>
      found(
        withCloud({ labels: Object.fromEntries([...Array(count).keys()].map((i) => [`l${i}`, ''])) }),
        'label-count',
      ).length;
    expect(many(59)).toBe(0);
    expect(many(60)).toBe(1);
  });
});

describe('money and waves', () => {
  it('warns when nothing guards the budget', () => {
    const plan = changed((p) => {
      p.guard.budgetUsd = null;
    });
    expect(found(plan, 'guard-budget')).toEqual([expect.objectContaining({ severity: 'warning' })]);
  });

  const rolling = (taskCount: number, start: 'finished' | 'drained') =>
    changed((plan) => {
      plan.waveStart = start;
      plan.shards = [
        exampleShard({ taskCount }),
        exampleShard({ id: 'w1', firstTask: taskCount, taskCount: 13_000 - taskCount, wave: 1 }),
      ];
    });

  it('warns of waves that leave their VMs idle at the end', () => {
    expect(found(rolling(650, 'finished'), 'idle-wave')).toEqual([expect.objectContaining({ found: 35 })]);
    expect(found(rolling(650, 'drained'), 'idle-wave')).toEqual([]);
    expect(found(rolling(6500, 'finished'), 'idle-wave')).toEqual([]);
  });
});

describe('the table of limits', () => {
  it('names a public source and a unit for each', () => {
    for (const { value, unit, source } of [...Object.values(LIMITS), ...Object.values(SERVICE_LIMITS)]) {
      expect(Number.isFinite(value)).toBe(true);
      expect(unit).not.toBe('');
      expect(source).toMatch(/^https:\/\/|^protos of @google-cloud\/batch 2\.5\.0$/);
    }
  });

  it('has L4 only where Batch is', () => {
    expect([...L4_REGIONS].filter((region) => !BATCH_REGIONS.has(region))).toEqual([]);
    expect(L4_REGIONS.size).toBe(18);
  });

  it('is what a scenario assumes by default', () => {
    const { batch, bucket, startup } = parseScenario(
      `
      name: defaults
      campaign: { molecules: 10, windows: 13, taskDuration: { constant: 7h } }
      regions: { us-central1: { quota: { spotGpus: 8 } } }
      decisions: { strategy: checkpoint, parallelism: { us-central1: 8 } }
      `,
    );
    expect(batch.limits).toEqual({
      parallelTasksPerJob: LIMITS.parallelTasksPerJob.value,
      vmsPerJob: LIMITS.vmsPerJob.value,
      vmsPerJobOneZone: LIMITS.vmsPerJobOneZone.value,
      tasksPerJob: LIMITS.tasksPerJob.value,
      retries: LIMITS.maxRetryCount.value,
      queuedSeconds: LIMITS.queuedSeconds.value,
      runningSeconds: LIMITS.runningSeconds.value,
    });
    expect(bucket.writesPerSecond).toBe(SERVICE_LIMITS.bucketWritesPerSecond.value);
    expect(bucket.readsPerSecond).toBe(SERVICE_LIMITS.bucketReadsPerSecond.value);
    expect(startup.registry.requestsPerMinute).toBe(SERVICE_LIMITS.registryRequestsPerMinute.value);
  });
});

describe('the scenarios that are shipped', () => {
  const planOf = (name: string) => {
    const file = fileURLToPath(new URL(`../../scenarios/${name}.yaml`, import.meta.url));
    return makePlan(parseScenario(readFileSync(file, 'utf8'), { file, ...BESIDE_SHIPPED }));
  };

  it.each(SHIPPED)('make a plan that its file keeps: %s', (name) => {
    const plan = planOf(name);
    expect(parsePlan(formatPlan(plan), 'plan.json')).toEqual(plan);
  });

  it('make plans that may be executed, where they are meant to', () => {
    expect(lintPlan(planOf('thirteen-thousand'))).toEqual([]);
    expect(lintPlan(planOf('pilot'))).toEqual([]);
    expect(lintPlan(planOf('early-death'))).toEqual([]);
  });

  it('make plans that may be rehearsed: methane.yaml, of another machine and without a budget', () => {
    const findings = lintPlan(planOf('methane'));
    expect(findings.map(({ rule }) => rule)).toContain('machine-type');
    expect(lintOk(findings)).toBe(true);
  });

  it('warn of the storm that storm.yaml is about', () => {
    const findings = lintPlan(planOf('storm'));
    expect(findings.map(({ rule }) => rule)).toContain('aligned-checkpoints');
    expect(lintOk(findings)).toBe(true);
  });

  it('say that campaign-13k lifts the limits', () => {
    expect(lintPlan(planOf('campaign-13k')).map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['lifted-limit', 'max-retry-count']),
    );
  });
});

describe('numbers in sentences', () => {
  it('are grouped by thousands', () => {
    expect([0, 999, 1000, 13_000, 1_234_567].map(grouped)).toEqual([
      '0',
      '999',
      '1,000',
      '13,000',
      '1,234,567',
    ]);
  });
});
