import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../src/scenario/parse.js';
import { BESIDE_SHIPPED, parse, SHIPPED, shippedText } from './support.js';

describe('shipped scenarios', () => {
  it.each(SHIPPED)('%s parses, and its resolved form parses to itself', (name) => {
    const scenario = parse(shippedText(name), BESIDE_SHIPPED);
    expect(scenario.name).toBe(name);
    expect(parseScenario(JSON.stringify(scenario))).toEqual(scenario);
  });

  it.each(SHIPPED)('%s names its schema for editors', (name) => {
    expect(shippedText(name)).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/schema\/scenario\.schema\.json\n/,
    );
  });

  it('thirteen-thousand: 13,000 tasks, 500 GPUs in four regions, the hazard a guess', () => {
    const { campaign, regions, decisions, guesses, objective } = parse(shippedText('thirteen-thousand'));
    expect(campaign.molecules * campaign.windows).toBe(13_000);
    expect(decisions.parallelism).toEqual({
      'us-central1': 125,
      'us-east1': 125,
      'us-west1': 125,
      'europe-west4': 125,
    });
    expect(regions['europe-west4']!.price).toEqual({
      spotUsdPerHour: 0.38986,
      onDemandUsdPerHour: 0.742916,
      flexStartUsdPerHour: null,
      date: '2026-07-30',
    });
    expect(guesses['regions.us-west1.hazard.constant.hourlySurvival']).toEqual({ low: 0.7, high: 0.99 });
    expect(objective).toEqual({ deadlineSeconds: 864_000, budgetUsd: 60_000, confidence: 0.95 });
  });

  it('pilot: 130 tasks', () => {
    const { campaign } = parse(shippedText('pilot'));
    expect(campaign.molecules * campaign.windows).toBe(130);
  });

  it('methane: 13 windows whose inputs have yet to be made, two VMs that live for 40 s', () => {
    const { campaign, work, analysis, decisions, regions, checkpoint } = parse(
      shippedText('methane'),
      BESIDE_SHIPPED,
    );
    expect(campaign).toMatchObject({ molecules: 1, windows: 13 });
    expect(work?.table?.inputs[12]).toBe('../examples/methane-campaign/inputs/methane/w12/window.tpr');
    expect(analysis.equilibrationPs).toBe(2);
    expect(decisions).toMatchObject({
      parallelism: { 'us-central1': 2 },
      checkpoint: { intervalSeconds: 2, flushOnNotice: false },
    });
    expect(checkpoint.engineIntervalSeconds).toBe(2);
    expect(regions['us-central1']!.hazard).toMatchObject({ piecewise: { 0: { perHour: 90 } } });
  });

  it('storm: 5,000 aligned writers and one bucket', () => {
    const { decisions, bucket } = parse(shippedText('storm'));
    expect(Object.values(decisions.parallelism).reduce((a, b) => a + b)).toBe(5_000);
    expect(decisions.checkpoint).toMatchObject({ policy: 'aligned', intervalSeconds: 600 });
    expect(decisions.buckets).toBe('one');
    expect(bucket.writesPerSecond).toBe(1_000);
  });

  it('early-death: the same hazard by age and the same shocks in four regions, each at its local time', () => {
    const { regions, spot, decisions, guesses } = parse(shippedText('early-death'));
    const [first, ...others] = Object.values(regions);
    expect(first!.hazard).toMatchObject({
      piecewise: { length: 9, 0: { untilSeconds: 900, perHour: 0.314 } },
    });
    expect(first!.shocks).toEqual({ perHour: 0.02, share: { uniform: [0.1, 0.5] }, scope: 'region' });
    for (const { hazard, shocks } of others) {
      expect({ hazard, shocks }).toEqual({ hazard: first!.hazard, shocks: first!.shocks });
    }
    expect(Object.values(regions).map(({ utcOffsetHours }) => utcOffsetHours)).toEqual([-6, -5, -8, 1]);
    expect(spot.timeOfDay).toMatchObject({ dayFactor: 1.6, nightFactor: 0.4 });
    expect(decisions.checkpoint).toMatchObject({ policy: 'adaptive', flushOnNotice: true });
    expect(Object.keys(guesses)).toHaveLength(5);
  });

  it('campaign-13k: everything that the reference model lacks is off', () => {
    const scenario = parse(shippedText('campaign-13k'));
    expect(scenario.startup.bootSeconds).toEqual({ lognormal: { median: 240, sigma: 0.4 } });
    expect(new Set(Object.values(scenario.batch.limits))).toEqual(new Set([null]));
    expect(scenario.batch).toMatchObject({ vmsPerMinute: null, vmReuse: false });
    expect(scenario.bucket).toMatchObject({
      writesPerSecond: 1_000,
      burst: 1_000,
      latencySeconds: 0,
      uploadThroughputBytesPerSecond: 100e6,
      maxTries: null,
      backoffBaseSeconds: 1,
      backoffCapSeconds: 64,
    });
    expect(scenario.decisions.checkpoint).toEqual({
      policy: 'periodic',
      intervalSeconds: 600,
      jitterSeconds: 120,
      firstPhase: 'none',
      flushOnNotice: false,
    });
    expect(scenario.bucket).toMatchObject({ errorRate: 0, growth: null });
    expect(scenario.checkpoint.growthBytesPerHour).toBe(0);
    expect(scenario.spot).toMatchObject({ hazardFrom: 'task', timeOfDay: null, loadFactor: 0 });
    expect(scenario.regions['us-central1']).toMatchObject({
      hazard: { constant: { hourlySurvival: 0.95 } },
      shocks: null,
      capacity: { poolVms: null, stockouts: null, series: null },
    });
    expect(scenario.prices.softDeleteDays).toBe(0);
  });

  it('campaign-13k: its variants are a matter of --set', () => {
    const overrides = ['decisions.parallelism.us-central1=5000', 'regions.us-central1.quota.spotGpus=5000'];
    for (const policy of ['aligned', 'none']) {
      const text = shippedText('campaign-13k');
      const variant = parse(text, { overrides: [...overrides, `decisions.checkpoint.policy=${policy}`] });
      expect(variant.decisions.checkpoint.policy).toBe(policy);
      expect(variant.decisions.parallelism).toEqual({ 'us-central1': 5_000 });
      expect(variant.regions['us-central1']!.quota.spotGpus).toBe(5_000);
    }
  });
});
