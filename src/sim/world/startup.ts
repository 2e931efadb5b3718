import type { Distribution, ImageDelivery, Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import type { AttemptBounds } from './attemptBounds.js';
import { type Fleet, Pending, Phase } from './fleet.js';
import { type Job, Task } from './jobTable.js';
import type { RegionState } from './regionState.js';
import type { Tally } from './tally.js';

/** What becomes of a VM that starts. */
export interface StartupEvents {
  taskMoved(vm: number, to: number): void;
  /** The registry had no image to give. */
  imageMissing(vm: number, t: number): void;
  /** The VM can turn to its task. */
  ready(vm: number, t: number): void;
}

/** The start of a VM, from its creation on: boot and driver, image, and the spread that the plan may ask for. */
export class Startup {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly tally: Tally;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;
  private readonly bounds: AttemptBounds;
  private readonly events: StartupEvents;
  private readonly imageSeconds: Record<ImageDelivery, Distribution>;

  constructor(parts: {
    scenario: Scenario;
    streams: Streams;
    fleet: Fleet;
    tally: Tally;
    jobs: readonly Job[];
    regions: readonly RegionState[];
    agenda: Agenda;
    bounds: AttemptBounds;
    events: StartupEvents;
  }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.tally = parts.tally;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
    this.bounds = parts.bounds;
    this.events = parts.events;
    const { pullSeconds, streamingSeconds, bakedSeconds } = parts.scenario.startup;
    this.imageSeconds = { pull: pullSeconds, streaming: streamingSeconds, baked: bakedSeconds };
  }

  /** The VM exists: it is billed and, if it is Spot, can be taken away. */
  boot(vm: number, t: number): void {
    const { fleet } = this;
    fleet.phase[vm] = Phase.booting;
    fleet.billedFrom[vm] = t;
    fleet.attemptFrom[vm] = t;
    if (this.scenario.spot.hazardFrom === 'vm') this.bounds.startHazard(vm, t);
    this.events.taskMoved(vm, Task.assigned);
    const { bootSeconds, driverSeconds } = this.scenario.startup;
    const isBaked = this.jobOf(vm).spec.imageDelivery === 'baked';
    const driver = isBaked ? 0 : this.sample(driverSeconds, vm, Purpose.driver);
    this.agenda.arm(vm, Pending.booted, t + this.sample(bootSeconds, vm, Purpose.boot) + driver);
  }

  /** Boot and driver are done: the task is RUNNING and waits for its image. */
  booted(vm: number, t: number): void {
    this.events.taskMoved(vm, Task.running);
    this.bounds.startLimit(vm, t);
    this.takeImage(vm, t);
  }

  takeImage(vm: number, t: number): void {
    this.fleet.phase[vm] = Phase.image;
    const delivery = this.jobOf(vm).spec.imageDelivery;
    const own = this.sample(this.imageSeconds[delivery], vm, Purpose.image);
    if (delivery !== 'baked') this.tally.imagePulls += 1;
    const over = delivery === 'pull' ? this.regionOf(vm).registry.pull(t, own) : t + own;
    this.agenda.arm(vm, Pending.imageReady, over);
  }

  /** The image is there, or the registry had none: then the runnable fails with exit code 1 before it writes a word. */
  imageEnds(vm: number, t: number): void {
    const failed = t < this.regionOf(vm).imageFailsUntil && this.jobOf(vm).spec.imageDelivery !== 'baked';
    this.fleet.imageless[vm] = failed ? 1 : 0;
    if (failed) this.events.imageMissing(vm, t);
    else this.spread(vm, t);
  }

  private spread(vm: number, t: number): void {
    const { fleet } = this;
    const { startSpreadSeconds: seconds, external = false } = this.jobOf(vm).spec;
    // A real task spreads its start itself.
    if (seconds === 0 || external) {
      this.events.ready(vm, t);
      return;
    }
    fleet.phase[vm] = Phase.spread;
    const u = this.streams.uniform(
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      Purpose.spread,
      0,
    );
    this.agenda.arm(vm, Pending.spreadOver, t + seconds * u);
  }

  private sample(distribution: Distribution, vm: number, purpose: Purpose): number {
    const { fleet } = this;
    const task = fleet.keyTask[vm] as number;
    return this.streams.sample(distribution, task, fleet.keyAttempt[vm] as number, purpose);
  }

  private jobOf(vm: number): Job {
    return this.jobs[this.fleet.job[vm] as number] as Job;
  }

  private regionOf(vm: number): RegionState {
    return this.regions[this.jobOf(vm).region] as RegionState;
  }
}
