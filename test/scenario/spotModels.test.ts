import { describe, expect, it } from 'vitest';
import { LEAST, parse } from './support.js';

const inRegion = (keys: string) => parse(LEAST.replace('quota:', `${keys}, quota:`)).regions['us-central1']!;

describe('the further models', () => {
  it('are all off unless they are asked for', () => {
    const { spot, bucket, prices, checkpoint, regions } = parse(LEAST);
    expect(spot).toEqual({
      hazardFrom: 'vm',
      startHourUtc: 8,
      timeOfDay: null,
      loadFactor: 0,
      noticeSeconds: 30,
      flushSuccess: 0.5,
    });
    expect([bucket.errorRate, bucket.growth]).toEqual([0, null]);
    expect([prices.softDeleteDays, prices.crossRegionUsdPerGb]).toEqual([0, 0.02]);
    expect(checkpoint.growthBytesPerHour).toBe(0);
    const { shocks, capacity } = regions['us-central1']!;
    expect(shocks).toBeNull();
    expect(capacity).toEqual({ poolVms: null, stockouts: null, series: null });
  });

  it('a Weibull hazard has a shape and a scale', () => {
    expect(inRegion('hazard: { weibull: { shape: 0.436, scale: 103.8h } }').hazard).toEqual({
      weibull: { shape: 0.436, scaleSeconds: 373_680 },
    });
  });

  it('shocks take a constant or a uniform share', () => {
    expect(inRegion('shocks: { perHour: 0.02, share: { uniform: [0.1, 50%] } }').shocks).toEqual({
      perHour: 0.02,
      share: { uniform: [0.1, 0.5] },
      scope: 'region',
    });
    expect(inRegion('shocks: { perHour: 0.02/h, share: { constant: 20% } }').shocks).toEqual({
      perHour: 0.02,
      share: { constant: 0.2 },
      scope: 'region',
    });
  });

  it('capacity is a pool, and stockouts that last an hour or so', () => {
    expect(inRegion('capacity: { pool: 600, stockouts: { perHour: 0.01 } }').capacity).toEqual({
      poolVms: 600,
      stockouts: { perHour: 0.01, durationSeconds: { lognormal: { median: 3_600, sigma: 1 } } },
      series: null,
    });
    const short = 'capacity: { stockouts: { perHour: 0.01, duration: { constant: 10min } } }';
    expect(inRegion(short).capacity.stockouts?.durationSeconds).toEqual({ constant: 600 });
  });

  it('local time is known where a region offers L4, and can be given', () => {
    const offset = (name: string, keys = '') =>
      parse(LEAST.replace('us-central1: {', `${name}: { price: { spot: 1, onDemand: 2 }, ${keys}`)).regions[
        name
      ]!.utcOffsetHours;
    expect(offset('us-central1')).toBe(-6);
    expect(offset('asia-south1')).toBe(5.5);
    expect(offset('us-central1', 'utcOffset: -5,')).toBe(-5);
    expect(offset('us-central1', 'utcOffset: -5h,')).toBe(-5);
    expect(offset('us-central1', 'utcOffsetHours: -5,')).toBe(-5);
    expect(offset('mars-north1')).toBe(0);
  });

  it('the hazard follows the time of day, the load and the notice', () => {
    const { spot } = parse(
      `${LEAST}spot: { startHourUtc: 14, timeOfDay: { dayFactor: 2 }, loadFactor: 1, notice: 2min, flushSuccess: 90% }`,
    );
    expect(spot).toEqual({
      hazardFrom: 'vm',
      startHourUtc: 14,
      timeOfDay: { dayFactor: 2, nightFactor: 0.4, dayFromHour: 8, dayToHour: 20 },
      loadFactor: 1,
      noticeSeconds: 120,
      flushSuccess: 0.9,
    });
  });

  it('a bucket fails at times and grows', () => {
    const { bucket } = parse(
      `${LEAST}bucket: { errorRate: 1e-5, growth: { doubling: 10min, maxWritesPerSecond: 16000/s } }`,
    );
    expect(bucket).toMatchObject({
      errorRate: 1e-5,
      growth: { doublingSeconds: 600, maxWritesPerSecond: 16_000 },
    });
    expect(parse(`${LEAST}bucket: { growth: {} }`).bucket.growth).toEqual({
      doublingSeconds: 1_200,
      maxWritesPerSecond: null,
    });
  });

  it('checkpoints grow, are kept and cross regions', () => {
    const { checkpoint, prices } = parse(
      `${LEAST}checkpoint: { growthPerHour: 5MB }\nprices: { softDeleteDays: 7, crossRegion: 0.05 USD/GB }`,
    );
    expect(checkpoint.growthBytesPerHour).toBe(5e6);
    expect(prices).toMatchObject({ softDeleteDays: 7, crossRegionUsdPerGb: 0.05 });
  });

  it('the policy may adapt', () => {
    const { decisions } = parse(`${LEAST}decisions: { checkpoint: { policy: adaptive } }`);
    expect(decisions.checkpoint.policy).toBe('adaptive');
  });

  it('their ranges are guesses that a forecast may sample', () => {
    const text = LEAST.replace(
      'quota:',
      'shocks: { perHour: { value: 0.02, range: [0, 0.1] }, share: { uniform: [0.1, 0.5] } }, quota:',
    ).concat('spot: { loadFactor: { value: 1, range: [0, 3] } }');
    expect(parse(text).guesses).toEqual({
      'regions.us-central1.shocks.perHour': { low: 0, high: 0.1 },
      'spot.loadFactor': { low: 0, high: 3 },
    });
  });
});
