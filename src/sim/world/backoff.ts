import type { Scenario } from '../../scenario/scenario.js';
import { Purpose, type Streams } from '../streams.js';
import type { Fleet } from './fleet.js';

/**
 * Truncated exponential back-off with full jitter: seconds to wait, U(0, min(cap, base x 2^i)), after the i-th
 * refusal (i = 0, 1, ...) of the VM's present request; counts the refusal. Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015; docs.cloud.google.com/storage/docs/retry-strategy.
 */
export function backoffSeconds(
  streams: Streams,
  fleet: Fleet,
  vm: number,
  { backoffBaseSeconds, backoffCapSeconds }: Scenario['bucket'],
): number {
  const i = fleet.tries[vm] as number;
  const n = fleet.backoffDraws[vm] as number;
  fleet.tries[vm] = i + 1;
  fleet.backoffDraws[vm] = n + 1;
  const longest = Math.min(backoffCapSeconds, backoffBaseSeconds * 2 ** Math.min(i, 30));
  const u = streams.uniform32(
    fleet.task[vm] as number,
    fleet.attempt[vm] as number,
    Purpose.backoff,
    n,
    fleet.backoffWords,
    vm,
  );
  return longest * u;
}
