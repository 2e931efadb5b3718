import { sampleVariance } from 'simple-statistics';
import type { Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { type Guess, guessesOf } from './guesses.js';
import { planOfReplication } from './replicate.js';
import type { Pool } from './workers.js';

/** The metrics whose spread is split, in their own units. */
export const SPLIT_METRICS = ['makespanHours', 'costUsd'] as const;

export type SplitMetric = (typeof SPLIT_METRICS)[number];

/** Where a forecast's spread comes from: standard deviations whose squares add up to the forecast's `sd` squared. */
export interface Uncertainty {
  /** What stays when all inputs are known: the mean variance over campaigns with the same inputs. */
  luck: Record<SplitMetric, number>;
  /** What measuring the guesses would take away: the variance, over the guesses, of the mean campaign. */
  ignorance: Record<SplitMetric, number>;
  guesses: Guess[];
}

/**
 * Pairs of replications that the luck is taken from: 20 give its standard deviation to 16 % (1/sqrt(2 x 20)), while
 * the rest of the spread is as precise as the forecast itself.
 */
const MOST_PAIRS = 20;

/** How many replications `explainSpread` runs besides those of the forecast; 0 where there is nothing to explain. */
export function extraReplications(plan: Plan, replications: number, uncertainty: boolean): number {
  const unknown = uncertainty && Object.keys(plan.scenario.resolved.guesses).length > 0;
  return unknown && replications >= 2 ? Math.min(MOST_PAIRS, replications) : 0;
}

/**
 * Splits the spread of a forecast whose replications drew their guesses. Replications are run again with the
 * guesses that they drew and with another luck: what differs within such a pair is luck and nothing else.
 */
export async function explainSpread(
  plan: Plan,
  outcomes: readonly Outcome[],
  options: { seed: string; pool: Pool; signal?: AbortSignal | undefined; onDone?: () => void },
): Promise<Uncertainty | null> {
  const { seed, pool, signal, onDone } = options;
  const pairs = extraReplications(plan, outcomes.length, true);
  if (pairs === 0) return null;
  const again = await Promise.all(
    outcomes.slice(0, pairs).map(async (_, r) => {
      const sameGuesses = planOfReplication(plan, seed, r, true);
      const outcome = await pool.run({
        plan: sameGuesses,
        seed: `${seed}/again`,
        r,
        uncertainty: false,
      });
      signal?.throwIfAborted();
      onDone?.();
      return outcome;
    }),
  );
  const luck = {} as Record<SplitMetric, number>;
  const ignorance = {} as Record<SplitMetric, number>;
  for (const metric of SPLIT_METRICS) {
    const of = (outcome: Outcome): number => outcome.metrics[metric];
    const split = splitVariance(outcomes.map(of), again.map(of));
    luck[metric] = Math.sqrt(split.within);
    ignorance[metric] = Math.sqrt(split.between);
  }
  return { luck, ignorance, guesses: guessesOf(plan.scenario.resolved) };
}

/**
 * The law of total variance: Var Y = E[Var(Y | inputs)] + Var(E[Y | inputs]). `again[i]` has the inputs of
 * `values[i]` and independent luck, so half its mean squared difference estimates the first term without bias; the
 * second is what is left of the sample variance of `values` (0 where chance makes that negative).
 */
export function splitVariance(
  values: readonly number[],
  again: readonly number[],
): { within: number; between: number } {
  const squares = again.reduce((sum, value, i) => sum + (value - (values[i] as number)) ** 2, 0);
  const within = squares / (2 * again.length);
  return { within, between: Math.max(0, sampleVariance([...values]) - within) };
}
