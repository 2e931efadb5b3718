import type { Decisions, Scenario } from '../scenario/scenario.js';
import type { Shard } from './plan.js';

/**
 * Splits `total` whole things in proportion to the weights: floor first, then one each to the largest
 * remainders (the earlier one where they tie). The parts add up to `total`.
 */
export function largestRemainder(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (sum === 0 ? 0 : (total * weight) / sum));
  const parts = exact.map(Math.floor);
  const order = exact
    .map((value, i) => ({ i, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let left = total - parts.reduce((a, b) => a + b, 0);
  for (const { i } of order) {
    if (left <= 0) break;
    parts[i] = (parts[i] ?? 0) + 1;
    left -= 1;
  }
  return parts;
}

/** A run of molecules: `count` of them from `first`. */
interface Molecules {
  first: number;
  count: number;
}

/**
 * The jobs of a campaign: molecules over regions in proportion to parallelism, cut into waves, each wave into as
 * many jobs as the caps on one job ask for, and a last on-demand shard where the decisions want a tail.
 * Every task is in exactly one shard; shards are cut at molecule boundaries.
 */
export function makeShards(scenario: Scenario, decisions: Decisions): Shard[] {
  const { molecules } = scenario.campaign;
  const regions = Object.entries(decisions.parallelism).filter(([, parallelism]) => parallelism > 0);
  const split = largestRemainder(
    molecules,
    regions.map(([, parallelism]) => parallelism),
  );
  const shards: Shard[] = [];
  let first = 0;
  regions.forEach(([region, parallelism], i) => {
    const count = split[i] ?? 0;
    const tail = Math.ceil((count * decisions.tail.onDemandLastPercent) / 100);
    const size = decisions.waves.size === 'all' ? Math.max(1, count - tail) : decisions.waves.size;
    let wave = 0;
    for (let done = 0; done < count - tail; done += size, wave += 1) {
      const part = { first: first + done, count: Math.min(size, count - tail - done) };
      shards.push(
        ...jobsOf(scenario, decisions, {
          id: `${region}-w${wave}`,
          region,
          parallelism,
          provisioning: decisions.provisioning,
          wave,
          part,
        }),
      );
    }
    if (tail > 0) {
      const quota = scenario.regions[region]?.quota.onDemandGpus ?? 0;
      shards.push(
        ...jobsOf(scenario, decisions, {
          id: `${region}-tail`,
          region,
          parallelism: Math.max(1, Math.min(parallelism, quota)),
          provisioning: 'onDemand',
          wave,
          part: { first: first + count - tail, count: tail },
        }),
      );
    }
    first += count;
  });
  return shards;
}

/** One wave of one region as one job, or as several alike where a cap on one job binds. */
function jobsOf(
  scenario: Scenario,
  decisions: Decisions,
  wave: Pick<Shard, 'id' | 'region' | 'parallelism' | 'provisioning' | 'wave'> & { part: Molecules },
): Shard[] {
  const { limits } = scenario.batch;
  const { windows } = scenario.campaign;
  const atOnce = Math.min(limits.parallelTasksPerJob ?? Infinity, limits.vmsPerJob ?? Infinity);
  const jobs = Math.max(
    Math.ceil(wave.parallelism / atOnce),
    Math.ceil((wave.part.count * windows) / (limits.tasksPerJob ?? Infinity)),
    1,
  );
  const molecules = largestRemainder(wave.part.count, Array<number>(jobs).fill(1));
  const parallelism = largestRemainder(wave.parallelism, molecules);
  const shards: Shard[] = [];
  let { first } = wave.part;
  molecules.forEach((count, i) => {
    if (count === 0) return;
    shards.push({
      id: jobs === 1 ? wave.id : `${wave.id}-${i}`,
      region: wave.region,
      firstTask: first * windows,
      taskCount: count * windows,
      parallelism: Math.min(Math.max(1, parallelism[i] ?? 1), atOnce, count * windows),
      provisioning: wave.provisioning,
      maxRetryCount: Math.min(decisions.maxRetries, limits.retries ?? Infinity),
      wave: wave.wave,
    });
    first += count;
  });
  return shards;
}
