import { gpuQuotaOf } from '../../scenario/gpuQuota.js';
import type { Provisioning, Region, Scenario } from '../../scenario/scenario.js';
import type { Bucket } from './bucket.js';
import type { Job, JobRates } from './jobTable.js';
import { Registry } from './registry.js';
import { SpotHazard } from './spotHazard.js';
import type { BindingQuota } from './view.js';

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
  /** Ordered stockouts that are on: no VM of any kind can be created. */
  closures = 0;
  /** Pulls that end before this time fail. */
  imageFailsUntil = Number.NEGATIVE_INFINITY;
  /** The VMs of jobs submitted before this time never report. */
  agentSilentUntil = Number.NEGATIVE_INFINITY;
  /** Spot VMs to be had now, as a replayed series says. */
  obtainable = Number.POSITIVE_INFINITY;
  private readonly gpus = { spotGpus: 0, onDemandGpus: 0 };
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

  /** What the region's VMs take of its quotas now. */
  get taken(): { spotGpus: number; onDemandGpus: number; cpus: number; diskGb: number; vms: number } {
    const { gpus, cpus, diskGb, vms } = this;
    return { ...gpus, cpus, diskGb, vms };
  }

  /** Whether quotas and capacity leave room for one more VM. */
  hasRoom(provisioning: Provisioning, rates: JobRates): boolean {
    return this.isObtainable(provisioning) && this.hasQuota(provisioning, rates);
  }

  /** Whether there is one more VM of the kind to be had here, whatever our quota says. */
  isObtainable(provisioning: Provisioning): boolean {
    if (this.closures > 0) return false;
    return provisioning !== 'spot' || !(this.stockedOut || this.spotVmCount >= this.obtainable);
  }

  hasQuota(provisioning: Provisioning, rates: JobRates): boolean {
    const { quota } = this.settings;
    const gpus = gpuQuotaOf(provisioning);
    return (
      this.gpus[gpus] + rates.gpus <= quota[gpus] &&
      (quota.cpus === null || this.cpus + rates.cpus <= quota.cpus) &&
      (quota.diskGb === null || this.diskGb + rates.diskGb <= quota.diskGb)
    );
  }

  /** The first quota that leaves no room for one more VM; null where all do. */
  bindingQuota(provisioning: Provisioning, rates: JobRates): BindingQuota | null {
    const { quota } = this.settings;
    const gpus = gpuQuotaOf(provisioning);
    const uses: BindingQuota[] = [
      { quota: gpus, limit: quota[gpus], usage: this.gpus[gpus], wanted: rates.gpus },
      { quota: 'cpus', limit: quota.cpus ?? Infinity, usage: this.cpus, wanted: rates.cpus },
      { quota: 'diskGb', limit: quota.diskGb ?? Infinity, usage: this.diskGb, wanted: rates.diskGb },
    ];
    return uses.find(({ limit, usage, wanted }) => usage + wanted > limit) ?? null;
  }

  use(provisioning: Provisioning, rates: JobRates, sign: 1 | -1): void {
    this.gpus[gpuQuotaOf(provisioning)] += sign * rates.gpus;
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
