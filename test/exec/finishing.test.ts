import { afterEach, describe, expect, it } from 'vitest';
import { attemptRecords } from '../../src/exec/attemptRecords.js';
import type { CampaignView } from '../../src/exec/campaignView.js';
import { replay } from '../../src/exec/ledger.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { scenarioOf } from './plans.js';
import { Rehearsed, RUN } from './rehearsed.js';

const TIMEOUT_MS = 120_000;
const ALL = { total: 52, succeeded: 52, failed: 0, running: 0, pending: 0 };

let rehearsed: Rehearsed | null = null;

afterEach(async () => {
  await rehearsed?.stop();
  rehearsed = null;
});

/** 52 tasks of an hour, 26 in each of two regions, on 13 VMs each. */
function plan(change: (scenario: Scenario) => void): Plan {
  const regions = ['us-central1', 'us-east1'];
  const scenario = scenarioOf(
    { molecules: 4, windows: 13 },
    { parallelism: { 'us-central1': 13, 'us-east1': 13 } },
    regions,
  );
  scenario.decisions.remainder.maxRounds = 20;
  for (const region of regions) scenario.regions[region]!.quota.onDemandGpus = 100;
  change(scenario);
  return makePlan(scenario);
}

async function begin(made: Plan, options: Parameters<typeof Rehearsed.begin>[1] = {}): Promise<Rehearsed> {
  rehearsed = await Rehearsed.begin(made, options);
  return rehearsed;
}

/** Every window has one result, and no task was submitted while another job still had it. */
async function jobsOf(world: Rehearsed) {
  const { jobs } = replay(await world.ledger());
  expect(jobs.every(({ final }) => final !== null)).toBe(true);
  return jobs.map(({ intended, final }) => ({
    id: intended.jobId.slice(RUN.length + 1),
    region: intended.shard.region,
    provisioning: intended.shard.provisioning,
    state: final?.state,
    left: final?.unfinished.reduce((sum, { count }) => sum + count, 0) ?? 0,
  }));
}

describe('tasks that are out of retries', () => {
  it.each(['sameRegion', 'anyRegion', 'onDemand'] as const)(
    'run again until every window is complete: %s',
    { timeout: TIMEOUT_MS },
    async (policy) => {
      const made = plan((scenario) => {
        scenario.decisions.maxRetries = 0;
        scenario.decisions.remainder.policy = policy;
        // Half of all attempts lose their VM.
        for (const region of Object.values(scenario.regions))
          region.hazard = { constant: { hourlySurvival: 0.5 } };
      });
      const world = await begin(made);
      expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL, molecules: { complete: 4 } });
      const jobs = await jobsOf(world);
      expect(jobs.filter(({ id }) => /-r\d+$/.test(id)).length).toBeGreaterThan(1);
      const again = jobs.filter(({ id }) => /-r\d+$/.test(id));
      expect(new Set(again.map(({ provisioning }) => provisioning))).toEqual(
        new Set([policy === 'onDemand' ? 'onDemand' : 'spot']),
      );
    },
  );
});

describe('jobs that Batch ends', () => {
  it('after too long in RUNNING leave a remainder that finishes', { timeout: TIMEOUT_MS }, async () => {
    const made = plan((scenario) => {
      scenario.batch.limits.runningSeconds = 5400;
    });
    const world = await begin(made);
    expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
    const jobs = await jobsOf(world);
    expect(jobs.filter(({ state, left }) => state === 'FAILED' && left > 0).length).toBeGreaterThan(1);
  });

  it('after too long in the queue leave all they had, and it runs when there is room', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const made = plan((scenario) => {
      // Two jobs a region, and a quota that the first one uses up.
      scenario.batch.limits.tasksPerJob = 13;
      scenario.batch.limits.queuedSeconds = 1800;
      for (const region of Object.values(scenario.regions)) region.quota.spotGpus = 6;
    });
    const world = await begin(made);
    expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
    const jobs = await jobsOf(world);
    expect(jobs.some(({ state, left }) => state === 'FAILED' && left === 13)).toBe(true);
  });

  it('in a region without capacity move to one that has some', { timeout: TIMEOUT_MS }, async () => {
    const made = plan((scenario) => {
      scenario.batch.limits.runningSeconds = 7200;
      scenario.decisions.remainder.policy = 'anyRegion';
    });
    const world = await begin(made, {
      faults: {
        world: [
          { kind: 'stockout', region: 'us-central1', seconds: 1e6, at: 1200 },
          { kind: 'preempt', region: 'us-central1', share: 1, at: 1300 },
        ],
      },
    });
    expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
    const moved = (await jobsOf(world)).filter(({ id, region }) => !id.startsWith(region));
    expect(moved.map(({ region }) => region)).toContain('us-east1');
  });
});

