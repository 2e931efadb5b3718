import { describe, expect, it } from 'vitest';
import { overrideScenario } from '../../src/scenario/parse.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { complaint, LEAST, parse, shippedText } from './support.js';

const hazardOf = (scenario: Scenario) => scenario.regions['us-central1']!.hazard;
const SURVIVAL = 'regions.us-central1.hazard.constant.hourlySurvival';

/** The same overrides, of the YAML and of what it resolves to. */
function both(text: string, overrides: string[]): [string, Scenario][] {
  return [
    ['YAML', parse(text, { overrides })],
    ['resolved', overrideScenario(parse(text), overrides, { file: 'x.yaml' })],
  ];
}

describe('overrides', () => {
  it.each<[string, (scenario: Scenario) => unknown, unknown]>([
    [`${SURVIVAL}=0.8`, hazardOf, { constant: { hourlySurvival: 0.8 } }],
    [
      'regions.us-central1.hazard.constant.hourlyPreemption=20%',
      hazardOf,
      { constant: { hourlySurvival: 0.8 } },
    ],
    [
      'regions.us-central1.hazard.piecewise=[{ until: 1h, perHour: 0.3 }, { perHour: 0.01 }]',
      hazardOf,
      {
        piecewise: [
          { untilSeconds: 3_600, perHour: 0.3 },
          { untilSeconds: null, perHour: 0.01 },
        ],
      },
    ],
    ['decisions.checkpoint.policy=none', (s) => s.decisions.checkpoint.policy, 'none'],
    ['decisions.checkpoint.interval=20min', (s) => s.decisions.checkpoint.intervalSeconds, 1_200],
    ['decisions.checkpoint.intervalSeconds=1200', (s) => s.decisions.checkpoint.intervalSeconds, 1_200],
    ['decisions.parallelism.us-central1=7', (s) => s.decisions.parallelism['us-central1'], 7],
    ['campaign.taskDuration.constant=1h', (s) => s.campaign.taskDurationSeconds, { constant: 3_600 }],
    ['campaign.taskDurationSeconds.constant=60', (s) => s.campaign.taskDurationSeconds, { constant: 60 }],
    [
      'campaign.taskDuration.exponential.mean=1h',
      (s) => s.campaign.taskDurationSeconds,
      { exponential: { mean: 3_600 } },
    ],
    [
      'campaign.taskDurationSeconds.exponential.mean=60',
      (s) => s.campaign.taskDurationSeconds,
      { exponential: { mean: 60 } },
    ],
    // The rest of a default stays.
    [
      'startup.boot.lognormal.median=40s',
      (s) => s.startup.bootSeconds,
      { lognormal: { median: 40, sigma: 0.36 } },
    ],
    ['batch.limits.retries=unlimited', (s) => s.batch.limits.retries, null],
    ['regions.us-central1.price.spot=0.5', (s) => s.regions['us-central1']!.price.spotUsdPerHour, 0.5],
    ['cloud.project=mine', (s) => s.cloud?.project, 'mine'],
    [
      'regions.us-central1.hazard.weibull={ shape: 0.436, scale: 103.8h }',
      hazardOf,
      { weibull: { shape: 0.436, scaleSeconds: 373_680 } },
    ],
    ['regions.us-central1.capacity.pool=600', (s) => s.regions['us-central1']!.capacity.poolVms, 600],
    ['regions.us-central1.utcOffset=-5h', (s) => s.regions['us-central1']!.utcOffsetHours, -5],
    ['checkpoint.growthPerHour=5MB', (s) => s.checkpoint.growthBytesPerHour, 5e6],
    [
      'spot.timeOfDay={}',
      (s) => s.spot.timeOfDay,
      { dayFactor: 1.6, nightFactor: 0.4, dayFromHour: 8, dayToHour: 20 },
    ],
    ['spot.timeOfDay.dayFactor=2', (s) => s.spot.timeOfDay?.dayFactor, 2],
    [
      'bucket.growth.doubling=10min',
      (s) => s.bucket.growth,
      { doublingSeconds: 600, maxWritesPerSecond: null },
    ],
    ['description="a=b"', (s) => s.description, 'a=b'],
  ])('%s', (override, of, value) => {
    for (const text of [LEAST, shippedText('thirteen-thousand')]) {
      for (const [form, scenario] of both(text, [override])) expect(of(scenario), form).toEqual(value);
    }
  });

  it('later ones win, and parts of a list can be set', () => {
    const overrides = [
      'regions.us-central1.hazard.piecewise=[{ until: 1h, perHour: 0.3 }, { perHour: 0.01 }]',
      'regions.us-central1.hazard.piecewise[0].until=2h',
      'decisions.maxRetries=3',
      'decisions.maxRetries=4',
    ];
    for (const [, scenario] of both(LEAST, overrides)) {
      expect(hazardOf(scenario)).toMatchObject({ piecewise: [{ untilSeconds: 7_200 }, {}] });
      expect(scenario.decisions.maxRetries).toBe(4);
    }
  });

  it('a figure that is set is no guess any more', () => {
    const text = shippedText('thirteen-thousand');
    expect(Object.keys(parse(text).guesses)).toContain(SURVIVAL);
    for (const override of [
      `${SURVIVAL}=0.8`,
      'regions.us-central1.hazard.constant.hourlyPreemption=20%',
      'regions.us-central1.hazard.piecewise=[{ perHour: 0.01 }]',
      'regions.us-central1.hazard={ constant: { hourlySurvival: 1 } }',
    ]) {
      for (const [form, { guesses }] of both(text, [override])) {
        expect(Object.keys(guesses), `${form}: ${override}`).toHaveLength(3);
        expect(guesses, form).not.toHaveProperty([SURVIVAL]);
      }
    }
  });

  it('a guess can be set', () => {
    for (const [, scenario] of both(LEAST, [`${SURVIVAL}={ value: 0.9, range: [0.5, 0.95] }`])) {
      expect(hazardOf(scenario)).toEqual({ constant: { hourlySurvival: 0.9 } });
      expect(scenario.guesses).toEqual({ [SURVIVAL]: { low: 0.5, high: 0.95 } });
    }
  });

  it('the strategy set on YAML brings its preset', () => {
    const { decisions } = parse(LEAST, { overrides: ['decisions.strategy=rolling'] });
    expect(decisions.waves).toEqual({ size: 50, start: 'finished' });
  });

  it('leaves the scenario that it is given as it is', () => {
    const scenario = parse(LEAST);
    const before = JSON.stringify(scenario);
    overrideScenario(scenario, ['decisions.maxRetries=1', `${SURVIVAL}=0.5`]);
    expect(JSON.stringify(scenario)).toBe(before);
  });

  it.each([
    [
      'decisions.chekpoint.policy=none',
      '--set decisions.chekpoint.policy: found no key "chekpoint", expected one of strategy, parallelism, ' +
        'provisioning, checkpoint, image, maxRetries, buckets, waves, remainder, tail, startup',
    ],
    [
      'campaign.molecules.x=1',
      '--set campaign.molecules.x: found no key "x", expected a path that ends at campaign.molecules',
    ],
    [
      'regions.mars.quota.spotGpus=1',
      '--set regions.mars.quota.spotGpus: found no key "mars", expected one of us-central1',
    ],
    [
      'regions.us-central1.hazard.weird=1',
      '--set regions.us-central1.hazard.weird: found no key "weird", expected one of constant, piecewise, weibull, lifetimes',
    ],
    [
      'decisions.maxRetries',
      '--set: found "decisions.maxRetries", expected path=value, such as decisions.checkpoint.interval=20min',
    ],
    ['=1', '--set: found "=1", expected path=value, such as decisions.checkpoint.interval=20min'],
    ['decisions.maxRetries=[1', '--set decisions.maxRetries: found "[1", expected a value in YAML'],
    ['decisions.maxRetries=*a', '--set decisions.maxRetries: found "*a", expected a value in YAML'],
    ['decisions.maxRetries=ten', 'decisions.maxRetries: found "ten", expected a whole number of at least 0'],
    [
      'campaign.taskDuration.constant=7',
      'campaign.taskDuration.constant: found 7, expected a duration above 0, such as 10min, 7h or 80ms',
    ],
    [
      'startup.boot.lognormal.median=7',
      'startup.boot.lognormal.median: found 7, expected a duration above 0, such as 10min, 7h or 80ms',
    ],
    [
      'decisions.parallelism.us-east1=5',
      'decisions.parallelism.us-east1: found a region that the scenario lacks, expected one of us-central1',
    ],
  ])('refuses %s', (override, message) => {
    expect(complaint(() => parse(LEAST, { overrides: [override] }))).toBe(`x.yaml: ${message}`);
    const resolved = parse(LEAST);
    expect(complaint(() => overrideScenario(resolved, [override], { file: 'x.yaml' }))).toBe(
      `x.yaml: ${message}`,
    );
  });

  it('names do not reach prototypes', () => {
    const message = complaint(() => parse(LEAST, { overrides: ['__proto__.polluted=1'] }));
    expect(message).toContain('found no key "__proto__"');
    expect({}).not.toHaveProperty('polluted');
  });
});
