import { EventHeap } from './eventHeap.js';
import type { EventQueue } from './eventQueue.js';

/** Place of an id that has no event, whose event is in the ring, or among the far ones. */
const NOWHERE = -1;
const RING = -2;
const FAR = -3;

/** Fewer pending events than this are best served by one heap. */
const FEWEST = 32;
/**
 * Width of a bucket in mean gaps between two events. Narrow ones hold one event or none, so that there is seldom
 * anything to order; empty ones are passed 32 at a time, but a long ring takes memory (1 and 1/4 measured alike).
 */
const GAPS_PER_BUCKET = 1 / 2;
/**
 * How far ahead the ring reaches, in mean times between two events of one id; with 4, the ends of runs without
 * checkpoints lay beyond it (measured).
 */
const REACH = 8;
const BUCKETS_PER_EVENT = REACH / GAPS_PER_BUCKET;
/** A width that is wrong by less than this factor is left alone. */
const TOLERANCE = 2;

/**
 * A bucketed wheel: time is cut into buckets of equal width, each an unordered list; only the open bucket is ordered,
 * by a heap, which also takes what is scheduled before it. Events beyond the ring of buckets wait in a heap of their
 * own. So an event costs its list links and the logarithm of its bucket, not of all events, and thousands of equal
 * times cost no more than in a heap (Brown, "Calendar queues", CACM 31(10), 1988, has the buckets without the heap).
 *
 * The width follows the mean time between events as it was of late. Until that is known, and while events are few,
 * there is but one bucket: a heap. Nothing is allocated per event.
 */
export class EventWheel implements EventQueue {
  private size = 0;
  private times = new Float64Array(64);
  /** Place of each id in the heap, or one of the constants above. */
  private places = new Int32Array(64).fill(NOWHERE);
  /** Ids of the open bucket. */
  private heap = new Int32Array(64);
  private inHeap = 0;
  /** Neighbours of each id in the list of its bucket; the first one's `previous` is -1 - slot. */
  private next = new Int32Array(64);
  private previous = new Int32Array(64);
  /** First id of each bucket, -1 for none; bucket k in slot k modulo the length. Holds buckets after the open one. */
  private heads = new Int32Array(64).fill(-1);
  /** One bit for each slot: whether its bucket holds an event. */
  private occupied = new Int32Array(2);
  private inRing = 0;
  private readonly far = new EventHeap();
  /** Time of the first far event. */
  private farFrom = Number.POSITIVE_INFINITY;
  /** Bucket k begins at `origin + k / perSecond`; with `perSecond` 0 there is but one. */
  private origin = 0;
  private perSecond = 0;
  private open = 0;
  /** Events scheduled and buckets passed since the width was last looked at, and the campaign time of that. */
  private scheduled = 0;
  private passed = 0;
  private tunedAt = 0;
  /** The width is looked at after this much work, so that laying all events out anew is a small part of it. */
  private tuneAfter = 1024;

  top(): number {
    return this.inHeap > 0 || this.turn() ? (this.heap[0] as number) : this.far.top();
  }

  topTime(): number {
    return this.inHeap > 0 || this.turn()
      ? (this.times[this.heap[0] as number] as number)
      : this.far.topTime();
  }

  schedule(id: number, time: number): void {
    if (id >= this.places.length) this.grow(id);
    const place = this.places[id] as number;
    // The usual case by far: whoever had the first event schedules his next one, and was alone in his bucket.
    if (place === 0 && this.inHeap === 1) this.inHeap = 0;
    else if (place === NOWHERE) this.size += 1;
    else this.takeOut(id);
    this.put(id, time);
    this.scheduled += 1;
    if (this.scheduled + this.passed > this.tuneAfter) this.tune();
  }

  cancel(id: number): void {
    if (id >= this.places.length || this.places[id] === NOWHERE) return;
    this.takeOut(id);
    this.places[id] = NOWHERE;
    this.size -= 1;
  }

