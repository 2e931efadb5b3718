import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import type { WaitCause } from '../../src/sim/world/view.js';
import { referenceScenario } from './exampleScenario.js';

const HOUR = 3600;

/** What is told of jobs that wait, and how their states change, in order. */
function told(scenario: Scenario, hours: number): { job: number; at: number; what: string | WaitCause }[] {
  const lines: { job: number; at: number; what: string | WaitCause }[] = [];
  const observer = {
    jobChanged: (job: number, _from: string, to: string, at: number) => lines.push({ job, at, what: to }),
    taskChanged: () => {},
    jobWaits: (job: number, what: WaitCause, at: number) => lines.push({ job, at, what }),
  };
  new Campaign(makePlan(scenario), 'waiting', { observer }).advance(hours * HOUR);
  return lines;
}

test('a job that finds its region sold out is SCHEDULED, says so once, and goes on when there are VMs again', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 1;
  scenario.startup.bootSeconds = { constant: 0 };
  const region = scenario.regions['us-central1']!;
  region.zones = ['us-central1-a', 'us-central1-c'];
  region.hazard = { constant: { hourlySurvival: 1 } };
  region.capacity.series = { file: 'x.csv', sha256: '', fromSeconds: [0, 2 * HOUR], vms: [0, 13] };
  expect(told(scenario, 20)).toEqual([
    { job: 0, at: 0, what: 'SCHEDULED' },
    { job: 0, at: 0, what: { cause: 'stockout', zones: ['us-central1-a', 'us-central1-c'] } },
    { job: 0, at: 2 * HOUR, what: 'RUNNING' },
    { job: 0, at: 9 * HOUR, what: 'SUCCEEDED' },
  ]);
});

test('a job that has not the quota for its first VM waits in QUEUED, and says which quota it is', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 2;
  scenario.startup.bootSeconds = { constant: 0 };
  const region = scenario.regions['us-central1']!;
  region.quota.spotGpus = 13;
  region.hazard = { constant: { hourlySurvival: 1 } };
  scenario.decisions.parallelism = { 'us-central1': 26 };
  // Two jobs at once, with quota for one.
  scenario.batch.limits.parallelTasksPerJob = 13;
  const waits = told(scenario, 30);
  expect(waits.filter(({ job }) => job === 1)).toEqual([
    {
      job: 1,
      at: 0,
      what: { cause: 'quota', quota: { quota: 'spotGpus', limit: 13, usage: 13, wanted: 1 } },
    },
    { job: 1, at: 7 * HOUR, what: 'SCHEDULED' },
    { job: 1, at: 7 * HOUR, what: 'RUNNING' },
    { job: 1, at: 14 * HOUR, what: 'SUCCEEDED' },
  ]);
});

test('each spell of waiting is told of anew', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 2;
  scenario.decisions.parallelism = { 'us-central1': 13 };
  scenario.startup.bootSeconds = { constant: 0 };
  const region = scenario.regions['us-central1']!;
  region.hazard = { constant: { hourlySurvival: 1 } };
  const fromSeconds = [0, HOUR, 7 * HOUR, 10 * HOUR];
  region.capacity.series = { file: 'x.csv', sha256: '', fromSeconds, vms: [0, 13, 0, 13] };
  const stockouts = told(scenario, 40).filter(({ what }) => typeof what !== 'string');
  expect(stockouts.map(({ at }) => at)).toEqual([0, 7 * HOUR]);
});
