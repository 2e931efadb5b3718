import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Hazard, Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { standardErrors } from '../statistics.js';
import { dispersion, endless, lossesByHour, region } from './endless.js';
import { formulaWorld } from './noQueue.js';

const HOUR = 3600;

/** Ages at which the VMs that started at time 0 were taken away, in hours, rising. */
function lives(scenario: Scenario, vms: number, hours: number): number[] {
  const campaign = new Campaign(makePlan(scenario), 'lives');
  const ages: number[] = [];
  let lost = 0;
  // Without retries every loss is the end of one of the first lives.
  const job = campaign.world.jobs[0]!;
  for (let t = HOUR / 60; t <= hours * HOUR && ages.length < vms; t += HOUR / 60) {
    campaign.world.advance(t);
    for (; lost < job.counts[4]!; lost += 1) ages.push(t / HOUR);
  }
  return ages;
}

const N = 20_000;
/** Half-width of the 99.9 % band of Dvoretzky, Kiefer and Wolfowitz. */
const BAND = Math.sqrt(Math.log(2 / 0.001) / (2 * N));

const KINDS: [name: string, hazard: Hazard, survival: (hours: number) => number][] = [
  ['constant', { constant: { hourlySurvival: 0.95 } }, (h) => 0.95 ** h],
  [
    'piecewise',
    {
      piecewise: [
        { untilSeconds: 900, perHour: 0.314 },
        { untilSeconds: 6 * HOUR, perHour: 0.05 },
        { untilSeconds: null, perHour: 0.01 },
      ],
    },
    (h) =>
      Math.exp(
        -(0.314 * Math.min(h, 0.25) + 0.05 * Math.max(0, Math.min(h, 6) - 0.25) + 0.01 * Math.max(0, h - 6)),
      ),
  ],
  [
    'weibull',
    { weibull: { shape: 0.436, scaleSeconds: 103.8 * HOUR } },
    (h) => Math.exp(-((h / 103.8) ** 0.436)),
  ],
  [
    'lifetimes',
    {
      lifetimes: {
        file: 'x.csv',
        sha256: '',
        ageSeconds: [1, 2, 3, 5].map((h) => h * HOUR),
        survival: [0.9, 0.8, 0.5, 0.3],
        tailPerHour: 0.2,
      },
    },
    (h) => (h < 1 ? 1 : h < 2 ? 0.9 : h < 3 ? 0.8 : h < 5 ? 0.5 : 0.3 * Math.exp(-0.2 * (h - 5))),
  ],
];

test.each(KINDS)(
  '20,000 simulated lives follow the %s hazard within the 99.9 %% band',
  (_name, hazard, survival) => {
    const scenario = endless(N, (s) => {
      region(s).quota.spotGpus = N;
      region(s).hazard = hazard;
      s.decisions.maxRetries = 0;
    });
    const ages = lives(scenario, N, 24);
    for (let minute = 1; minute <= 24 * 60; minute += 1) {
      const h = minute / 60;
      const alive = 1 - ages.filter((age) => age <= h + 1e-9).length / N;
      expect(Math.abs(alive - survival(h)), `at ${h} h`).toBeLessThan(BAND);
    }
  },
);

test('with a time-of-day factor lives follow the integral of hazard x factor', () => {
  const scenario = endless(N, (s) => {
    region(s).quota.spotGpus = N;
    region(s).utcOffsetHours = -6;
    s.spot.startHourUtc = 12;
    s.spot.timeOfDay = { dayFactor: 1.6, nightFactor: 0.4, dayFromHour: 8, dayToHour: 20 };
    s.decisions.maxRetries = 0;
  });
  const ages = lives(scenario, N, 30);
  const lambda = -Math.log(0.95);
  // It is 6 in the morning there: two hours of night, twelve of day, twelve of night, and so on.
  const borne = (h: number) => {
    let sum = 0;
    for (let i = 0; i < h * 60; i += 1) {
      const local = (6 + i / 60) % 24;
      sum += ((local >= 8 && local < 20 ? 1.6 : 0.4) * lambda) / 60;
    }
    return sum;
  };
  for (const h of [1, 2, 4, 8, 14, 20, 26, 30]) {
    const alive = 1 - ages.filter((age) => age <= h + 1e-9).length / N;
    expect(Math.abs(alive - Math.exp(-borne(h))), `at ${h} h`).toBeLessThan(BAND);
  }
});

