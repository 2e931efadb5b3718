import type { WorldFault } from '../../plan/journal.js';
import type { EventQueue } from '../eventQueue.js';
import type { RegionState } from './regionState.js';
import { RegionTimer, regionTimerId } from './spotWeather.js';

/** What an ordered fault does that is not a mark on its region. */
export interface FaultEffects {
  /** Takes this share of the region's Spot VMs away. `n`: the number of the fault, part of the key of its draws. */
  preempt(region: RegionState, share: number, n: number, t: number): void;
  /** VMs can be had again. */
  roomMade(region: RegionState, t: number): void;
}

type Step = { at: number; fault: WorldFault; begins: boolean };

/**
 * What a tester makes happen to a region at a time of his choosing. Each takes effect at its time exactly, however
 * time is cut, so that a replay of the journal meets the same faults.
 */
export class OrderedFaults {
  private readonly queue: EventQueue;
  private readonly effects: FaultEffects;
  /** By region, in order of time; steps of one time in the order in which they were asked for. */
  private readonly steps = new Map<number, Step[]>();
  private preemptions = 0;

  constructor(queue: EventQueue, effects: FaultEffects) {
    this.queue = queue;
    this.effects = effects;
  }

  /** `now`: the earliest time at which it can take effect. */
  order(region: RegionState, fault: WorldFault, now: number): void {
    const at = Math.max(fault.at, now);
    this.insert(region, { at, fault, begins: true });
    if (fault.kind === 'stockout') this.insert(region, { at: at + fault.seconds, fault, begins: false });
  }

  /** The region's timer has come. */
  handle(region: RegionState, t: number): void {
    const steps = this.steps.get(region.number) ?? [];
    const step = steps.shift();
    this.arm(region, steps);
    if (!step) return;
    const { fault, begins } = step;
    switch (fault.kind) {
      case 'preempt':
        this.effects.preempt(region, fault.share, this.preemptions, t);
        this.preemptions += 1;
        break;
      case 'stockout':
        region.closures += begins ? 1 : -1;
        if (!begins) this.effects.roomMade(region, t);
        break;
      case 'imageUnavailable':
        region.imageFailsUntil = Math.max(region.imageFailsUntil, t + fault.seconds);
        break;
      case 'agentSilent':
        region.agentSilentUntil = Math.max(region.agentSilentUntil, t + fault.seconds);
        break;
    }
  }

  private insert(region: RegionState, step: Step): void {
    const steps = this.steps.get(region.number) ?? [];
    const at = steps.findIndex((other) => other.at > step.at);
    steps.splice(at < 0 ? steps.length : at, 0, step);
    this.steps.set(region.number, steps);
    this.arm(region, steps);
  }

  private arm(region: RegionState, steps: readonly Step[]): void {
    const id = regionTimerId(region.number, RegionTimer.ordered);
    this.queue.cancel(id);
    const next = steps[0];
    if (next) this.queue.schedule(id, next.at);
  }
}
