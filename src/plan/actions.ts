import type { Shard } from './plan.js';
import type { TaskRange } from './taskRanges.js';

/** Why nothing more is submitted, for the whole run or for one region. */
export interface Halt {
  /**
   * budget, deadline: guard.onBudget, guard.onDeadline; exposure: not one task fits under guard.maxUnattendedUsd;
   * breaker: the attempts of a job end without anything to show for it.
   */
  cause: 'budget' | 'deadline' | 'exposure' | 'breaker';
  /** Jobs are cancelled; their checkpoints stay. False: they run to their end. */
  cancel: boolean;
  /** The job that it is about, and its region: others go on. Null: the whole run. */
  job: { jobId: string; shardId: string; region: string } | null;
  message: string;
}

/** What to do next. `nextActions` (controller.ts) decides it, simulate's driver and exec do it. */
export type Action =
  | { kind: 'submit'; jobId: string; shard: Shard; round: number; tasks: TaskRange[] }
  /** To be remembered first: it is a decision for good, until the user goes on with the run. Then ask again. */
  | { kind: 'halt'; halt: Halt }
  | { kind: 'cancel'; jobId: string; why: string }
  | { kind: 'finish'; outcome: 'succeeded' | 'failed' | 'cancelled' };
