/**
 * fepcast as a library: the same forecasts as on the command line, as values. A campaign is described by a scenario,
 * decided by a plan, and simulated many times; see docs/model.md for what is modelled. Examples: examples/library.js.
 *
 * Everything here is stable: names are added to, not renamed. Bad input throws InputError, one sentence.
 */
import { availableParallelism } from 'node:os';
import { makePlan } from './plan/makePlan.js';
import { assertCanFinish } from './plan/neverFinishes.js';
import type { Plan } from './plan/plan.js';
import { inputError } from './scenario/errors.js';
import type { Scenario } from './scenario/scenario.js';
import type { ComparedPlan, ComparedStrategy } from './search/compare.js';
import * as compared from './search/compare.js';
import * as searched from './search/searchPlan.js';
import { type SimulatedPlan, simulatePlan } from './sim/simulatePlan.js';

export { loadPlan, loadScenario } from './cli/load.js';
export {
  COST_PARTS,
  type CostPart,
  type Forecast,
  METRICS,
  type Metric,
  type Outcome,
  type Summary,
} from './plan/forecast.js';
export { lintPlan } from './plan/lint.js';
export { NeverFinishesError } from './plan/neverFinishes.js';
export type { Alternative, Finding, Plan, Shard } from './plan/plan.js';
export { formatPlan } from './plan/planFile.js';
export { InputError } from './scenario/errors.js';
export { type ParseOptions, parseScenario } from './scenario/parse.js';
export type { Decisions, Distribution, Hazard, Region, Scenario } from './scenario/scenario.js';
export type { ComparedPlan, ComparedStrategy } from './search/compare.js';
export { NoPlanError } from './search/searchPlan.js';
export { decisionsOf, STRATEGIES, type StrategyName } from './search/strategies.js';
export type { Guess } from './sim/guesses.js';
export type { Uncertainty } from './sim/uncertainty.js';
export { makePlan };

/** How a forecast is sampled. Equal seeds see equal luck, whatever the plan and the number of workers. */
export interface SamplingOptions {
  /** Any text; '1' unless given. */
  seed?: string;
  /** Simulated campaigns; 20 for `simulate`, 10 for each plan of the others. */
  replications?: number;
  /** Worker threads; as many as the machine has cores. 1: in this thread. */
  workers?: number;
  /** Draw every guess from its range (the default), or take its value. */
  uncertainty?: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** What was simulated and what came out: `forecast.costUsd.p90`, `uncertainty.luck.makespanHours`. */
export interface Simulation extends SimulatedPlan {
  plan: Plan;
  seed: string;
  replications: number;
}

/**
 * Forecasts a plan, or a scenario with the plan that its own decisions make. Rejects with NeverFinishesError if some
 * tasks have no quota to run with.
 */
export async function simulate(
  scenarioOrPlan: Scenario | Plan,
  options: SamplingOptions = {},
): Promise<Simulation> {
  const plan = 'shards' in scenarioOrPlan ? scenarioOrPlan : makePlan(scenarioOrPlan);
  const sampling = samplingOf(options, 20);
  assertCanFinish(plan);
  const { seed, replications } = sampling;
  return { plan, seed, replications, ...(await simulatePlan(plan, sampling)) };
}

/** Forecasts of plans of your own, by name, all with the same luck: differences are the plans'. */
export function comparePlans(
  plans: Readonly<Record<string, Plan>>,
  options: SamplingOptions = {},
): Promise<ComparedPlan[]> {
  const named = Object.entries(plans).map(([name, plan]) => ({ name, plan }));
  return compared.comparePlans(named, samplingOf(options, 10));
}

/** The named strategies (`STRATEGIES`) for one scenario, all with the same luck. */
export async function compareStrategies(
  scenario: Scenario,
  options: SamplingOptions = {},
): Promise<ComparedStrategy[]> {
  return (await compared.compareStrategies(scenario, samplingOf(options, 10))).strategies;
}

export interface SearchOptions extends SamplingOptions {
  /** Longest makespan and most money; the scenario's objective unless given, null: no limit. */
  deadlineSeconds?: number | null;
  budgetUsd?: number | null;
  /** Probability with which the plan must meet both; the scenario's unless given. */
  confidence?: number;
  /** What to make small among the plans that do: cost unless given. */
  objective?: 'cost' | 'time';
}

/** The best plan for a scenario within deadline and budget. Rejects with NoPlanError when there is none. */
export function searchPlan(scenario: Scenario, options: SearchOptions = {}): Promise<Plan> {
  const { deadlineSeconds, budgetUsd, confidence, objective = 'cost', ...sampling } = options;
  const wish = scenario.objective;
  return searched.searchPlan(scenario, {
    ...samplingOf(sampling, 10),
    deadlineSeconds: deadlineSeconds === undefined ? wish.deadlineSeconds : deadlineSeconds,
    budgetUsd: budgetUsd === undefined ? wish.budgetUsd : budgetUsd,
    confidence: confidence ?? wish.confidence,
    objective,
  });
}

function samplingOf(options: SamplingOptions, usualReplications: number) {
  const { seed = '1', uncertainty = true, onProgress, signal } = options;
  return {
    seed,
    replications: atLeastOne('replications', options.replications ?? usualReplications),
    workers: atLeastOne('workers', options.workers ?? availableParallelism()),
    uncertainty,
    ...(onProgress !== undefined && { onProgress }),
    ...(signal !== undefined && { signal }),
  };
}

function atLeastOne(path: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw inputError({ path, found: String(value), expected: 'a whole number of at least 1' });
}
