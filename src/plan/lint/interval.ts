import type { CheckpointPlan } from '../plan.js';

/**
 * Mean seconds from one checkpoint of a task to the next. An adaptive interval is taken to stay where it starts: what
 * it will learn is not known.
 */
export function meanIntervalSeconds({ policy, intervalSeconds, jitterSeconds }: CheckpointPlan): number {
  return intervalSeconds + (policy === 'aligned' ? 0 : jitterSeconds / 2);
}
