import { expect, test } from 'vitest';
import { shareLines } from '../../src/ui/layout.js';

test('sections grow in turn until all is shown', () => {
  expect(
    shareLines(14, [
      { entries: 4, atLeast: 4 },
      { entries: 20, atLeast: 3 },
      { entries: 9, atLeast: 3 },
    ]),
  ).toEqual([4, 4, 3]);
  expect(
    shareLines(40, [
      { entries: 4, atLeast: 4 },
      { entries: 6, atLeast: 3 },
      { entries: 2, atLeast: 3 },
    ]),
  ).toEqual([4, 6, 2]);
});

test('a section without entries or without room is left out with its heading', () => {
  expect(
    shareLines(6, [
      { entries: 0, atLeast: 4 },
      { entries: 4, atLeast: 3 },
      { entries: 9, atLeast: 3 },
    ]),
  ).toEqual([0, 3, 1]);
  expect(
    shareLines(1, [
      { entries: 4, atLeast: 4 },
      { entries: 4, atLeast: 3 },
    ]),
  ).toEqual([0, 0]);
  expect(shareLines(-3, [{ entries: 4, atLeast: 4 }])).toEqual([0]);
});
