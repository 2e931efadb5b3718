import type { Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { replicate } from './replicate.js';

/** What a worker thread is asked: one replication of one plan. */
export interface Replication {
  plan: Plan;
  seed: string;
  r: number;
  uncertainty: boolean;
}

/** The entry of a worker thread. */
export default function work({ plan, seed, r, uncertainty }: Replication): Outcome {
  return replicate(plan, seed, r, uncertainty);
}
