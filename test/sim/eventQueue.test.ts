import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventHeap } from '../../src/sim/eventHeap.js';
import type { EventQueue } from '../../src/sim/eventQueue.js';
import { EventWheel } from '../../src/sim/eventWheel.js';

/** The same queue, told in the plainest way: a list that is sorted when somebody looks. */
class ListQueue implements EventQueue {
  private readonly events = new Map<number, number>();
  schedule(id: number, time: number) {
    this.events.set(id, time);
  }
  cancel(id: number) {
    this.events.delete(id);
  }
  top(): number {
    const sorted = [...this.events].sort(([i, a], [j, b]) => (a === b ? i - j : a - b));
    return sorted[0]?.[0] ?? -1;
  }
  topTime(): number {
    return this.events.get(this.top()) ?? Number.POSITIVE_INFINITY;
  }
}

describe.each([
  ['heap', () => new EventHeap()],
  ['wheel', () => new EventWheel()],
] as [string, () => EventQueue][])('the %s', (_name, make) => {
  test('gives the events in the order of time, then of id, whatever is put in, moved or cancelled', () => {
    const time = fc.oneof(
      fc.integer({ min: 0, max: 20 }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.constantFrom(0, Number.MIN_VALUE, 1e-300, 1e300, Number.MAX_VALUE, Number.POSITIVE_INFINITY),
    );
    const command = fc.oneof(
      fc.record({ id: fc.nat(200), time }),
      fc.record({ cancel: fc.nat(200) }),
      fc.constant({ take: true }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const queue = make();
        const list = new ListQueue();
        for (const c of commands) {
          if ('id' in c) {
            queue.schedule(c.id, c.time);
            list.schedule(c.id, c.time);
          } else {
            const id = 'cancel' in c ? c.cancel : list.top();
            if (id >= 0) queue.cancel(id);
            if (id >= 0) list.cancel(id);
          }
          expect([queue.top(), queue.topTime()]).toEqual([list.top(), list.topTime()]);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

/** Seconds from an event to the next one of the same id; `u` and `v` are uniform on [0, 1). */
const DELAYS: Record<string, (u: number, v: number, now: number) => number> = {
  'checkpoint timers and uploads': (u, v) => (v < 0.5 ? 0.5 : 600 + 120 * u),
  'storms on multiples of 600 s': (_u, v, now) => (v < 0.5 ? 0.5 : (Math.floor(now / 600) + 1) * 600 - now),
  'few different times': (u) => Math.floor(3 * u),
  'no time at all, then a day': (u, v) => (v < 0.999 ? 0 : 86_400 * u),
  'gaps of all sizes': (u) => 10 ** (16 * u - 8),
  'a width that is wrong by far every now and then': (u, v, now) =>
    Math.floor(now / 1e6) % 2 === 0 ? 1e4 * u : v < 0.01 ? 1e6 : u,
  'ever farther jumps': (u, _v, now) => now * u + 1e-9,
  'sometimes never': (u, v) => (v < 0.001 ? Number.POSITIVE_INFINITY : -Math.log(1 - u)),
};

describe('the wheel gives what the heap gives, through thousands of events', () => {
  test.each(Object.entries(DELAYS))('%s', (_name, delay) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer(), (ids, seed) => {
        const heap = new EventHeap();
        const wheel = new EventWheel();
        const next = uniforms(seed);
        const schedule = (id: number, time: number) => {
          heap.schedule(id, time);
          wheel.schedule(id, time);
        };
        for (let id = 0; id < ids; id += 1) schedule(id, delay(next(), next(), 0));
        for (let step = 0; step < 8_000; step += 1) {
          const id = heap.top();
          const now = heap.topTime();
          if (wheel.top() !== id || wheel.topTime() !== now) {
            throw new Error(`step ${step}: heap ${id} at ${now}, wheel ${wheel.top()} at ${wheel.topTime()}`);
          }
          if (id < 0 || now === Number.POSITIVE_INFINITY) break;
          const what = next();
          if (what < 0.97) schedule(id, now + delay(next(), next(), now));
          // Another id's event is moved, to any time from now on.
          else if (what < 0.99) schedule(Math.floor(next() * ids), now + delay(next(), next(), now));
          else {
            // Somebody's event is dropped; a new one comes for the id at hand.
            const other = Math.floor(next() * ids);
            heap.cancel(other);
            wheel.cancel(other);
            schedule(id, now + delay(next(), next(), now));
          }
        }
      }),
      { seed: 2, numRuns: 12 },
    );
  });
});

test('the wheel drains like the heap when nothing new is scheduled', () => {
  const heap = new EventHeap();
  const wheel = new EventWheel();
  const next = uniforms(3);
  for (let id = 0; id < 20_000; id += 1) {
    const time = next() < 0.5 ? Math.floor(100 * next()) : 10 ** (12 * next());
    heap.schedule(id, time);
    wheel.schedule(id, time);
  }
  for (let left = 20_000; left > 0; left -= 1) {
    const id = heap.top();
    expect(wheel.top()).toBe(id);
    heap.cancel(id);
    wheel.cancel(id);
  }
  expect([wheel.top(), wheel.topTime()]).toEqual([-1, Number.POSITIVE_INFINITY]);
});

/** Numerical Recipes' 32-bit generator: enough to be arbitrary. */
function uniforms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
