import type { Outcome } from '../plan/forecast.js';
import { whyNeverFinishes } from '../plan/neverFinishes.js';
import type { Alternative, Plan } from '../plan/plan.js';
import type { Scenario } from '../scenario/scenario.js';
import { summarise } from '../sim/replicate.js';
import { type ForecastOptions, openPool, type Pool } from '../sim/workers.js';
import { type Candidate, candidates } from './candidates.js';

export interface SearchOptions extends Omit<ForecastOptions, 'pool'> {
  deadlineSeconds: number | null;
  budgetUsd: number | null;
  /** Share of the replications that must meet deadline and budget and finish every task. */
  confidence: number;
  objective: 'cost' | 'time';
}

/** A candidate with the replications that it was given. */
interface Tried extends Candidate {
  outcomes: Outcome[];
}

/** Replications that every candidate gets at first, and candidates that then get the full number. */
const SCREENING_REPLICATIONS = 3;
const FINALISTS = 8;
const ALTERNATIVES_KEPT = 12;
/** Plans this close to the best one in the objective are equal to it: the other objective decides between them. */
const INDIFFERENCE = 0.005;

/** Nothing in the grid meets the deadline and the budget at the confidence asked for. */
export class NoPlanError extends Error {
  override name = 'NoPlanError';
  readonly alternatives: Alternative[];
  constructor(message: string, alternatives: Alternative[]) {
    super(message);
    this.alternatives = alternatives;
  }
}

/**
 * The best plan of the grid. All candidates are simulated with a few replications, the best of them with all;
 * every plan sees the same luck. Chosen is the lowest mean of the objective among those that meet deadline and
 * budget in the wanted share of replications; among plans within 0.5 % of it, the one that is best in the other
 * objective. Throws NoPlanError when there is none.
 */
export async function searchPlan(scenario: Scenario, options: SearchOptions): Promise<Plan> {
  const all = candidates(scenario);
  const works = all.filter((candidate) => candidate.errors.length === 0);
  const refused = all.filter((candidate) => candidate.errors.length > 0);
  if (works.length === 0) throw new NoPlanError(whyNothingWorks(refused), []);
  const screening = Math.min(SCREENING_REPLICATIONS, options.replications);
  const finalists = Math.min(FINALISTS, works.length);
  const total = works.length * screening + finalists * (options.replications - screening);
  let done = 0;
  const onDone = () => {
    done += 1;
    options.onProgress?.(done, total);
  };
  const pool = await openPool(options.workers);
  try {
    const screened = await Promise.all(
      works.map(async (candidate): Promise<Tried> => {
        return { ...candidate, outcomes: await run(pool, candidate.plan, options, 0, screening, onDone) };
      }),
    );
    const ranked = screened.sort((a, b) => compareTried(a, b, options));
    const tried = await Promise.all(
      ranked.slice(0, finalists).map(async (candidate): Promise<Tried> => {
        const more = await run(pool, candidate.plan, options, screening, options.replications, onDone);
        return { ...candidate, outcomes: [...candidate.outcomes, ...more] };
      }),
    );
    return choose(
      tried.sort((a, b) => compareTried(a, b, options)),
      ranked.slice(finalists),
      options,
    );
  } finally {
    await pool.close();
  }
}

function run(
  pool: Pool,
  plan: Plan,
  { seed, uncertainty = false, signal }: SearchOptions,
  from: number,
  to: number,
  onDone: () => void,
): Promise<Outcome[]> {
  return Promise.all(
    Array.from({ length: to - from }, async (_, i) => {
      const outcome = await pool.run({ plan, seed, r: from + i, uncertainty });
      signal?.throwIfAborted();
      onDone();
      return outcome;
    }),
  );
}

function choose(finalists: Tried[], others: Tried[], options: SearchOptions): Plan {
  const best = bestOf(finalists, options);
  const meets = share(best, options) >= options.confidence;
  const alternatives = [...finalists.filter((tried) => !meets || tried !== best), ...others]
    .slice(0, ALTERNATIVES_KEPT)
    .map((tried) => alternative(tried, best, options));
  if (!meets) {
    throw new NoPlanError(
      `no plan meets ${wish(options)} in ${percent(options.confidence)} of replications; ` +
        `the nearest is "${best.name}": ${verdict(best, best, options)}`,
      alternatives,
    );
  }
  const { forecast } = summarise(best.outcomes);
  const { deadlineSeconds, budgetUsd } = options;
  return {
    ...best.plan,
    guard: {
      ...best.plan.guard,
      budgetUsd,
      deadlineHours: deadlineSeconds === null ? null : deadlineSeconds / 3600,
    },
    forecast,
    alternatives,
  };
}

