import type { Snapshot } from '../plan/snapshot.js';
import { isKnown } from './format.js';

/** What the small charts remember of one stretch of the campaign. */
export interface Sample {
  elapsedSeconds: number;
  /** The highest rate seen in the stretch. */
  writesPerSecond: number | null;
  /** Tasks running at its end. */
  running: number;
  /** Tasks done by its end. */
  succeeded: number;
  /** VMs lost with a task on them, from the campaign's start to the end of the stretch. */
  preemptions: number | null;
}

/** Samples cover at least this much wall time, so that a fast campaign does not rush past in a few frames. */
const SAMPLE_MS = 250;
/** Enough for the widest chart; older samples are forgotten. */
const KEPT = 300;

/** The recent past of a campaign, as far as snapshots showed it: the charts' ring buffer. */
export class History {
  readonly #samples: Sample[] = [];
  #openedAt = Number.NEGATIVE_INFINITY;

  /** `wallMs`: monotonic wall time of the call. */
  add(snapshot: Snapshot, wallMs: number): void {
    const seen: Sample = {
      elapsedSeconds: snapshot.elapsedSeconds,
      writesPerSecond: snapshot.bucket.writesPerSecond,
      running: snapshot.tasks.running,
      succeeded: snapshot.tasks.succeeded,
      preemptions: snapshot.preemptions,
    };
    const open = this.#samples.at(-1);
    if (open !== undefined && wallMs - this.#openedAt < SAMPLE_MS) {
      this.#samples[this.#samples.length - 1] = merged(open, seen);
      return;
    }
    this.#openedAt = wallMs;
    this.#samples.push(seen);
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Oldest first. */
  samples(): readonly Sample[] {
    return this.#samples;
  }
}

function merged(earlier: Sample, later: Sample): Sample {
  const rates = [earlier.writesPerSecond, later.writesPerSecond].filter(isKnown);
  return { ...later, writesPerSecond: rates.length === 0 ? null : Math.max(...rates) };
}

/**
 * How fast a count grew up to each sample, per hour of the campaign: between one change of it and the next, for
 * some counts are only looked up now and then. What has happened since the last change is unknown.
 */
export function ratesPerHour(
  history: readonly Sample[],
  count: 'succeeded' | 'preemptions',
): (number | null)[] {
  const rates: (number | null)[] = history.map(() => null);
  let from = history.findIndex((sample) => isKnown(sample[count]));
  for (let to = from + 1; from >= 0 && to < history.length; to++) {
    const [before, after] = [history[from]!, history[to]!];
    const [had, has] = [before[count], after[count]];
    const hours = (after.elapsedSeconds - before.elapsedSeconds) / 3600;
    if (!isKnown(had) || !isKnown(has) || has === had || hours <= 0) continue;
    rates.fill((has - had) / hours, from + 1, to + 1);
    from = to;
  }
  return rates;
}
