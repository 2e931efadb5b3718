import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { simulateOnce } from '../../src/sim/simulateOnce.js';
import { Streams } from '../../src/sim/streams.js';
import { SharedServer } from '../../src/sim/world/sharedServer.js';
import { UploadLink } from '../../src/sim/world/uploadLink.js';
import { standardErrors } from '../statistics.js';
import { formulaWorld } from './noQueue.js';

const BYTES = 50e6;

/** `writers` tasks that all ship their one checkpoint after 600 s, over a link of their own and a shared one. */
function burst(writers: number, own: number | null, shared: number | null): Scenario {
  const scenario = formulaWorld();
  scenario.campaign = {
    ...scenario.campaign,
    molecules: writers,
    windows: 1,
    taskDurationSeconds: { constant: 1_000 },
  };
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
  scenario.decisions.checkpoint = {
    policy: 'periodic',
    intervalSeconds: 600,
    jitterSeconds: 0,
    firstPhase: 'none',
    flushOnNotice: false,
  };
  scenario.bucket = {
    ...scenario.bucket,
    writesPerSecond: null,
    uploadThroughputBytesPerSecond: own,
    sharedUploadThroughputBytesPerSecond: shared,
  };
  return scenario;
}

/** Times at which checkpoints were durable. */
function durableAt(scenario: Scenario): number[] {
  const times: number[] = [];
  const observer = {
    jobChanged: () => {},
    taskChanged: () => {},
    bucketUsed: (use: string, _job: number, _task: number, at: number) => {
      if (use === 'checkpointWritten') times.push(at);
    },
  };
  new Campaign(makePlan(scenario), 'burst', { observer }).finish();
  return times.sort((a, b) => a - b);
}

test('a burst drains at the shared throughput: its k-th upload is through after k x bytes / throughput', () => {
  const times = durableAt(burst(200, 100e6, 1e9));
  expect(times).toHaveLength(200);
  // 50 ms of the link each, and 0.5 s of its VM's own.
  times.forEach((at, k) => {
    expect(at).toBeCloseTo(600 + Math.max(0.5, (k + 1) * 0.05), 6);
  });
});

test('a lone upload, and a crowd that the link has room for, take their own time', () => {
  expect(durableAt(burst(10, 100e6, 1e9))).toEqual(durableAt(burst(10, 100e6, null)));
});

test('uploads that come at random wait as M/D/1 says', () => {
  // Pollaczek and Khinchine: a wait of rho s / (2 (1 - rho)) before a service of s.
  const service = 0.05;
  const load = 0.8;
  const waits = Array.from({ length: 20 }, (_, r) => {
    const streams = new Streams(`md1/${r}`);
    const server = new SharedServer();
    let t = 0;
    let sum = 0;
    const uploads = 50_000;
    for (let i = 0; i < uploads; i += 1) {
      t += streams.exponential(i, 0, 0, 0) * (service / load);
      sum += server.finish(t, 0, service) - t - service;
    }
    return sum / uploads;
  });
  const expected = (load * service) / (2 * (1 - load));
  expect(Math.abs(standardErrors(waits, { value: expected, standardError: 0 }))).toBeLessThan(4);
});

test('a campaign that its link never holds up is folded, with the outcome that it has event by event', () => {
  const scenario = formulaWorld();
  scenario.campaign.molecules = 40;
  scenario.decisions.checkpoint.policy = 'periodic';
  scenario.decisions.checkpoint.firstPhase = 'random';
  // An upload takes 0.5 s alone and 0.05 s of the link, and the 520 tasks make 0.8 uploads a second.
  scenario.bucket.sharedUploadThroughputBytesPerSecond = 20 * BYTES;
  const plan = makePlan(scenario);
  const { folded, ...quick } = simulateOnce(plan, 'link');
  const { folded: _, ...exact } = simulateOnce(plan, 'link', { fold: false });
  expect(folded).toBe(true);
  expect(quick).toEqual(exact);
});

test('a campaign that its link does hold up is not folded, and loses more work', () => {
  const scenario = formulaWorld();
  scenario.campaign.molecules = 40;
  scenario.decisions.checkpoint = { ...scenario.decisions.checkpoint, policy: 'aligned' };
  const lost = (shared: number | null) => {
    scenario.bucket.sharedUploadThroughputBytesPerSecond = shared;
    const { metrics, folded } = simulateOnce(makePlan(scenario), 'late');
    return { hours: metrics.lostWorkHours, folded };
  };
  expect(lost(null).folded).toBe(true);
  // 520 uploads of 0.2 s each take 104 s, of which a task waits half on average.
  const late = lost(5 * BYTES);
  expect(late.folded).toBe(false);
  expect(late.hours).toBeGreaterThan(lost(null).hours);
});

test('what the folded books certify, the server lets pass at once', () => {
  const streams = new Streams('certificate');
  let certified = 0;
  for (let n = 0; n < 2_000; n += 1) {
    const own = 0.2 + 2 * streams.uniform(n, 0, 0, 0);
    const uploads = 1 + Math.floor(30 * streams.uniform(n, 0, 0, 1));
    const times = Array.from({ length: uploads }, (_, i) => 20 * streams.uniform(n, 1, 0, i));
    const folded = new UploadLink(10 * BYTES, true);
    for (const t of times) folded.finish(t, own, BYTES);
    if (!folded.neverWaits) continue;
    certified += 1;
    const link = new UploadLink(10 * BYTES, false);
    for (const t of times.sort((a, b) => a - b)) expect(link.finish(t, own, BYTES)).toBe(t + own);
  }
  expect(certified).toBeGreaterThan(200);
});
