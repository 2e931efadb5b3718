import type { Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import type { EngineClock } from './engineClock.js';
import { End, type Fleet } from './fleet.js';

/** When a run would end, and why. */
export interface Mishap {
  at: number;
  kind: number;
}

/** What may end a run besides its work, its VM's death and its time limit: drawn when it begins. */
export class Mishaps {
  private readonly scenario: Scenario;
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly faultsPerSecond: number;

  constructor(parts: { scenario: Scenario; streams: Streams; fleet: Fleet }) {
    this.scenario = parts.scenario;
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.faultsPerSecond =
      Object.values(parts.scenario.batch.faults).reduce((sum, rate) => sum + rate, 0) / 3600;
  }

  /** The application's own error in a run from `t` on; null: it makes none. */
  failure(vm: number, t: number, clock: EngineClock): Mishap | null {
    const { taskFailure } = this.scenario.campaign;
    if (taskFailure === 0) return null;
    const { fleet, streams } = this;
    const task = fleet.task[vm] as number;
    const attempt = fleet.attempt[vm] as number;
    if (streams.uniform(task, attempt, Purpose.failure, 0) >= taskFailure) return null;
    const share = streams.uniform(task, attempt, Purpose.failure, 1);
    const work = (fleet.work[vm] as number) - (fleet.base[vm] as number);
    return { at: t + clock.wallFor(work * share), kind: End.failed };
  }

  /** The machine's next fault in a run from `t` on, if nothing else ends it first; null: there are none. */
  fault(vm: number, t: number): Mishap | null {
    if (this.faultsPerSecond === 0) return null;
    const { fleet, streams } = this;
    const task = fleet.task[vm] as number;
    const attempt = fleet.attempt[vm] as number;
    const at = t + streams.exponential(task, attempt, Purpose.failure, 2) / this.faultsPerSecond;
    const { vmLostPerHour, rebootPerHour, unresponsivePerHour } = this.scenario.batch.faults;
    let which = streams.uniform(task, attempt, Purpose.failure, 3) * this.faultsPerSecond * 3600;
    let kind: number = End.recreated;
    for (const [rate, end] of [
      [vmLostPerHour, End.vmLost],
      [rebootPerHour, End.reboot],
      [unresponsivePerHour, End.unresponsive],
    ] as const) {
      if (which >= 0 && which < rate) kind = end;
      which -= rate;
    }
    return { at, kind };
  }
}
