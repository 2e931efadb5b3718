import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { measure } from '../../src/sim/world/outcome.js';
import { spentUsd } from '../../src/sim/world/spending.js';
import type { WorldObserver } from '../../src/sim/world/view.js';
import { snapshotOf } from '../../src/sim/world/worldSnapshot.js';
import { referenceScenario } from './exampleScenario.js';
import { randomScenario } from './randomScenario.js';

const RUNS = { seed: 20261124, numRuns: 250 };

/** The scenario with checkpoints that are all alike, which the World has a short way for. */
function steady(scenario: Scenario): Scenario {
  const plain = structuredClone(scenario);
  plain.checkpoint.growthBytesPerHour = 0;
  Object.assign(plain.bucket, {
    errorRate: 0,
    readsPerUpload: 0,
    sharedUploadThroughputBytesPerSecond: null,
  });
  const { checkpoint } = plain.decisions;
  if (checkpoint.policy !== 'aligned') checkpoint.policy = 'periodic';
  return plain;
}

const anyScenario = fc.oneof(randomScenario, randomScenario.map(steady));
/** Seconds between two looks, in turn: a look at once, looks close together, long waits. */
const someWaits = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 12 });

/** What a campaign came to, as text; the folded one is the same but for the word. */
function textOf({ folded: _folded, ...outcome }: Outcome): string {
  return JSON.stringify(outcome);
}

const LOOKS: readonly ((campaign: Campaign, plan: Plan) => unknown)[] = [
  ({ world }) => measure(world, false),
  ({ world }) => world.outcome(),
  ({ world }, plan) => snapshotOf(world, plan, 'simulate'),
  ({ world }) => spentUsd(world),
];

/** Runs the campaign to its end with a look after each of the waits, over and over, but at most `looks` times. */
function watchedOutcome(plan: Plan, seed: string, waits: readonly number[], looks: number): Outcome {
  const campaign = new Campaign(plan, seed);
  let t = 0;
  for (let n = 0; n < looks && !campaign.finished; n += 1) {
    t += waits[n % waits.length]!;
    campaign.advance(t);
    LOOKS[n % LOOKS.length]!(campaign, plan);
  }
  return campaign.finish();
}

const SILENT: WorldObserver = { jobChanged: () => {}, taskChanged: () => {} };

describe('a campaign that is watched', () => {
  test('comes out as one that nobody looks at, to the last bit, whenever and however often one looks', () => {
    fc.assert(
      fc.property(anyScenario, fc.string(), someWaits, (scenario, seed, waits) => {
        const plan = makePlan(scenario);
        expect(textOf(watchedOutcome(plan, seed, waits, 120))).toBe(
          textOf(new Campaign(plan, seed).finish()),
        );
      }),
      RUNS,
    );
  });

  test('comes out as one whose every event is told, to the last bit', () => {
    fc.assert(
      fc.property(anyScenario, fc.string(), (scenario, seed) => {
        const plan = makePlan(scenario);
        const told = new Campaign(plan, seed, { observer: SILENT }).finish();
        expect(textOf(told)).toBe(textOf(new Campaign(plan, seed).finish()));
      }),
      RUNS,
    );
  });

  test('shows what one that is told of every event shows at the same moment', () => {
    fc.assert(
      fc.property(anyScenario, fc.string(), fc.integer({ min: 0, max: 200_000 }), (scenario, seed, at) => {
        const plan = makePlan(scenario);
        const told = new Campaign(plan, seed, { observer: SILENT });
        const alone = new Campaign(plan, seed);
        told.advance(at);
        alone.advance(at);
        expect(textOf(measure(alone.world, false))).toBe(textOf(measure(told.world, false)));
      }),
      RUNS,
    );
  });

  test('every minute comes out as one that nobody looks at: the reference campaign', () => {
    const scenario = referenceScenario();
    scenario.campaign.molecules = 4;
    scenario.decisions.parallelism = { 'us-central1': 20 };
    const plan = makePlan(scenario);
    expect(textOf(watchedOutcome(plan, 'minutes', [60], 10_000))).toBe(
      textOf(new Campaign(plan, 'minutes').finish()),
    );
  });
});
