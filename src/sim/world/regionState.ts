import type { Provisioning, Region, Scenario } from '../../scenario/scenario.js';
import type { Bucket } from './bucket.js';
import type { Job, JobRates } from './jobTable.js';
import { Registry } from './registry.js';
import { SpotHazard } from './spotHazard.js';

/** One region: what is left of its quotas, how fast it makes VMs, its hazard, registry and bucket. */
export class RegionState {
  readonly number: number;
  readonly name: string;
  readonly settings: Region;
  readonly hazard: SpotHazard;
  readonly registry: Registry;
  readonly bucket: Bucket;
  /** The bucket lies in another region: what goes there and back is charged. */
  readonly bucketIsFar: boolean;
  /** Jobs that are not final, in the order in which they are served: priority, then age. */
  readonly jobs: Job[] = [];
  vms = 0;
  preemptions = 0;
  /** No VM can be created before this time (the ramp). */
  nextCreateAt = 0;
  /** No Spot VM can be created now, whatever the quota says. */
  stockedOut = false;
  /** Spot VMs to be had now, as a replayed series says. */
  obtainable = Number.POSITIVE_INFINITY;
  private readonly gpus = { spot: 0, onDemand: 0 };
  private spotVmCount = 0;
  private cpus = 0;
  private diskGb = 0;

  constructor(
    number: number,
    name: string,
    scenario: Scenario,
    place: { bucket: Bucket; bucketIsFar: boolean },
  ) {
    const settings = scenario.regions[name] as Region;
    this.number = number;
    this.name = name;
    this.settings = settings;
    this.hazard = new SpotHazard(settings, scenario.spot);
    this.registry = new Registry(scenario.startup.registry, scenario.image.compressedBytes);
    this.bucket = place.bucket;
    this.bucketIsFar = place.bucketIsFar;
  }

  get spotVms(): number {
    return this.spotVmCount;
  }

  /** Whether quotas and capacity leave room for one more VM. */
  hasRoom(provisioning: Provisioning, rates: JobRates): boolean {
    const { quota } = this.settings;
    if (provisioning === 'spot' && (this.stockedOut || this.spotVmCount >= this.obtainable)) return false;
    const gpuQuota = provisioning === 'spot' ? quota.spotGpus : quota.onDemandGpus;
    return (
      this.gpus[provisioning] + rates.gpus <= gpuQuota &&
      (quota.cpus === null || this.cpus + rates.cpus <= quota.cpus) &&
      (quota.diskGb === null || this.diskGb + rates.diskGb <= quota.diskGb)
    );
  }

  use(provisioning: Provisioning, rates: JobRates, sign: 1 | -1): void {
    this.gpus[provisioning] += sign * rates.gpus;
    this.cpus += sign * rates.cpus;
    this.diskGb += sign * rates.diskGb;
    this.vms += sign;
    if (provisioning === 'spot') this.spotVmCount += sign;
  }

  enqueue(job: Job): void {
    const at = this.jobs.findIndex((other) => other.spec.priority < job.spec.priority);
    this.jobs.splice(at < 0 ? this.jobs.length : at, 0, job);
  }

  dequeue(job: Job): void {
    const at = this.jobs.indexOf(job);
    if (at >= 0) this.jobs.splice(at, 1);
  }
}
