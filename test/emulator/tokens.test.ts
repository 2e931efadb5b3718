import { expect, test } from 'vitest';
import { TokenStore } from '../../src/emulator/tokens.js';

test('a token is its account until it expires, and others are unknown', () => {
  let now = 100;
  const tokens = new TokenStore(() => now);
  const [first, second] = [tokens.issue('a@x', 60), tokens.issue('b@x', 120)];
  expect(first).not.toBe(second);
  expect(tokens.check(first)).toEqual({ state: 'valid', account: 'a@x' });
  now = 159.9;
  expect(tokens.check(first)).toEqual({ state: 'valid', account: 'a@x' });
  now = 160;
  expect(tokens.check(first)).toEqual({ state: 'expired' });
  expect(tokens.check(second)).toEqual({ state: 'valid', account: 'b@x' });
  expect(tokens.check(second, 220)).toEqual({ state: 'expired' });
  expect(tokens.check('ya29.other')).toEqual({ state: 'unknown' });
});

test('tokens that ended long ago are forgotten', () => {
  let now = 0;
  const tokens = new TokenStore(() => now);
  const old = tokens.issue('a@x', 60);
  now = 2 * 24 * 3600;
  tokens.issue('a@x', 60);
  expect(tokens.check(old)).toEqual({ state: 'unknown' });
});