  private put(id: number, time: number): void {
    this.times[id] = time;
    const { open } = this;
    const bucket = (time - this.origin) * this.perSecond;
    const buckets = this.heads.length;
    if (bucket < open + 1) {
      this.inHeap += 1;
      this.rise(this.inHeap - 1, id, time);
    } else if (bucket < open + buckets) {
      this.link(id, bucket & (buckets - 1));
    } else {
      this.places[id] = FAR;
      this.far.schedule(id, time);
      this.farFrom = this.far.topTime();
    }
  }

  private takeOut(id: number): void {
    const place = this.places[id] as number;
    if (place >= 0) this.remove(place);
    else if (place === RING) this.unlink(id);
    else this.leaveFar(id);
  }

  private leaveFar(id: number): void {
    this.far.cancel(id);
    this.farFrom = this.far.topTime();
  }

  // ---- the ring ------------------------------------------------------------------------------------------------

  private link(id: number, slot: number): void {
    const { heads, previous } = this;
    const first = heads[slot] as number;
    this.places[id] = RING;
    this.next[id] = first;
    previous[id] = -1 - slot;
    if (first >= 0) previous[first] = id;
    heads[slot] = id;
    const { occupied } = this;
    occupied[slot >> 5] = (occupied[slot >> 5] as number) | (1 << (slot & 31));
    this.inRing += 1;
  }

  private unlink(id: number): void {
    const before = this.previous[id] as number;
    const after = this.next[id] as number;
    if (before >= 0) this.next[before] = after;
    else this.heads[-1 - before] = after;
    if (after >= 0) this.previous[after] = before;
    else if (before < 0) this.vacate(-1 - before);
    this.inRing -= 1;
  }

  private vacate(slot: number): void {
    const { occupied } = this;
    occupied[slot >> 5] = (occupied[slot >> 5] as number) & ~(1 << (slot & 31));
  }

