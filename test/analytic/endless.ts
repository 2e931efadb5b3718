import { makePlan } from '../../src/plan/makePlan.js';
import type { Region, Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import type { World } from '../../src/sim/world/world.js';
import { formulaWorld } from './noQueue.js';

const HOUR = 3600;

/** Tasks that never end by themselves: each life is a VM's whole life. */
export function endless(vms: number, change: (scenario: Scenario) => void): Scenario {
  const scenario = formulaWorld();
  scenario.campaign = {
    ...scenario.campaign,
    molecules: vms,
    windows: 1,
    taskDurationSeconds: { constant: 1e9 },
  };
  scenario.decisions.parallelism = { 'us-central1': vms };
  change(scenario);
  return scenario;
}

export function region(scenario: Scenario): Region {
  return scenario.regions['us-central1']!;
}

/** Preemptions in each hour of a fleet whose VMs are replaced at once. */
export function lossesByHour(scenario: Scenario, seed: string, hours: number): number[] {
  return lossesOf(new Campaign(makePlan(scenario), seed).world, hours);
}

export function lossesOf(world: World, hours: number): number[] {
  let before = 0;
  return Array.from({ length: hours }, (_, h) => {
    world.advance((h + 1) * HOUR);
    const { preemptions } = world.tally;
    const losses = preemptions - before;
    before = preemptions;
    return losses;
  });
}

/** Mean of a sample and its variance over the mean (the index of dispersion, 1 for a Poisson process). */
export function dispersion(sample: readonly number[]): { mean: number; index: number } {
  const mean = sample.reduce((a, b) => a + b, 0) / sample.length;
  const variance = sample.reduce((a, b) => a + (b - mean) ** 2, 0) / (sample.length - 1);
  return { mean, index: variance / mean };
}
