/** The workloads of the speed figures: which plan, and which engine. */
import { readFileSync } from 'node:fs';
import { makePlan } from '../dist/plan/makePlan.js';
import { parseScenario } from '../dist/scenario/parse.js';

const POLICIES = { jitter: 'periodic', sync: 'aligned', none: 'none' };
const SLOTS = [500, 5_000, 13_000];

/**
 * Worst cost of a reference event in any variant, and of a replication of 13,000 tasks with all models: the goals of
 * the project on one core. A goal of a row is its smallest one.
 */
const MUST_NS_PER_EVENT = 300;
const MUST_MS = {
  'jitter/500 by events': 60,
  'jitter/500 folded': 20,
  'sync/5000 by events': 350,
  '1.3M tasks by events': 12_000,
  '1.3M tasks folded': 2_000,
  'thirteen-thousand by events': 150,
  'thirteen-thousand folded': 40,
};

/** `quick`: what still says something within seconds. */
export const workloads = [
  ...Object.keys(POLICIES).flatMap((variant) =>
    SLOTS.flatMap((slots) => {
      const of = (fold) =>
        workload(`${variant}/${slots}`, fold, campaign13k(variant, slots), { quick: slots === 500 });
      // Without checkpoints there is nothing to fold; the certificate of synchronous ones fails with more writers
      // than the bucket's burst.
      const folds = variant === 'jitter' || (variant === 'sync' && slots === 500);
      return folds ? [of(false), of(true)] : [of(false)];
    }),
  ),
  ...[
    ['130k', 10],
    ['1.3M', 100],
  ].flatMap(([name, times]) => {
    const overrides = [...campaign13k('jitter', 500 * times), `campaign.molecules=${1_000 * times}`];
    return [false, true].map((fold) => workload(`${name} tasks`, fold, overrides, { large: times === 100 }));
  }),
  ...[false, true].map((fold) =>
    workload('thirteen-thousand', fold, [], { scenario: 'thirteen-thousand', quick: fold }),
  ),
];

function workload(label, fold, overrides, { scenario = 'campaign-13k', quick = false, large = false } = {}) {
  const name = `${label} ${fold ? 'folded' : 'by events'}`;
  const mustNsPerEvent = scenario === 'campaign-13k' ? MUST_NS_PER_EVENT : null;
  return { name, scenario, fold, overrides, quick, large, mustMs: MUST_MS[name] ?? null, mustNsPerEvent };
}

function campaign13k(variant, slots) {
  return [
    `decisions.checkpoint.policy=${POLICIES[variant]}`,
    `decisions.parallelism.us-central1=${slots}`,
    `regions.us-central1.quota.spotGpus=${slots}`,
  ];
}

export function planOf({ scenario, overrides }) {
  return makePlan(parseScenario(readFileSync(scenarioFile(scenario), 'utf8'), { overrides }));
}

export function scenarioFile(name) {
  return new URL(`../scenarios/${name}.yaml`, import.meta.url);
}
