import { describe, expect, test } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import { lintPlan } from '../../src/plan/lint.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { formulaWorld } from './noQueue.js';

const DAY = 86_400;

function flexStart(change: (scenario: Scenario) => void = () => {}): Scenario {
  const scenario = formulaWorld();
  scenario.decisions.provisioning = 'flexStart';
  scenario.regions['us-central1']!.price.flexStartUsdPerHour = 0.65;
  change(scenario);
  return scenario;
}

describe('FLEX_START', () => {
  test('costs its price for every hour of work, and loses none', () => {
    const { metrics, costBreakdownUsd } = simulateOnce(makePlan(flexStart()), 'flex');
    expect(metrics.preemptions).toBe(0);
    expect(metrics.vmHours).toBeCloseTo(91_000, 6);
    expect(costBreakdownUsd.usefulWork).toBeCloseTo(91_000 * 0.65, 6);
  });

  test('costs what on-demand VMs cost where no price is given', () => {
    const scenario = flexStart((s) => {
      s.regions['us-central1']!.price.flexStartUsdPerHour = null;
    });
    const { costBreakdownUsd } = simulateOnce(makePlan(scenario), 'flex');
    expect(costBreakdownUsd.usefulWork).toBeCloseTo(91_000 * 0.7, 6);
  });

  test("counts in Spot's quota", () => {
    const scenario = flexStart((s) => {
      s.campaign.molecules = 10;
      s.regions['us-central1']!.quota = { spotGpus: 20, onDemandGpus: 0, cpus: null, diskGb: null };
    });
    expect(simulateOnce(makePlan(scenario), 'flex').metrics.peakVms).toBe(20);
  });

  test('goes into the job and comes out of it', () => {
    const scenario = flexStart();
    const plan = makePlan(scenario);
    const shard = plan.shards[0]!;
    const part = { jobId: 'j', shard, round: 0, tasks: [{ first: 0, count: shard.taskCount }] };
    const job = buildJob(plan, part, { runId: 'r', project: 'p' });
    expect(job.allocationPolicy?.instances?.[0]?.policy?.provisioningModel).toBe('FLEX_START');
    expect(readJobSpec(job, shard.region, 'j', scenario).provisioning).toBe('flexStart');
  });

  /** Whole tasks of 7 h fit 24 times into 7 days: 541 VMs leave some over, 566 are done after 23. */
  const on = (vms: number) =>
    flexStart((s) => {
      s.decisions.parallelism = { 'us-central1': vms };
      s.regions['us-central1']!.quota.spotGpus = vms;
      s.batch.limits.runningSeconds = 14 * DAY;
    });

  test('a job ends after 7 days of RUNNING: 541 VMs are too few, 566 do', () => {
    const campaign = new Campaign(makePlan(on(541)), 'late');
    campaign.finish();
    const [job] = campaign.world.jobs;
    expect(job!.state).toBe('FAILED');
    expect(job!.finalAt! - job!.runningSince!).toBe(7 * DAY);
    expect(new Campaign(makePlan(on(566)), 'in time').finish().metrics.tasksFailed).toBe(0);
  });

  test('lint counts with 7 days, of which it keeps two in hand', () => {
    const found = (vms: number) =>
      lintPlan(makePlan(on(vms))).find(({ rule }) => rule === 'running-time') ?? null;
    expect(found(500)).toMatchObject({ severity: 'error', limit: '7.0 days' });
    expect(found(600)).toMatchObject({ severity: 'warning', limit: '7.0 days' });
    // 91,000 h in 5 days.
    expect(found(760)).toBeNull();
  });
});
