import { describe, expect, it } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import { assertCanFinish, NeverFinishesError, whyNeverFinishes } from '../../src/plan/neverFinishes.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { referenceScenario } from '../sim/exampleScenario.js';

type Quota = Scenario['regions'][string]['quota'];

/** Two regions, a and b, of 10 VMs each. */
function twoRegions(a: Partial<Quota>, b: Partial<Quota>, decisions: Partial<Scenario['decisions']> = {}) {
  const scenario = referenceScenario();
  const region = scenario.regions['us-central1']!;
  const quota = { spotGpus: 10, onDemandGpus: 0, cpus: null, diskGb: null };
  scenario.campaign.molecules = 4;
  scenario.regions = {
    a: { ...region, quota: { ...quota, ...a } },
    b: { ...region, quota: { ...quota, ...b } },
  };
  scenario.batch.limits.queuedSeconds = 172_800;
  scenario.decisions = { ...scenario.decisions, parallelism: { a: 10, b: 10 }, maxRetries: 10, ...decisions };
  return makePlan(scenario);
}

describe('a plan can never finish', () => {
  it('when no region has quota', () => {
    const plan = twoRegions({ spotGpus: 0 }, { spotGpus: 0 });
    expect(whyNeverFinishes(plan)).toBe(
      'no Spot VM fits into quota.spotGpus (found 0, one takes 1) in a, b: all 52 tasks can never run',
    );
    expect(() => assertCanFinish(plan)).toThrow(NeverFinishesError);
  });

  it('when the quota of a region that has a part of the tasks is too small for one VM', () => {
    const plan = twoRegions({ cpus: 3 }, {});
    expect(whyNeverFinishes(plan)).toBe(
      'no Spot VM fits into quota.cpus (found 3, one takes 4) in a: 26 of 52 tasks can never run',
    );
  });

  it('when it has quota for the other kind of VMs only', () => {
    const plan = twoRegions({ onDemandGpus: 0 }, { onDemandGpus: 0 }, { provisioning: 'onDemand' });
    expect(whyNeverFinishes(plan)).toContain('no on-demand VM fits into quota.onDemandGpus');
    expect(whyNeverFinishes(twoRegions({}, {}))).toBeNull();
  });

  it('when its on-demand tail has no quota', () => {
    const tail = { onDemandLastPercent: 25, onDemandAfterPreemptions: null };
    expect(whyNeverFinishes(twoRegions({}, {}, { tail }))).toContain('26 of 52 tasks can never run');
  });
});

describe('a plan may finish', () => {
  const remainder = (policy: 'sameRegion' | 'anyRegion' | 'onDemand') => ({
    remainder: { policy, maxRounds: 5 },
  });

  it('when what cannot run goes to another region or on demand afterwards; the simulation agrees', () => {
    const moved = twoRegions({}, { spotGpus: 0 }, remainder('anyRegion'));
    expect(whyNeverFinishes(moved)).toBeNull();
    expect(simulateOnce(moved, '1').metrics.tasksFailed).toBe(0);

    const onDemand = twoRegions({ spotGpus: 0, onDemandGpus: 10 }, {}, remainder('onDemand'));
    expect(whyNeverFinishes(onDemand)).toBeNull();
    expect(simulateOnce(onDemand, '1').metrics.tasksFailed).toBe(0);
  });

  it('but not by the same region again, nor where a queued job never fails', () => {
    const same = twoRegions({ spotGpus: 0 }, {}, remainder('sameRegion'));
    expect(whyNeverFinishes(same)).not.toBeNull();
    expect(simulateOnce(same, '1').metrics.tasksFailed).toBe(26);

    const moved = twoRegions({ spotGpus: 0 }, {}, remainder('anyRegion'));
    moved.scenario.resolved.batch.limits.queuedSeconds = null;
    expect(whyNeverFinishes(moved)).not.toBeNull();
  });
});
