import type { Provisioning, Region, Scenario } from '../../scenario/scenario.js';
import type { Bucket } from './bucket.js';
import { type Lifetime, lifetimeOf } from './hazard.js';
import type { Job, JobRates } from './jobTable.js';
import { Registry } from './registry.js';

/** One region: what is left of its quotas, how fast it makes VMs, its registry and the bucket its tasks use. */
export class RegionState {
  readonly name: string;
  readonly settings: Region;
  readonly lifetime: Lifetime;
  readonly registry: Registry;
  readonly bucket: Bucket;
  /** Jobs that are not final, in the order in which they are served: priority, then age. */
  readonly jobs: Job[] = [];
  vms = 0;
  preemptions = 0;
  /** No VM can be created before this time (the ramp). */
  nextCreateAt = 0;
  private readonly gpus = { spot: 0, onDemand: 0 };
  private cpus = 0;
  private diskGb = 0;

  constructor(name: string, settings: Region, scenario: Scenario, bucket: Bucket) {
    this.name = name;
    this.settings = settings;
    this.lifetime = lifetimeOf(settings.hazard);
    this.registry = new Registry(scenario.startup.registry, scenario.image.compressedBytes);
    this.bucket = bucket;
  }

  /** Whether the quotas leave room for one more VM. */
  hasRoom(provisioning: Provisioning, rates: JobRates): boolean {
    const { quota } = this.settings;
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
