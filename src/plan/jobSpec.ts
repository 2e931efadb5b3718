import type { ImageDelivery, Provisioning } from '../scenario/scenario.js';
import type { CheckpointPlan } from './plan.js';
import type { TaskRange } from './taskRanges.js';

/**
 * What the World must know of a Batch job. `readJobSpec` (readJob.ts) makes it from the job's JSON; the World
 * never sees a plan.
 */
export interface JobSpec {
  jobId: string;
  region: string;
  provisioning: Provisioning;
  taskCount: number;
  parallelism: number;
  maxRetryCount: number;
  /** Seconds after which one attempt is ended with exit code 50005; null: never. */
  maxRunDurationSeconds: number | null;
  priority: number;
  /** Only one zone is allowed: the smaller VM cap applies. */
  oneZone: boolean;
  /** Names of the zones that the job's VMs may be in; none: any of the region. */
  zones: string[];
  externalIp: boolean;
  bootDiskGb: number;
  machineType: string;
  gpusPerVm: number;
  /** Exit codes that are not retried although retries are left (FAIL_TASK), and those alone that are (RETRY_TASK). */
  failCodes: number[];
  retryCodes: number[] | null;
  /** The campaign tasks of a job of ours, by task index; null for a stranger's job. */
  tasks: TaskRange[] | null;
  checkpoint: CheckpointPlan;
  imageDelivery: ImageDelivery;
  startSpreadSeconds: number;
  /** Every attempt computes so long and ends so, whatever the scenario says of tasks; absent: as the scenario says. */
  attempt?: { seconds: number; exitCode: number };
  /** Its tasks run outside the World, which is told how each attempt ends; absent: the World times them itself. */
  external?: boolean;
}
