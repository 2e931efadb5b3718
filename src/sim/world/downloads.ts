import type { Scenario } from '../../scenario/scenario.js';
import type { Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import { backoffSeconds } from './backoff.js';
import type { CheckpointBooks } from './checkpointBooks.js';
import { type Fleet, Pending } from './fleet.js';
import type { Job } from './jobTable.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';
import { tellBucketUse } from './tellBucketUse.js';
import type { WorldObserver } from './view.js';

/** What a task fetches before it computes: its input, and its last durable checkpoint where there is one. */
export class Downloads {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;
  private readonly books: CheckpointBooks;
  private readonly observer: WorldObserver | null;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    fleet: Fleet;
    tasks: TaskStore;
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
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
    this.books = parts.books;
    this.observer = parts.observer;
  }

  /** Asks from `t` on, `Pending.fetched` comes when all is there; false: there is nothing to fetch. */
  begin(vm: number, t: number): boolean {
    const { fleet } = this;
    fleet.tries[vm] = 0;
    const restore = (this.tasks.durable[fleet.task[vm] as number] as number) > 0 ? 1 : 0;
    const requests = restore + (this.scenario.campaign.inputBytes > 0 ? 1 : 0);
    fleet.requestsLeft[vm] = requests;
    if (requests > 0) this.request(vm, t);
    return requests > 0;
  }

  request(vm: number, t: number): void {
    const { fleet } = this;
    const { bucket, campaign } = this.scenario;
    const region = this.regions[(this.jobs[fleet.job[vm] as number] as Job).region] as RegionState;
    if (!region.bucket.read(t)) {
      tellBucketUse(this.observer, 'requestRefused', fleet, vm, t);
      // A task without its input can do nothing else: it asks until it is served.
      this.agenda.arm(vm, Pending.read, t + backoffSeconds(this.streams, fleet, vm, bucket));
      return;
    }
    fleet.tries[vm] = 0;
    this.tally.readsBilled += 1;
    const left = (fleet.requestsLeft[vm] as number) - 1;
    fleet.requestsLeft[vm] = left;
    if (left > 0) {
      this.agenda.arm(vm, Pending.read, t + bucket.latencySeconds);
      return;
    }
    const done = this.tasks.durable[fleet.task[vm] as number] as number;
    const bytes = campaign.inputBytes + (done > 0 ? this.books.sizeOf(done) : 0);
    if (region.bucketIsFar) this.tally.crossRegionBytes += bytes;
    const speed = bucket.downloadThroughputBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.agenda.arm(vm, Pending.fetched, t + bucket.latencySeconds + bytes / speed);
  }
}
