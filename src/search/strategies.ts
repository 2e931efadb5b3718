import type { Decisions, Scenario } from '../scenario/scenario.js';

/** The strategies that are compared by name, in the order in which they are shown. */
export const STRATEGIES = ['retry', 'checkpoint', 'rolling', 'per-region', 'on-demand', 'spot-tail'] as const;

export type StrategyName = (typeof STRATEGIES)[number];

/** What each strategy is, in one line for people. */
export const STRATEGY_NOTES: Record<StrategyName, string> = {
  retry: 'no checkpoints, a preempted task starts again from zero',
  checkpoint: 'checkpoints with jitter, one array job a region',
  rolling: 'checkpoints, jobs of 50 molecules one after another',
  'per-region': 'checkpoints, every region of the scenario with its whole quota',
  'on-demand': 'checkpoints, no Spot VMs at all',
  'spot-tail': 'checkpoints on Spot, the last 2 % of molecules on demand',
};

/** Molecules in one job of the rolling strategy: 50 x 13 windows = 650 tasks. */
const ROLLING_MOLECULES = 50;
/** Share of the molecules that a Spot campaign with an on-demand tail runs on demand. */
const TAIL_PERCENT = 2;
/** A checkpoint policy for a scenario whose own decisions have none. */
const CHECKPOINTS = {
  policy: 'periodic',
  intervalSeconds: 600,
  jitterSeconds: 120,
  firstPhase: 'random',
} as const;

/** The scenario's decisions, changed into the named strategy; what the strategy does not touch stays. */
export function decisionsOf(name: StrategyName, scenario: Scenario): Decisions {
  const base = scenario.decisions;
  const robust: Decisions = {
    ...base,
    strategy: 'checkpoint',
    checkpoint: base.checkpoint.policy === 'none' ? { ...base.checkpoint, ...CHECKPOINTS } : base.checkpoint,
    waves: { size: 'all', start: 'drained' },
    tail: { ...base.tail, onDemandLastPercent: 0 },
  };
  switch (name) {
    case 'retry':
      return { ...robust, strategy: 'retry', checkpoint: { ...base.checkpoint, policy: 'none' } };
    case 'checkpoint':
      return robust;
    case 'rolling':
      return { ...robust, strategy: 'rolling', waves: { size: ROLLING_MOLECULES, start: 'finished' } };
    case 'per-region':
      return { ...robust, parallelism: quotas(scenario, 'spotGpus') };
    case 'on-demand':
      return { ...robust, provisioning: 'onDemand', parallelism: onDemandParallelism(scenario) };
    case 'spot-tail':
      return { ...robust, tail: { ...robust.tail, onDemandLastPercent: TAIL_PERCENT } };
  }
}

/** Every region with its whole quota, regions without any left out. */
export function quotas(scenario: Scenario, kind: 'spotGpus' | 'onDemandGpus'): Record<string, number> {
  const parallelism: Record<string, number> = {};
  for (const [region, { quota }] of Object.entries(scenario.regions)) {
    if (quota[kind] > 0) parallelism[region] = quota[kind];
  }
  return parallelism;
}

/** The decided parallelism as far as the on-demand quotas carry it; as decided where there is no such quota. */
function onDemandParallelism(scenario: Scenario): Record<string, number> {
  const parallelism: Record<string, number> = {};
  for (const [region, wanted] of Object.entries(scenario.decisions.parallelism)) {
    const quota = scenario.regions[region]?.quota.onDemandGpus ?? 0;
    if (quota > 0) parallelism[region] = Math.min(wanted, quota);
  }
  return Object.keys(parallelism).length > 0 ? parallelism : scenario.decisions.parallelism;
}