/** Of the plans within the indifference zone of the first: the one that is best in the other objective. */
function bestOf(finalists: readonly Tried[], options: SearchOptions): Tried {
  const first = finalists[0]!;
  const limit = meanObjective(first, options) * (1 + INDIFFERENCE);
  return finalists
    .filter((tried) => share(tried, options) >= Math.min(share(first, options), options.confidence))
    .filter((tried) => meanObjective(tried, options) <= limit)
    .reduce(
      (a, b) => (meanObjective(b, otherWay(options)) < meanObjective(a, otherWay(options)) ? b : a),
      first,
    );
}

function otherWay(options: SearchOptions): SearchOptions {
  return { ...options, objective: options.objective === 'cost' ? 'time' : 'cost' };
}

/** Those that are good enough come first, then the better mean of the objective. */
function compareTried(a: Tried, b: Tried, options: SearchOptions): number {
  const shareA = Math.min(share(a, options), options.confidence);
  const shareB = Math.min(share(b, options), options.confidence);
  return shareB - shareA || meanObjective(a, options) - meanObjective(b, options);
}

/** Share of the replications that finish every task within deadline and budget. */
function share(tried: Tried, { deadlineSeconds, budgetUsd }: SearchOptions): number {
  const met = tried.outcomes.filter(
    ({ metrics }) =>
      metrics.tasksFailed === 0 &&
      (deadlineSeconds === null || metrics.makespanHours * 3600 <= deadlineSeconds) &&
      (budgetUsd === null || metrics.costUsd <= budgetUsd),
  );
  return met.length / tried.outcomes.length;
}

function meanObjective(tried: Tried, { objective }: SearchOptions): number {
  const metric = objective === 'cost' ? 'costUsd' : 'makespanHours';
  return tried.outcomes.reduce((sum, { metrics }) => sum + metrics[metric], 0) / tried.outcomes.length;
}

function alternative(tried: Tried, best: Tried, options: SearchOptions): Alternative {
  const { forecast } = summarise(tried.outcomes);
  const range = ({ p10, p50, p90 }: { p10: number; p50: number; p90: number }) => ({ p10, p50, p90 });
  return {
    name: tried.name,
    makespanHours: range(forecast.makespanHours),
    costUsd: range(forecast.costUsd),
    tasksFailed: forecast.tasksFailed.mean,
    verdict: verdict(tried, best, options),
  };
}

function verdict(tried: Tried, best: Tried, options: SearchOptions): string {
  const { forecast } = summarise(tried.outcomes);
  const { deadlineSeconds, budgetUsd, confidence } = options;
  const faults: string[] = [];
  if (share(tried, options) < confidence) {
    const lost = forecast.tasksFailed.mean;
    if (lost > 0) faults.push(`loses ${lost < 0.5 ? 'now and then a task' : counted(lost)}`);
    if (deadlineSeconds !== null && forecast.makespanHours.p90 * 3600 > deadlineSeconds) {
      faults.push(
        `takes ${forecast.makespanHours.p90.toFixed(1)} h (p90), the deadline is ${(deadlineSeconds / 3600).toFixed(1)} h`,
      );
    }
    if (budgetUsd !== null && forecast.costUsd.p90 > budgetUsd) {
      faults.push(
        `costs ${Math.round(forecast.costUsd.p90)} USD (p90), the budget is ${Math.round(budgetUsd)} USD`,
      );
    }
    return faults.join('; ') || `meets its limits in only ${percent(share(tried, options))} of replications`;
  }
  return `${comparison(tried, best, options)}, ${comparison(tried, best, otherWay(options))}`;
}

function counted(tasks: number): string {
  const whole = Math.round(tasks);
  return whole === 1 ? 'a task' : `${whole} tasks`;
}

/** "0.2 % dearer" or "3.4 % faster" than the best. */
function comparison(tried: Tried, best: Tried, options: SearchOptions): string {
  const percentMore = (meanObjective(tried, options) / meanObjective(best, options) - 1) * 100;
  const [more, less] = options.objective === 'cost' ? ['dearer', 'cheaper'] : ['slower', 'faster'];
  return `${Math.abs(percentMore).toFixed(1)} % ${percentMore >= 0 ? more : less}`;
}

function wish({ deadlineSeconds, budgetUsd }: SearchOptions): string {
  const parts = [
    deadlineSeconds === null ? '' : `a deadline of ${(deadlineSeconds / 3600).toFixed(1)} h`,
    budgetUsd === null ? '' : `a budget of ${Math.round(budgetUsd)} USD`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the wish to finish every task' : parts.join(' and ');
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function whyNothingWorks(refused: readonly Candidate[]): string {
  const endless = refused.map(({ plan }) => whyNeverFinishes(plan));
  if (endless.length > 0 && endless.every((reason) => reason !== null)) {
    return `can never finish, with any plan: ${endless[0]}`;
  }
  const first = refused[0]?.errors[0];
  return first
    ? `every plan of the grid breaks a limit; the first: ${first.path}: ${first.message}`
    : 'no region has any quota to plan with';
}
