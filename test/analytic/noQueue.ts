import type { Scenario } from '../../src/scenario/scenario.js';
import { referenceScenario } from '../sim/exampleScenario.js';

/** The world of the formulas: 13,000 tasks of 7 h, a slot for each, nothing to wait for, start-up `restart` hours. */
export function formulaWorld(restartHours = 0): Scenario {
  const scenario = referenceScenario();
  const region = scenario.regions['us-central1']!;
  region.quota.spotGpus = 13_000;
  scenario.decisions.parallelism = { 'us-central1': 13_000 };
  scenario.decisions.checkpoint.policy = 'none';
  scenario.startup.bootSeconds = { constant: restartHours * 3600 };
  scenario.spot.hazardFrom = 'vm';
  return scenario;
}
