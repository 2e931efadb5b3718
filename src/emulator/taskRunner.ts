import type { BatchJob } from '../plan/batchJob.js';
import type { VmIdentity } from './metadata/vmMetadata.js';

/** One attempt at a task, for whoever runs it. */
export interface TaskAttempt {
  /** Unique to the VM within the World, and what the VM knows about itself. */
  vm: number;
  identity: VmIdentity;
  region: string;
  jobId: string;
  job: BatchJob;
  /** Batch's own words: BATCH_TASK_INDEX, BATCH_TASK_COUNT, BATCH_TASK_RETRY_ATTEMPT. */
  index: number;
  count: number;
  retry: number;
}

/**
 * What runs a task: a VM of the World gets it, somebody runs it and says how it ended. Virtual tasks need none, the
 * World times them itself. VMs come into being by their first attempt; each runs one attempt at a time.
 */
export interface TaskRunner {
  /**
   * Runs the attempt, as soon as what its VM ran before has gone. `ended` is called once with its exit code, never
   * before `start` has returned, and not at all once the attempt was stopped.
   */
  start(attempt: TaskAttempt, ended: (exitCode: number) => void): void;
  /** The VM is being taken away: its attempt is told so and may use what time is left. */
  notice(vm: number): void;
  /** Ends the attempt on the VM, if there is one: after so many campaign seconds by force. */
  stop(vm: number, graceSeconds: number): void;
  /** The VM is no more: nothing of it is left once its attempt has been stopped. */
  removeVm(vm: number): void;
  /** After a restart: these VMs are still there, and whatever is left of others goes. */
  keepOnly(vms: ReadonlySet<number>): void;
  /** Ends everything at once. */
  close(): Promise<void>;
}
