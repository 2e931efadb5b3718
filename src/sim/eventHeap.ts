import type { EventQueue } from './eventQueue.js';

/**
 * A 4-ary heap over typed arrays: the four children that are compared lie side by side, and nothing is allocated per
 * event.
 */
export class EventHeap implements EventQueue {
  private ids = new Int32Array(64);
  private times = new Float64Array(64);
  /** Place of each id in the heap, -1 when it has no event. */
  private places = new Int32Array(64).fill(-1);
  private size = 0;

  top(): number {
    return this.size === 0 ? -1 : (this.ids[0] as number);
  }

  topTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.times[0] as number);
  }

  schedule(id: number, time: number): void {
    if (id >= this.places.length) this.grow(id);
    const place = this.places[id] as number;
    if (place < 0) {
      this.size += 1;
      this.rise(this.size - 1, id, time);
    } else {
      this.settle(place, id, time);
    }
  }

  cancel(id: number): void {
    const place = id < this.places.length ? (this.places[id] as number) : -1;
    if (place < 0) return;
    this.places[id] = -1;
    this.size -= 1;
    const last = this.size;
    if (place < last) this.settle(place, this.ids[last] as number, this.times[last] as number);
  }

  /** Puts an event at `place` or wherever above or below it belongs. */
  private settle(place: number, id: number, time: number): void {
    const up = (place - 1) >> 2;
    if (place > 0 && this.later(up, id, time)) this.rise(place, id, time);
    else this.sink(place, id, time);
  }

  private later(place: number, id: number, time: number): boolean {
    const other = this.times[place] as number;
    return other > time || (other === time && (this.ids[place] as number) > id);
  }

  /** Moves the event from `place` towards the top until its parent is earlier. */
  private rise(from: number, id: number, time: number): void {
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 2;
      if (!this.later(up, id, time)) break;
      this.move(up, place);
      place = up;
    }
    this.put(place, id, time);
  }

  /** Moves the event from `place` down until all of its children are later. */
  private sink(from: number, id: number, time: number): void {
    const { times, ids, size } = this;
    let place = from;
    for (;;) {
      const first = 4 * place + 1;
      if (first >= size) break;
      let best = first;
      let bestTime = times[first] as number;
      const end = Math.min(first + 4, size);
      for (let child = first + 1; child < end; child += 1) {
        const childTime = times[child] as number;
        if (childTime > bestTime) continue;
        if (childTime < bestTime || (ids[child] as number) < (ids[best] as number)) {
          best = child;
          bestTime = childTime;
        }
      }
      if (bestTime > time || (bestTime === time && (ids[best] as number) > id)) break;
      this.move(best, place);
      place = best;
    }
    this.put(place, id, time);
  }

  private move(from: number, to: number): void {
    const id = this.ids[from] as number;
    this.ids[to] = id;
    this.times[to] = this.times[from] as number;
    this.places[id] = to;
  }

  private put(place: number, id: number, time: number): void {
    this.ids[place] = id;
    this.times[place] = time;
    this.places[id] = place;
  }

  private grow(id: number): void {
    const length = Math.max(id + 1, this.places.length * 2);
    const grown = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const before = this.places.length;
    this.ids = grown(this.ids, new Int32Array(length));
    this.times = grown(this.times, new Float64Array(length));
    this.places = grown(this.places, new Int32Array(length));
    this.places.fill(-1, before);
  }
}
