import type { Scenario } from '../../scenario/scenario.js';
import type { Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import { backoffSeconds } from './backoff.js';
import type { CheckpointBooks } from './checkpointBooks.js';
import { type Fleet, Pending, Phase } from './fleet.js';
import type { Job } from './jobTable.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';
import { tellBucketUse } from './tellBucketUse.js';
import type { WorldObserver } from './view.js';

/**
 * What a task ships once it has stopped computing: its result, and, when its VM is about to be taken away, a last
 * checkpoint. Both ask until they are served; the end of the VM cuts them off.
 */
export class LastUploads {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;
  private readonly books: CheckpointBooks;
  private readonly observer: WorldObserver | null;
  private readonly requestsOfUpload: number;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    fleet: Fleet;
    tally: Tally;
    jobs: readonly Job[];
    regions: readonly RegionState[];
    agenda: Agenda;
    books: CheckpointBooks;
    observer: WorldObserver | null;
  }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
    this.books = parts.books;
    this.observer = parts.observer;
    const { bucket } = parts.scenario;
    this.requestsOfUpload = bucket.readsPerUpload + bucket.requestsPerUpload;
  }

  /** The result, from `t` on; `Pending.published` comes when it is there. */
  publish(vm: number, t: number): void {
    this.begin(vm, Phase.publishing);
    this.requestPublish(vm, t);
  }

  requestPublish(vm: number, t: number): void {
    if (!this.allAdmitted(vm, t, Pending.publishWrite)) return;
    const { bucket, campaign } = this.scenario;
    const speed = bucket.uploadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    const over = t + bucket.latencySeconds + campaign.outputBytes / speed;
    this.agenda.arm(vm, Pending.published, this.throughLink(vm, t, over, campaign.outputBytes));
  }

  /** The checkpoint that is in `fleet.snapshot`, from `t` on; `Pending.flushed` comes when it is durable. */
  flush(vm: number, t: number): void {
    this.begin(vm, Phase.flushing);
    this.requestFlush(vm, t);
  }

  requestFlush(vm: number, t: number): void {
    if (!this.allAdmitted(vm, t, Pending.flushWrite)) return;
    const progress = this.fleet.snapshot[vm] as number;
    const { books } = this;
    const over = t + books.transferSeconds(progress);
    this.agenda.arm(vm, Pending.flushed, this.throughLink(vm, t, over, books.sizeOf(progress)));
  }

  private begin(vm: number, phase: number): void {
    const { fleet } = this;
    fleet.phase[vm] = phase;
    fleet.tries[vm] = 0;
    fleet.requestsLeft[vm] = this.requestsOfUpload;
  }

  /** One request of the upload; true if it was the last one and admitted, else `again` comes for the next. */
  private allAdmitted(vm: number, t: number, again: number): boolean {
    const { fleet } = this;
    const { bucket } = this.scenario;
    if (!this.admits(vm, t)) {
      tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
      this.agenda.arm(vm, again, t + backoffSeconds(this.streams, fleet, vm, bucket));
      return false;
    }
    fleet.tries[vm] = 0;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left === 0) return true;
    this.agenda.arm(vm, again, t + bucket.latencySeconds);
    return false;
  }

  /** The reads of an upload come first. False is a 429. */
  private admits(vm: number, t: number): boolean {
    const { bucket } = this.regionOf(vm);
    if ((this.fleet.requestsLeft[vm] as number) <= this.scenario.bucket.requestsPerUpload) {
      this.tally.events += 1;
      return bucket.write(t);
    }
    if (!bucket.read(t)) return false;
    this.tally.readsBilled += 1;
    return true;
  }

  /** When an upload is over that begins at `t` and alone would be over at `over`. */
  private throughLink(vm: number, t: number, over: number, bytes: number): number {
    return this.regionOf(vm).bucket.link?.finish(t, over - t, bytes) ?? over;
  }

  private regionOf(vm: number): RegionState {
    return this.regions[(this.jobs[this.fleet.job[vm] as number] as Job).region] as RegionState;
  }
}
