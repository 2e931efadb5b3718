import type { Shard } from './plan.js';
import type { TaskRange } from './taskRanges.js';

/** What to do next. `nextActions` (controller.ts) decides it, simulate's driver and exec do it. */
export type Action =
  | { kind: 'submit'; jobId: string; shard: Shard; round: number; tasks: TaskRange[] }
  | { kind: 'finish'; outcome: 'succeeded' | 'failed' | 'cancelled' };
