import { expect, test } from 'vitest';
import { History } from '../../src/ui/history.js';
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