describe('jobs that a stockout keeps waiting', () => {
  const stockout = (seconds: number) => ({
    faults: { world: [{ kind: 'stockout' as const, region: 'us-central1', seconds, at: 0 }] },
  });
  const planOf = (policy: 'sameRegion' | 'anyRegion' | 'onDemand') =>
    plan((scenario) => {
      scenario.decisions.remainder.policy = policy;
    });

  it('are cancelled after an hour, and their work runs in another region', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const world = await begin(planOf('anyRegion'), stockout(1e6));
    expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
    const jobs = await jobsOf(world);
    expect(jobs.map(({ id, region, state, left }) => ({ id, region, state, left }))).toEqual([
      { id: 'us-central1-w0', region: 'us-central1', state: 'CANCELLED', left: 26 },
      { id: 'us-east1-w0', region: 'us-east1', state: 'SUCCEEDED', left: 0 },
      { id: 'us-central1-w0-r1', region: 'us-east1', state: 'SUCCEEDED', left: 0 },
    ]);
    const why = (await world.ledger()).flatMap((line) => (line.kind === 'job-cancelling' ? [line.why] : []));
    expect(why).toEqual(['no VM comes in us-central1']);
  });

  it('run on VMs that are not preempted, by a process that knows from the ledger alone', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const made = planOf('onDemand');
    // No Spot VMs; others can be had.
    const capacity = { file: 'none.csv', sha256: '', fromSeconds: [0], vms: [0] };
    made.scenario.resolved.regions['us-central1']!.capacity.series = capacity;
    const world = await begin(made);
    const isMoving = (view: CampaignView): boolean => view.jobs.some(({ isCancelling }) => isCancelling);
    expect(await world.run({ stopWhen: isMoving })).toMatchObject({ state: 'running' });
    const [waiting] = replay(await world.ledger()).jobs;
    expect(waiting).toMatchObject({ isCancelling: true, idleSince: expect.any(Number) });
    expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
    expect((await jobsOf(world)).map(({ id, provisioning }) => [id, provisioning])).toEqual([
      ['us-central1-w0', 'spot'],
      ['us-east1-w0', 'spot'],
      ['us-central1-w0-r1', 'onDemand'],
    ]);
  });

  it('wait where the policy keeps them, and where the stockout is short', {
    timeout: TIMEOUT_MS,
  }, async () => {
    for (const [policy, seconds] of [
      ['sameRegion', 20_000],
      ['anyRegion', 2400],
    ] as const) {
      const world = await begin(planOf(policy), stockout(seconds));
      expect(await world.run()).toMatchObject({ state: 'succeeded', tasks: ALL });
      expect((await jobsOf(world)).map(({ id }) => id)).toEqual(['us-central1-w0', 'us-east1-w0']);
      await world.stop();
      rehearsed = null;
    }
  });
});

describe('what Batch shows late, in another order, or not at all', () => {
  it('changes nothing of the end and of what it cost', { timeout: TIMEOUT_MS }, async () => {
    const view = { freshTasksHiddenSeconds: 1200, eventsLateSeconds: 120, eventsReordered: true };
    const world = await begin(
      plan((scenario) => {
        scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.6 } };
      }),
      { faults: { view } },
    );
    const summary = await world.run();
    expect(summary).toMatchObject({ state: 'succeeded', tasks: ALL });
    expect(summary.attempts).toBe(52 + (summary.preemptions ?? 0));
    expect(summary.costUsd).toBeGreaterThan(52);
  });

  it('hours without network, and a login that ends, are waited for: nothing is cancelled', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const out = { from: 1800, until: 7200 };
    const world = await begin(
      plan(() => {}),
      {
        faults: {
          calls: [
            { service: 'batch', method: '*', kind: 'reset', rate: 1, ...out },
            { service: 'storage', method: '*', kind: 'reset', rate: 1, ...out },
            { service: 'batch', method: '*', kind: 'refuse', status: 401, rate: 1, from: 7800, until: 9600 },
          ],
        },
      },
    );
    const said = new Set<string>();
    const summary = await world.run({
      onSnapshot: ({ messages }) => {
        for (const { text } of messages) said.add(text);
      },
    });
    expect(summary).toMatchObject({ state: 'succeeded', tasks: ALL, stopped: null });
    expect([...said].some((text) => text.includes('gcloud auth application-default login'))).toBe(true);
    expect(world.calls.get('batch.cancelJob') ?? 0).toBe(0);
    expect(summary.jobs).toHaveLength(2);
  });
});

describe('the attempts of a run', () => {
  it('are told one by one, from events and claims, with place, time, cause and cost', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const made = plan((scenario) => {
      for (const region of Object.values(scenario.regions))
        region.hazard = { constant: { hourlySurvival: 0.5 } };
    });
    const world = await begin(made);
    const summary = await world.run();
    const { jobs } = replay(await world.ledger());
    const sources = {
      plan: made,
      cloud: world.cloud,
      inputOf: () => null,
      jobs,
      now: await world.clock.now(),
    };
    const attempts = await attemptRecords(sources, null);
    expect(attempts).toHaveLength(summary.attempts ?? 0);
    const by = (outcome: string) => attempts.filter((attempt) => attempt.outcome === outcome).length;
    expect(by('succeeded')).toBe(52);
    expect(by('preempted')).toBe(summary.preemptions);
    for (const { zone, vm, startedAt, endedAt, seconds, costUsd, region } of attempts) {
      expect(zone?.startsWith(region)).toBe(true);
      expect(vm).toMatch(/^\d+$|\w/);
      expect(endedAt).toBeGreaterThan(startedAt ?? Infinity);
      // One USD an hour.
      expect(costUsd).toBeCloseTo((seconds ?? 0) / 3600, 9);
    }
    const ofOne = await attemptRecords(sources, [{ first: 13, count: 13 }]);
    expect(new Set(ofOne.map(({ molecule }) => molecule))).toEqual(new Set(['m1']));
    expect(ofOne.every(({ reason, outcome }) => outcome !== 'succeeded' || reason === 'done')).toBe(true);
  });
});
