import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CostPart, Forecast, MoleculeProgress, Outcome } from '../plan/forecast.js';
import type { Plan } from '../plan/plan.js';
import { replicate, summarise } from './replicate.js';
import type { Replication } from './worker.js';

/** Runs replications, here or on warm worker threads; the outcome does not depend on which. */
export interface Pool {
  run(replication: Replication): Promise<Outcome>;
  close(): Promise<void>;
}

/** `workers` 1: in this thread, giving way to timers and input between two replications. */
export async function openPool(workers: number): Promise<Pool> {
  if (workers <= 1) return { run: runHere, close: async () => {} };
  const { Piscina } = await import('piscina');
  const pool = new Piscina<Replication, Outcome>({
    // Compiled code only: a thread cannot load TypeScript.
    filename: new URL(import.meta.url.replace(/workers\.(js|ts)$/, 'worker.js')).href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  return { run: (replication) => pool.run(replication), close: () => pool.destroy() };
}

let turn: Promise<unknown> = Promise.resolve();

function runHere({ plan, seed, r, uncertainty }: Replication): Promise<Outcome> {
  const next = turn.then(async () => {
    await nextTurn();
    return replicate(plan, seed, r, uncertainty);
  });
  turn = next.catch(() => {});
  return next;
}

export interface ForecastOptions {
  seed: string;
  replications: number;
  workers: number;
  uncertainty?: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** A pool to use and leave open, instead of one of its own. */
  pool?: Pool;
}

export interface PlanForecast {
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
  moleculesOverTime: MoleculeProgress[];
  /** When shares of the molecules can no longer be complete. */
  moleculesAtRiskOverTime: MoleculeProgress[];
  /** How it was computed; the only part that is not the same everywhere. */
  engine: { events: number; wallSeconds: number; folded: boolean };
  outcomes: Outcome[];
}

/** The distribution of a plan's outcomes over replications 0 .. n-1 of the seed. */
export async function forecastPlan(plan: Plan, options: ForecastOptions): Promise<PlanForecast> {
  const { seed, replications, uncertainty = false, onProgress, signal } = options;
  const started = performance.now();
  const pool = options.pool ?? (await openPool(Math.min(options.workers, replications)));
  try {
    let done = 0;
    const outcomes = await Promise.all(
      Array.from({ length: replications }, async (_, r) => {
        const outcome = await pool.run({ plan, seed, r, uncertainty });
        signal?.throwIfAborted();
        done += 1;
        onProgress?.(done, replications);
        return outcome;
      }),
    );
    return {
      ...summarise(outcomes),
      engine: {
        events: outcomes.reduce((sum, outcome) => sum + outcome.events, 0),
        wallSeconds: (performance.now() - started) / 1000,
        folded: outcomes.every((outcome) => outcome.folded),
      },
      outcomes,
    };
  } finally {
    if (!options.pool) await pool.close();
  }
}
