import { describe, expect, test } from 'vitest';
import { History, ratesPerHour, type Sample } from '../../src/ui/history.js';
import { campaignAt } from './campaigns.js';

const writing = (share: number, writesPerSecond: number | null) => {
  const snapshot = campaignAt(share);
  return { ...snapshot, bucket: { ...snapshot.bucket, writesPerSecond } };
};

test('a peak between two frames is kept', () => {
  const history = new History();
  history.add(writing(0.1, 20), 0);
  history.add(writing(0.2, 900), 100);
  history.add(writing(0.3, null), 200);
  history.add(writing(0.4, 10), 300);
  expect(history.samples().map((sample) => sample.writesPerSecond)).toEqual([900, 10]);
  expect(history.samples()[0]?.elapsedSeconds).toBe(campaignAt(0.3).elapsedSeconds);
});

test('the oldest samples are forgotten', () => {
  const history = new History();
  for (let n = 0; n < 1000; n++) history.add(writing(0.5, n), n * 1000);
  expect(history.samples()).toHaveLength(300);
  expect(history.samples().at(-1)?.writesPerSecond).toBe(999);
});

describe('ratesPerHour', () => {
  const counted = (...counts: (number | null)[]): Sample[] =>
    counts.map((preemptions, hour) => ({
      elapsedSeconds: hour * 1800,
      writesPerSecond: null,
      running: 0,
      succeeded: 0,
      preemptions,
    }));

  test('is the growth from sample to sample', () => {
    expect(ratesPerHour(counted(0, 5, 6), 'preemptions')).toEqual([null, 10, 2]);
  });

  test('is spread over the samples in which nobody looked, the last ones are unknown', () => {
    expect(ratesPerHour(counted(0, 0, 6, 6, 6, 9, 9), 'preemptions')).toEqual([null, 6, 6, 2, 2, 2, null]);
  });

  test('begins where the count is first known', () => {
    expect(ratesPerHour(counted(null, null, 3, 4), 'preemptions')).toEqual([null, null, null, 2]);
    expect(ratesPerHour(counted(null, null), 'preemptions')).toEqual([null, null]);
    expect(ratesPerHour([], 'preemptions')).toEqual([]);
  });
});
