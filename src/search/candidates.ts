import { lintPlan } from '../plan/lint.js';
import { makePlan } from '../plan/makePlan.js';
import type { Finding, Plan } from '../plan/plan.js';
import type { Decisions, Scenario } from '../scenario/scenario.js';
import { decisionsOf, STRATEGIES, type StrategyName } from './strategies.js';

/** Shares of the strategy's parallelism, and intervals between checkpoints in seconds, that the grid tries. */
const PARALLELISM_SHARES = [1, 0.75, 0.5, 0.25];
const INTERVALS_SECONDS = [300, 600, 900, 1800];

export interface Candidate {
  name: string;
  strategy: StrategyName;
  plan: Plan;
  /** Findings of severity error: such a plan cannot work and is not simulated. */
  errors: Finding[];
}

/** Every plan of the grid strategy x parallelism x interval, plans that come out equal only once. */
export function candidates(scenario: Scenario): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const strategy of STRATEGIES) {
    const base = decisionsOf(strategy, scenario);
    for (const share of PARALLELISM_SHARES) {
      for (const intervalSeconds of intervalsOf(base)) {
        const parallelism = scaled(base.parallelism, share);
        const plan = makePlan(scenario, {
          ...base,
          parallelism,
          checkpoint: { ...base.checkpoint, intervalSeconds },
        });
        if (found.has(plan.id)) continue;
        const findings = lintPlan(plan);
        found.set(plan.id, {
          name: nameOf(strategy, parallelism, base, intervalSeconds),
          strategy,
          plan: { ...plan, findings },
          errors: findings.filter((finding) => finding.severity === 'error'),
        });
      }
    }
  }
  return [...found.values()];
}

/** A plan without checkpoints has no interval to try; one with them tries the scenario's own too. */
function intervalsOf(decisions: Decisions): number[] {
  const own = decisions.checkpoint.intervalSeconds;
  if (decisions.checkpoint.policy === 'none') return [own];
  return [...new Set([...INTERVALS_SECONDS, own])].sort((a, b) => a - b);
}

function scaled(parallelism: Record<string, number>, share: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(parallelism).map(([region, vms]) => [region, Math.max(1, Math.round(vms * share))]),
  );
}

/** "checkpoint, 500 VMs, every 10 min" */
function nameOf(
  strategy: StrategyName,
  parallelism: Record<string, number>,
  decisions: Decisions,
  intervalSeconds: number,
): string {
  const vms = Object.values(parallelism).reduce((sum, count) => sum + count, 0);
  const checkpoints =
    decisions.checkpoint.policy === 'none'
      ? ''
      : `, every ${Math.round((intervalSeconds / 60) * 10) / 10} min`;
  return `${strategy}, ${vms} VMs${checkpoints}`;
}
