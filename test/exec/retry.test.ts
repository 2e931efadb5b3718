import { describe, expect, it } from 'vitest';
import { PortError } from '../../src/exec/port.js';
import { backoffCeiling, RETRY_POLICY, withRetries } from '../../src/exec/retry.js';
import type { Clock } from '../../src/plan/clock.js';

function sleepless(): { clock: Clock; slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    clock: {
      now: async () => 0,
      async sleep(seconds, signal) {
        signal?.throwIfAborted();
        slept.push(seconds);
      },
    },
  };
}

/** Fails with these errors, one a call, then answers. */
function failing(...errors: Error[]): { call: () => Promise<string>; calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    async call() {
      calls += 1;
      const error = errors[calls - 1];
      if (error) throw error;
      return 'answer';
    },
  };
}

const unavailable = (): PortError => new PortError('RETRYABLE', 'UNAVAILABLE');

describe('retries', () => {
  it('wait a random part of a ceiling that doubles from 1 s up to 60 s', async () => {
    const { clock, slept } = sleepless();
    const { call } = failing(...Array.from({ length: 7 }, unavailable));
    expect(await withRetries(call, { clock, random: () => 0.5 })).toBe('answer');
    expect(slept).toEqual([0.5, 1, 2, 4, 8, 16, 30]);
    expect(backoffCeiling(RETRY_POLICY, 40)).toBe(60);
  });

  it('end after the last try with the last error', async () => {
    const { clock, slept } = sleepless();
    const { call, calls } = failing(...Array.from({ length: 100 }, unavailable));
    await expect(withRetries(call, { clock, random: () => 0 })).rejects.toThrow('UNAVAILABLE');
    expect(calls()).toBe(RETRY_POLICY.maxTries);
    expect(slept).toHaveLength(RETRY_POLICY.maxTries - 1);
  });

  it('are not made for what will not change', async () => {
    const { clock } = sleepless();
    for (const kind of [
      'INVALID_ARGUMENT',
      'NOT_FOUND',
      'ALREADY_EXISTS',
      'PERMISSION_DENIED',
      'OTHER',
    ] as const) {
      const { call, calls } = failing(new PortError(kind, 'no'));
      await expect(withRetries(call, { clock, random: () => 0 })).rejects.toThrow('no');
      expect(calls()).toBe(1);
    }
    const { call, calls } = failing(new TypeError('a bug'));
    await expect(withRetries(call, { clock, random: () => 0 })).rejects.toThrow('a bug');
    expect(calls()).toBe(1);
  });

  it('stop when the user interrupts', async () => {
    const { clock } = sleepless();
    const controller = new AbortController();
    const { call, calls } = failing(unavailable(), unavailable());
    controller.abort();
    await expect(withRetries(call, { clock, random: () => 0, signal: controller.signal })).rejects.toThrow(
      'UNAVAILABLE',
    );
    expect(calls()).toBe(1);
  });
});
