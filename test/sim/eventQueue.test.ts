import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from '../../src/sim/eventQueue.js';

/** The same queue, told in the plainest way: a list that is sorted when somebody looks. */
class ListQueue {
  private readonly events = new Map<number, number>();
  schedule(id: number, time: number) {
    this.events.set(id, time);
  }
  cancel(id: number) {
    this.events.delete(id);
  }
  top(): number {
    const sorted = [...this.events].sort(([i, a], [j, b]) => a - b || i - j);
    return sorted[0]?.[0] ?? -1;
  }
  topTime(): number {
    return this.events.get(this.top()) ?? Number.POSITIVE_INFINITY;
  }
}

test('gives the events in the order of time, then of id, whatever is put in, moved or cancelled', () => {
  const command = fc.oneof(
    fc.record({ id: fc.nat(200), time: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ cancel: fc.nat(200) }),
    fc.constant({ take: true }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const queue = new EventQueue();
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
