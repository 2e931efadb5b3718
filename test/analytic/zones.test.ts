import { expect, test } from 'vitest';
import { buildJob } from '../../src/plan/job.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { Streams } from '../../src/sim/streams.js';
import { World } from '../../src/sim/world/world.js';
import { zoneOfVm } from '../../src/sim/world/zones.js';
import { standardErrors } from '../statistics.js';
import { dispersion, endless, lossesByHour, lossesOf, region } from './endless.js';
import { formulaWorld } from './noQueue.js';

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f'];
const VMS = 200;
const NO_HAZARD = { constant: { hourlySurvival: 1 } };

function shaken(scope: 'region' | 'zone', zones: string[]): Scenario {
  return endless(VMS, (s) => {
    region(s).quota.spotGpus = VMS;
    region(s).hazard = NO_HAZARD;
    region(s).zones = zones;
    region(s).shocks = { perHour: 0.5, share: { constant: 0.6 }, scope };
  });
}

/** A World with a job for each list of zones, whose VMs share the tasks evenly. */
function jobsIn(scenario: Scenario, seed: string, zonesOfJobs: string[][]): World {
  const world = new World(scenario, seed);
  const shard = makePlan(scenario).shards[0]!;
  const count = shard.taskCount / zonesOfJobs.length;
  zonesOfJobs.forEach((zones, i) => {
    const tasks = [{ first: i * count, count }];
    const plan = makePlan(scenario);
    const job = buildJob(plan, { jobId: `j${i}`, shard, round: 0, tasks }, { runId: 'r', project: 'p' });
    job.allocationPolicy!.location!.allowedLocations = zones.map((zone) => `zones/${zone}`);
    world.submit(readJobSpec(job, shard.region, `j${i}`, scenario));
  });
  return world;
}

test('shocks of one zone give losses an index of dispersion of E[B^2]/E[B], B of one zone', () => {
  // A job in each zone, so that a zone has as many VMs after a shock as before: B is binomial(VMS / Z, p).
  const p = 0.6;
  const n = VMS / ZONES.length;
  const meanB = n * p;
  const meanB2 = n * p * (1 - p) + (n * p) ** 2;
  const zones = ZONES.map((zone) => [zone]);
  const samples = Array.from({ length: 20 }, (_, r) =>
    dispersion(lossesOf(jobsIn(shaken('zone', ZONES), `zones/${r}`, zones), 2_000)),
  );
  const means = samples.map(({ mean }) => mean);
  const indices = samples.map(({ index }) => index);
  expect(Math.abs(standardErrors(means, { value: 0.5 * meanB, standardError: 0 }))).toBeLessThan(4);
  expect(Math.abs(standardErrors(indices, { value: meanB2 / meanB, standardError: 0 }))).toBeLessThan(4);
});

test('VMs that are spread over the zones are lost at the rate of the shocks x share / zones', () => {
  const means = Array.from(
    { length: 20 },
    (_, r) => dispersion(lossesByHour(shaken('zone', ZONES), `spread/${r}`, 2_000)).mean,
  );
  const expected = (0.5 * VMS * 0.6) / ZONES.length;
  expect(Math.abs(standardErrors(means, { value: expected, standardError: 0 }))).toBeLessThan(4);
});

test('a shock of a region takes the same VMs whether its zones are told apart or not', () => {
  expect(lossesByHour(shaken('region', ZONES), 'region', 200)).toEqual(
    lossesByHour(shaken('region', []), 'region', 200),
  );
});

test('a region without zones is one zone', () => {
  expect(lossesByHour(shaken('zone', []), 'one', 200)).toEqual(
    lossesByHour(shaken('region', []), 'one', 200),
  );
});

test('without shocks zones change nothing, draw by draw', () => {
  const campaign = (zones: string[]) => {
    const scenario = formulaWorld();
    scenario.campaign.molecules = 50;
    region(scenario).zones = zones;
    return simulateOnce(makePlan(scenario), 'zones');
  };
  expect(campaign(ZONES)).toEqual(campaign([]));
});

test('VMs lie in each zone equally often, whoever else there is', () => {
  const streams = new Streams('zones');
  const count = 40_000;
  const inZone = new Map(ZONES.map((zone) => [zone, 0]));
  for (let task = 0; task < count; task += 1) {
    const zone = zoneOfVm(streams, task, task % 3, ZONES)!;
    inZone.set(zone, inZone.get(zone)! + 1);
  }
  const expected = count / ZONES.length;
  const sd = Math.sqrt(count * (1 / ZONES.length) * (1 - 1 / ZONES.length));
  for (const [zone, n] of inZone) expect(Math.abs(n - expected) / sd, zone).toBeLessThan(4);
});

test('a job that names its zone is struck with that zone alone', () => {
  const scenario = shaken('zone', ZONES);
  region(scenario).shocks = { perHour: 0.5, share: { constant: 1 }, scope: 'zone' };
  const world = jobsIn(scenario, 'named', [[ZONES[1]!]]);
  let struck = 0;
  let spared = 0;
  let before = 0;
  for (let n = 0; n < 400; n += 1) {
    // Each step holds one event at most: every VM starts at once and none ends by itself.
    world.advance(world.nextEventTime());
    const losses = world.tally.preemptions - before;
    before = world.tally.preemptions;
    if (losses === VMS) struck += 1;
    else if (losses === 0) spared += 1;
    else expect.unreachable(`${losses} VMs were lost at once`);
  }
  expect(struck).toBeGreaterThan(0);
  expect(spared).toBeGreaterThan(struck);
});