  /** The first occupied slot after `slot`, around the ring; there must be one. */
  private nextOccupied(slot: number): number {
    const { occupied } = this;
    const last = occupied.length - 1;
    const from = (slot + 1) & (this.heads.length - 1);
    let word = from >> 5;
    let bits = (occupied[word] as number) & (-1 << (from & 31));
    while (bits === 0) {
      word = (word + 1) & last;
      bits = occupied[word] as number;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** Opens the next bucket that holds an event; false when there is none, or none at a finite time. */
  private turn(): boolean {
    const { heads, next } = this;
    if ((this.farFrom - this.origin) * this.perSecond < this.open + heads.length) this.drawIn();
    if (this.inRing === 0) return this.jump();
    const mask = heads.length - 1;
    const slot = this.nextOccupied(this.open & mask);
    this.open += (slot - this.open) & mask;
    this.passed += 1;
    let id = heads[slot] as number;
    heads[slot] = -1;
    this.vacate(slot);
    this.heap[0] = id;
    this.places[id] = 0;
    let n = 1;
    for (id = next[id] as number; id >= 0; id = next[id] as number) {
      this.rise(n, id, this.times[id] as number);
      n += 1;
    }
    this.inHeap = n;
    this.inRing -= n;
    if (this.passed > this.tuneAfter) this.tune();
    return true;
  }

  /** Moves what has come within reach of the ring to its bucket. */
  private drawIn(): void {
    for (;;) {
      const time = this.farFrom;
      if (!((time - this.origin) * this.perSecond < this.open + this.heads.length)) return;
      const id = this.far.top();
      this.leaveFar(id);
      this.put(id, time);
    }
  }

  /** With nothing left nearby, the buckets begin anew at the first of the far events. */
  private jump(): boolean {
    const time = this.farFrom;
    if (!Number.isFinite(time)) return false;
    this.origin = time;
    this.open = 0;
    this.drawIn();
    return true;
  }

  // ---- the heap of the open bucket -----------------------------------------------------------------------------

  /** Moves the event from `place` towards the top until its parent is earlier. */
  private rise(from: number, id: number, time: number): void {
    const { heap, times, places } = this;
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 2;
      const other = heap[up] as number;
      const otherTime = times[other] as number;
      if (otherTime < time || (otherTime === time && other < id)) break;
      heap[place] = other;
      places[other] = place;
      place = up;
    }
    heap[place] = id;
    places[id] = place;
  }

  /** Takes the event at `place` out and closes the gap with the last one. */
  private remove(place: number): void {
    const last = this.inHeap - 1;
    this.inHeap = last;
    if (place >= last) return;
    const { heap, times } = this;
    const id = heap[last] as number;
    const time = times[id] as number;
    const above = heap[(place - 1) >> 2] as number;
    if (place > 0 && ((times[above] as number) > time || (times[above] === time && above > id))) {
      this.rise(place, id, time);
    } else {
      this.sink(place, id, time);
    }
  }

  /** Moves the event from `place` down until all of its children are later. */
  private sink(from: number, id: number, time: number): void {
    const { heap, times, places, inHeap } = this;
    let place = from;
    for (;;) {
      const first = 4 * place + 1;
      if (first >= inHeap) break;
      let bestPlace = first;
      let best = heap[first] as number;
      let bestTime = times[best] as number;
      const end = Math.min(first + 4, inHeap);
      for (let child = first + 1; child < end; child += 1) {
        const other = heap[child] as number;
        const otherTime = times[other] as number;
        if (otherTime > bestTime || (otherTime === bestTime && other > best)) continue;
        bestPlace = child;
        best = other;
        bestTime = otherTime;
      }
      if (bestTime > time || (bestTime === time && best > id)) break;
      heap[place] = best;
      places[best] = place;
      place = bestPlace;
    }
    heap[place] = id;
    places[id] = place;
  }

  // ---- the width -----------------------------------------------------------------------------------------------

  /** Looks whether the width still fits, and lays all events out anew if it does not. */
  private tune(): void {
    const now = this.topTime();
    const gap = (now - this.tunedAt) / Math.max(1, this.scheduled);
    this.scheduled = 0;
    this.passed = 0;
    this.tunedAt = now;
    const perSecond = this.size < FEWEST ? 0 : 1 / (GAPS_PER_BUCKET * gap);
    // Nothing to learn from a storm of equal times, nor from times too large to tell apart.
    if (!(gap > 0 && Number.isFinite(gap) && Number.isFinite(perSecond))) return;
    let buckets = this.heads.length;
    while (buckets < BUCKETS_PER_EVENT * this.size) buckets *= 2;
    const ratio = perSecond / this.perSecond;
    const fits = perSecond === this.perSecond || (ratio > 1 / TOLERANCE && ratio < TOLERANCE);
    if (!fits || buckets > this.heads.length) this.layOut(now, perSecond, buckets);
  }

  private layOut(origin: number, perSecond: number, buckets: number): void {
    const { far, places, times } = this;
    if (buckets > this.heads.length) {
      this.heads = new Int32Array(buckets);
      this.occupied = new Int32Array(buckets >> 5);
    }
    this.heads.fill(-1);
    this.occupied.fill(0);
    this.inRing = 0;
    this.inHeap = 0;
    this.origin = origin;
    this.perSecond = perSecond;
    this.open = 0;
    this.tuneAfter = places.length + buckets;
    while (far.top() >= 0) this.leaveFar(far.top());
    for (let id = 0; id < places.length; id += 1) {
      if (places[id] !== NOWHERE) this.put(id, times[id] as number);
    }
  }

  private grow(id: number): void {
    const before = this.places.length;
    const length = Math.max(id + 1, before * 2);
    const grown = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.times = grown(this.times, new Float64Array(length));
    this.places = grown(this.places, new Int32Array(length));
    this.places.fill(NOWHERE, before);
    this.heap = grown(this.heap, new Int32Array(length));
    this.next = grown(this.next, new Int32Array(length));
    this.previous = grown(this.previous, new Int32Array(length));
  }
}
