import type { CheckpointPlan } from '../../plan/plan.js';
import { Purpose, type Streams } from '../streams.js';
import type { Fleet } from './fleet.js';

/** When the watchdog of a task wants to ship a checkpoint, where that does not depend on what the task has seen. */
export class WatchdogTimer {
  private readonly streams: Streams;
  private readonly fleet: Fleet;

  constructor({ streams, fleet }: { streams: Streams; fleet: Fleet }) {
    this.streams = streams;
    this.fleet = fleet;
  }

  /** For the first time, when computing starts at `t`. */
  first(vm: number, t: number, plan: CheckpointPlan): number {
    if (plan.policy === 'aligned' || plan.firstPhase !== 'random') return this.next(vm, t, plan);
    return t + this.draw(vm) * plan.intervalSeconds;
  }

  /** After an upload that was over at `t`. */
  next(vm: number, t: number, { policy, intervalSeconds, jitterSeconds }: CheckpointPlan): number {
    if (policy === 'aligned') return (Math.floor(t / intervalSeconds) + 1) * intervalSeconds;
    return t + intervalSeconds + this.draw(vm) * jitterSeconds;
  }

  /** The attempt's next draw for its timer: uniform on [0, 1). */
  draw(vm: number): number {
    const { fleet, streams } = this;
    const n = fleet.timerDraws[vm] as number;
    fleet.timerDraws[vm] = n + 1;
    const task = fleet.task[vm] as number;
    return streams.uniform32(task, fleet.attempt[vm] as number, Purpose.timer, n, fleet.timerWords, vm);
  }
}
