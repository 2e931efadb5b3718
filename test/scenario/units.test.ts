import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as units from '../../src/scenario/units.js';

const ALL = Object.entries(units).filter(([, unit]) => typeof unit === 'object') as [string, units.Unit][];
const UNITS = new Map(ALL);
const WITH_TEXT = ALL.filter(([, unit]) => unit.pattern !== null);

describe('units', () => {
  it.each<[string, string, number]>([
    ['DURATION', '7h', 25_200],
    ['DURATION', '10min', 600],
    ['DURATION', '5d', 432_000],
    ['DURATION', '80ms', 0.08],
    ['DURATION', '9ms', 0.009],
    ['DURATION', '1s', 1],
    ['DURATION', '1.5 h', 5_400],
    ['DURATION', '1h30min', 5_400],
    ['DURATION', '1d2h3min4s', 93_784],
    ['BYTES', '50MB', 50_000_000],
    ['BYTES', '1.1MB', 1_100_000],
    ['BYTES', '50MiB', 52_428_800],
    ['BYTES', '5GB', 5e9],
    ['BYTES', '1kB', 1_000],
    ['BYTES', '1KiB', 1_024],
    ['BYTES', '2TiB', 2 ** 41],
    ['BYTES', '7B', 7],
    ['GIGABYTES', '50GB', 50],
    ['GIGABYTES', '2TB', 2_000],
    ['BYTE_RATE', '60MB/s', 60e6],
    ['BYTE_RATE', '200Gbit/s', 25e9],
    ['BYTE_RATE', '80Mbit/s', 10e6],
    ['PER_SECOND_RATE', '1000/s', 1_000],
    ['PER_SECOND_RATE', '60/min', 1],
    ['PER_MINUTE_RATE', '250/min', 250],
    ['PER_MINUTE_RATE', '4/s', 240],
    ['PER_HOUR_RATE', '0.314/h', 0.314],
    ['USD_PER_HOUR', '0.397 USD/h', 0.397],
    ['USD', '40000 USD', 40_000],
    ['USD_PER_GB_MONTH', '0.02 USD/GB-month', 0.02],
    ['USD_PER_1000', '0.005 USD/1000', 0.005],
    ['USD_PER_GB', '0.02 USD/GB', 0.02],
    ['BYTES_PER_HOUR', '5MB', 5_000_000],
    ['UTC_OFFSET', '-6h', -6],
    ['UTC_OFFSET', '330min', 5.5],
    ['SHARE', '5%', 0.05],
    ['PERCENT', '5%', 5],
  ])('%s reads %s', (name, text, value) => {
    expect(UNITS.get(name)!.parse(text)).toBe(value);
  });

  it.each<[string, string]>([
    ['DURATION', '7'],
    ['DURATION', '7 hours'],
    ['DURATION', '7H'],
    ['DURATION', ' 7h'],
    ['DURATION', '7h '],
    ['DURATION', '7h\n'],
    ['DURATION', '30min1h'],
    ['DURATION', '1h1h'],
    ['DURATION', ''],
    ['DURATION', '.5h'],
    ['DURATION', 'Infinityh'],
    ['BYTES', '50mb'],
    ['BYTES', '50M'],
    ['BYTES', '5KB'],
    ['BYTES', '50MB/s'],
    ['GIGABYTES', '50GiB'],
    ['BYTE_RATE', '60MB'],
    ['BYTE_RATE', '60MBps'],
    ['PER_SECOND_RATE', '1000'],
    ['PER_SECOND_RATE', '1000/sec'],
    ['USD', '$40000'],
    ['USD', '40,000 USD'],
    ['USD_PER_HOUR', '0.397 USD'],
    ['USD_PER_HOUR', '0.397 EUR/h'],
    ['SHARE', '5 percent'],
    ['COUNT', '5'],
    ['VMS', '5'],
    ['BYTES_PER_HOUR', '5MB/h'],
    ['USD_PER_GB', '0.02 USD/GB-month'],
  ])('%s refuses "%s"', (name, text) => {
    expect(UNITS.get(name)!.parse(text)).toBeNull();
  });

  it.each(WITH_TEXT)('%s reads back what it writes, exactly', (_, unit) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e18, noNaN: true }), (value) => {
        const inWholeBytes = ['Bytes', 'BytesPerHour'].includes(unit.suffix);
        const kept = inWholeBytes ? Math.round(value) : value;
        const text = unit.format(kept);
        expect(text).toMatch(unit.pattern!);
        // A share is written in percent, which rounds once more.
        if (unit === units.SHARE) expect(unit.parse(text)).toBeCloseTo(kept, -3);
        else expect(unit.parse(text)).toBe(kept);
      }),
      { seed: 1 },
    );
  });

  it.each(WITH_TEXT)('%s: every example of a message is understood', (_, unit) => {
    for (const example of unit.examples) {
      const value = unit.parse(example) ?? (unit.bare === 'any' ? Number(example) : Number.NaN);
      expect(Math.abs(value)).toBeGreaterThan(0);
    }
  });

  it('writes whole quantities in the largest unit that fits', () => {
    expect(units.DURATION.format(600)).toBe('10min');
    expect(units.DURATION.format(25_200)).toBe('7h');
    expect(units.DURATION.format(0.08)).toBe('80ms');
    expect(units.DURATION.format(0)).toBe('0s');
    expect(units.BYTES.format(50e6)).toBe('50MB');
    expect(units.BYTES.format(50 * 2 ** 20)).toBe('50MiB');
    expect(units.USD.format(40_000)).toBe('40000 USD');
  });
});
