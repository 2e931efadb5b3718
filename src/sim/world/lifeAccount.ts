import { MINIMUM_BILLED_SECONDS } from '../../plan/vmPrice.js';
import type { EventQueue } from '../eventQueue.js';
import type { Checkpointing } from './checkpointing.js';
import type { Fleet } from './fleet.js';
import type { Job } from './jobTable.js';
import type { Tally } from './tally.js';
import type { TaskStore } from './taskStore.js';

/** Puts every billed second of a VM to what it was used for: once for each attempt, once when the VM goes. */
export class LifeAccount {
  private readonly fleet: Fleet;
  private readonly tasks: TaskStore;
  private readonly tally: Tally;
  private readonly checkpointing: Checkpointing;

  constructor(parts: { fleet: Fleet; tasks: TaskStore; tally: Tally; checkpointing: Checkpointing }) {
    this.fleet = parts.fleet;
    this.tasks = parts.tasks;
    this.tally = parts.tally;
    this.checkpointing = parts.checkpointing;
  }

  /** Computing is over at `t`, though the attempt may go on to publish or to flush. */
  stopComputing(vm: number, t: number): void {
    const { fleet } = this;
    this.checkpointing.stop(vm, t);
    fleet.stoppedAt[vm] = t;
    fleet.stoppedWork[vm] = this.checkpointing.progressAt(vm, t);
  }

  /** Splits the attempt that ends at `t` into start-up, transfers, kept work, lost work and pauses. */
  attemptEnded(vm: number, job: Job, t: number, succeeded: boolean): void {
    const { fleet, tasks, tally } = this;
    if ((fleet.billedFrom[vm] as number) < 0) return;
    const rate = job.rates.usdPerSecond;
    const from = fleet.attemptFrom[vm] as number;
    const fetchFrom = fleet.fetchFrom[vm] as number;
    const computeFrom = fleet.computeFrom[vm] as number;
    const fetchStart = fetchFrom < 0 ? t : fetchFrom;
    const computeStart = computeFrom < 0 ? t : computeFrom;
    let stopped = t;
    let kept = 0;
    let lost = 0;
    if (computeFrom >= 0) {
      const task = fleet.task[vm] as number;
      tally.events += 1;
      if ((fleet.stoppedAt[vm] as number) < 0) this.stopComputing(vm, t);
      this.checkpointing.close(vm);
      stopped = fleet.stoppedAt[vm] as number;
      const done = fleet.stoppedWork[vm] as number;
      if (succeeded) tasks.durable[task] = done;
      const durable = tasks.durable[task] as number;
      kept = durable - (fleet.base[vm] as number);
      lost = done - durable;
      tasks.durableUsd[task] = (tasks.durableUsd[task] as number) + kept * rate;
    }
    tally.lostSeconds += lost;
    tally.usd.startup += (fetchStart - from) * rate;
    tally.usd.dataTransfer += (computeStart - fetchStart + (t - stopped)) * rate;
    tally.usd.usefulWork += kept * rate;
    tally.usd.lostWork += lost * rate;
    tally.usd.checkpointPauses += (stopped - computeStart - kept - lost) * rate;
    fleet.accounted[vm] = (fleet.accounted[vm] as number) + (t - from);
  }

  /** Bills the VM that goes at `t`; what no attempt used was idle. One that was still being made costs nothing. */
  vmGone(vm: number, job: Job, t: number, queue: EventQueue): void {
    const { fleet, tally } = this;
    const from = fleet.billedFrom[vm] as number;
    if (from >= 0) {
      const { rates } = job;
      const billed = Math.max(MINIMUM_BILLED_SECONDS, t - from);
      tally.billedSeconds += billed;
      tally.usd.idle += (billed - (fleet.accounted[vm] as number)) * rates.usdPerSecond;
      tally.usd.bootDisk += billed * rates.diskUsdPerSecond;
      tally.usd.externalIp += billed * rates.ipUsdPerSecond;
    }
    queue.cancel(2 * vm);
    fleet.give(vm);
  }
}
