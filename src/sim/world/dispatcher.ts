import type { Scenario } from '../../scenario/scenario.js';
import type { EventQueue } from '../eventQueue.js';
import type { Fleet } from './fleet.js';
import type { Job } from './jobTable.js';
import type { RegionState } from './regionState.js';
import { RegionTimer, regionTimerId } from './spotWeather.js';
import type { WorldObserver } from './view.js';
import type { VmLife } from './vmLife.js';

/** Gives waiting tasks their VMs: idle ones, or new ones as far as parallelism, caps, quotas and the ramp allow. */
export class Dispatcher {
  peakVms = 0;
  private readonly scenario: Scenario;
  private readonly queue: EventQueue;
  private readonly fleet: Fleet;
  private readonly life: VmLife;
  private readonly observer: WorldObserver | null;
  /** Batch picks a queued job up. */
  private readonly scheduled: (job: Job, t: number) => void;

  constructor(parts: {
    scenario: Scenario;
    queue: EventQueue;
    fleet: Fleet;
    life: VmLife;
    observer: WorldObserver | null;
    scheduled: (job: Job, t: number) => void;
  }) {
    this.scenario = parts.scenario;
    this.queue = parts.queue;
    this.fleet = parts.fleet;
    this.life = parts.life;
    this.observer = parts.observer;
    this.scheduled = parts.scheduled;
  }

  /** Creates VMs for waiting tasks as far as parallelism, caps, quotas and the ramp allow. */
  dispatch(region: RegionState, t: number): void {
    const perMinute = this.scenario.batch.vmsPerMinute;
    let rampBusy = false;
    for (const job of region.jobs) {
      if (job.state === 'QUEUED' && !this.trySchedule(job, region, t)) continue;
      while (job.waiting > 0 && job.idle.length > 0) {
        this.life.reuse(job.idle.pop() as number, job.takeNext(), t);
      }
      while (
        !rampBusy &&
        job.waiting > 0 &&
        job.vms < job.vmCap &&
        region.hasRoom(job.spec.provisioning, job.rates)
      ) {
        if (perMinute !== null) {
          if (t < region.nextCreateAt) {
            this.queue.schedule(regionTimerId(region.number, RegionTimer.ramp), region.nextCreateAt);
            rampBusy = true;
            break;
          }
          region.nextCreateAt = t + 60 / perMinute;
        }
        job.waitsFor = null;
        job.vms += 1;
        region.use(job.spec.provisioning, job.rates, 1);
        this.life.create(job, job.takeNext(), t);
        this.peakVms = Math.max(this.peakVms, this.fleet.alive);
      }
      if (this.observer !== null) this.tellStockout(job, region, t);
    }
  }

  /**
   * A queued job is picked up when its delay is over and the quotas leave room for at least one VM; whether there is
   * one to be had turns out afterwards: Batch keeps a job SCHEDULED through a stockout.
   */
  private trySchedule(job: Job, region: RegionState, t: number): boolean {
    if (!job.scheduleReady) return false;
    if (!region.hasQuota(job.spec.provisioning, job.rates)) {
      if (this.observer !== null) this.tellQuota(job, region, t);
      return false;
    }
    job.waitsFor = null;
    this.scheduled(job, t);
    return true;
  }

  private tellQuota(job: Job, region: RegionState, t: number): void {
    const quota = region.bindingQuota(job.spec.provisioning, job.rates);
    if (quota === null || job.waitsFor === 'quota') return;
    job.waitsFor = 'quota';
    this.observer?.jobWaits?.(job.number, { cause: 'quota', quota }, t);
  }

  private tellStockout(job: Job, region: RegionState, t: number): void {
    const wantsVm = job.waiting > 0 && job.vms < job.vmCap;
    if (!wantsVm || job.waitsFor === 'stockout' || region.isObtainable(job.spec.provisioning)) return;
    job.waitsFor = 'stockout';
    const zones = job.spec.zones.length > 0 ? job.spec.zones : region.settings.zones;
    this.observer?.jobWaits?.(job.number, { cause: 'stockout', zones }, t);
  }
}