describe('shocks', () => {
  test('give losses an index of dispersion of E[B^2]/E[B]', () => {
    const vms = 200;
    const scenario = endless(vms, (s) => {
      region(s).quota.spotGpus = vms;
      region(s).hazard = { constant: { hourlySurvival: 1 } };
      region(s).shocks = { perHour: 0.5, share: { uniform: [0.1, 0.5] }, scope: 'region' };
    });
    // B is binomial(200, p) with p uniform on [0.1, 0.5].
    const p = 0.3;
    const p2 = 0.3 ** 2 + 0.4 ** 2 / 12;
    const meanB = vms * p;
    const meanB2 = vms * (p - p2) + vms * vms * p2;
    const indices: number[] = [];
    const means: number[] = [];
    for (let r = 0; r < 20; r += 1) {
      const losses = lossesByHour(scenario, `shocks/${r}`, 2_000);
      const { mean, index } = dispersion(losses);
      indices.push(index);
      means.push(mean);
    }
    expect(Math.abs(standardErrors(means, { value: 0.5 * meanB, standardError: 0 }))).toBeLessThan(4);
    expect(Math.abs(standardErrors(indices, { value: meanB2 / meanB, standardError: 0 }))).toBeLessThan(4);
  });
});

test.each([
  [400, 1.5],
  [50, 3],
])(
  'the load factor of 2 multiplies the hazard of 100 VMs in a pool of %d by %d: at most the whole pool counts',
  (poolVms, factor) => {
    const vms = 100;
    const scenario = endless(vms, (s) => {
      region(s).quota.spotGpus = vms;
      region(s).capacity.poolVms = poolVms;
      s.spot.loadFactor = 2;
    });
    const perHour = -Math.log(0.95) * vms * factor;
    const means = Array.from({ length: 20 }, (_, r) => {
      const losses = lossesByHour(scenario, `load/${r}`, 300);
      return losses.reduce((a, b) => a + b, 0) / losses.length;
    });
    expect(Math.abs(standardErrors(means, { value: perHour, standardError: 0 }))).toBeLessThan(4);
  },
);

test('stockouts fill the share of time rate x duration / (1 + rate x duration)', () => {
  const scenario = endless(1, (s) => {
    region(s).capacity.stockouts = { perHour: 0.1, durationSeconds: { exponential: { mean: 5 * HOUR } } };
  });
  const shares = Array.from({ length: 20 }, (_, r) => {
    const { world } = new Campaign(makePlan(scenario), `stock/${r}`);
    let out = 0;
    for (let i = 1; i <= 20_000; i += 1) {
      world.advance((i * HOUR) / 2);
      if (world.regions[0]!.stockedOut) out += 1;
    }
    return out / 20_000;
  });
  expect(Math.abs(standardErrors(shares, { value: 0.5 / 1.5, standardError: 0 }))).toBeLessThan(4);
});

test('a series of capacity is followed: VMs beyond it are taken away, room is used at once', () => {
  const scenario = endless(10, (s) => {
    region(s).hazard = { constant: { hourlySurvival: 1 } };
    region(s).capacity.series = {
      file: 'x.csv',
      sha256: '',
      fromSeconds: [0, 3600, 7200, 10_800],
      vms: [4, 8, 3, 10],
    };
  });
  const { world } = new Campaign(makePlan(scenario), 'series');
  const seen = [1800, 5400, 9000, 12_600].map((t) => {
    world.advance(t);
    return world.regions[0]!.spotVms;
  });
  expect(seen).toEqual([4, 8, 3, 10]);
  expect(world.tally.preemptions).toBe(5);
});

test('a flush that always succeeds loses no work, one that never does loses what no flush loses', () => {
  const lost = (flushOnNotice: boolean, flushSuccess: number) => {
    const scenario = formulaWorld();
    scenario.campaign.molecules = 50;
    scenario.decisions.checkpoint = {
      policy: 'periodic',
      intervalSeconds: 600,
      jitterSeconds: 120,
      firstPhase: 'random',
      flushOnNotice,
    };
    scenario.bucket.writesPerSecond = null;
    scenario.spot.flushSuccess = flushSuccess;
    const campaign = new Campaign(makePlan(scenario), 'flush');
    return campaign.finish().metrics.lostWorkHours;
  };
  expect(lost(true, 1)).toBeLessThan(1e-9);
  expect(lost(true, 0)).toBe(lost(false, 1));
  expect(lost(true, 0.5)).toBeGreaterThan(0);
});
