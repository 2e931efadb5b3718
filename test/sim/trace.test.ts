import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/plan/forecast.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import { replicate } from '../../src/sim/replicate.js';
import { playTraced, type TraceEvent } from '../../src/sim/trace.js';
import { referenceScenario } from './exampleScenario.js';
import { randomScenario } from './randomScenario.js';

function traced(plan: Plan, seed: string, r = 0, uncertainty = false) {
  const events: TraceEvent[] = [];
  const play = playTraced(plan, { seed, r, uncertainty }, (event) => events.push(event));
  let step = play.next();
  while (!step.done) step = play.next();
  return { events, outcome: step.value };
}

function count(events: readonly TraceEvent[], matches: (event: TraceEvent) => boolean): number {
  return events.filter(matches).length;
}

/** How it was computed is not an outcome. */
function figures({ metrics, costBreakdownUsd }: Outcome) {
  return { metrics, costBreakdownUsd };
}

test('a traced replication is the replication of the forecast, and its events add up to its outcome', () => {
  fc.assert(
    fc.property(randomScenario, fc.string(), (scenario, seed) => {
      const plan = makePlan(scenario);
      const { events, outcome } = traced(plan, seed, 3);
      expect(figures(outcome)).toEqual(figures(replicate(plan, seed, 3, false)));
      expect(events[0]).toMatchObject({ type: 'replication', seed, replication: 3, plan: plan.id });
      expect(events.at(-1)).toMatchObject({ type: 'outcome', ...figures(outcome) });

      const { metrics } = outcome;
      const preempted = (event: TraceEvent) => event.type === 'task' && event.exitCode === 50001;
      const succeeded = (event: TraceEvent) => event.type === 'task' && event.to === 'SUCCEEDED';
      expect(count(events, preempted)).toBe(metrics.preemptions);
      expect(count(events, succeeded)).toBe(metrics.tasksSucceeded);
      expect(count(events, ({ type }) => type === 'checkpointWritten')).toBe(metrics.checkpointsWritten);
      expect(count(events, ({ type }) => type === 'checkpointSkipped')).toBe(metrics.checkpointsSkipped);
      expect(count(events, ({ type }) => type === 'requestRefused')).toBe(metrics.http429);
    }),
    { seed: 20261123, numRuns: 200 },
  );
});

test('events are handed over hour by hour of the campaign', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 10;
  const events: TraceEvent[] = [];
  const play = playTraced(makePlan(scenario), { seed: '1', r: 0, uncertainty: false }, (event) =>
    events.push(event),
  );
  let hours = 0;
  while (!play.next().done) {
    hours += 1;
    const last = events.at(-1);
    expect(last && 'at' in last ? last.at : 0).toBeLessThanOrEqual(hours * 3600);
  }
  expect(hours).toBeGreaterThan(7);
});

test('events come in order of time, and a job is submitted before anything happens to it', () => {
  fc.assert(
    fc.property(randomScenario, fc.string(), (scenario, seed) => {
      const { events } = traced(makePlan(scenario), seed);
      const submitted = new Set<number>();
      let now = 0;
      for (const event of events) {
        if (event.type === 'replication') continue;
        expect(event.at).toBeGreaterThanOrEqual(now);
        now = event.at;
        if (event.type === 'submitted') submitted.add(event.job);
        else if ('job' in event) expect(submitted).toContain(event.job);
      }
    }),
    { seed: 20261123, numRuns: 100 },
  );
});

test('a checkpoint is told of the attempt that wrote it: while its task runs, on its VM', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 3;
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.7 } };
  const { events } = traced(makePlan(scenario), '1');
  const vmOf = new Map<number, number | null>();
  let checkpoints = 0;
  for (const event of events) {
    if (event.type === 'task') vmOf.set(event.task, event.to === 'RUNNING' ? event.vm : null);
    if (event.type !== 'checkpointWritten') continue;
    checkpoints += 1;
    expect(event.vm).not.toBeNull();
    expect(vmOf.get(event.task)).toBe(event.vm);
  }
  expect(checkpoints).toBeGreaterThan(1_000);
});

test('the events of a remainder name the tasks of the campaign, not those of its job', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 3;
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 0.6 } };
  scenario.decisions = {
    ...scenario.decisions,
    maxRetries: 1,
    remainder: { policy: 'sameRegion', maxRounds: 3 },
  };
  const { events } = traced(makePlan(scenario), '1');
  const later = events.filter((event) => event.type === 'task' && event.job > 0);
  expect(later.length).toBeGreaterThan(0);
  const failed = new Set(
    events.flatMap((event) =>
      event.type === 'task' && event.job === 0 && event.to === 'FAILED' ? [event.task] : [],
    ),
  );
  for (const event of later) if (event.type === 'task') expect(failed).toContain(event.task);
});

test('with uncertainty, the first line tells the guesses that the replication drew', () => {
  const scenario = referenceScenario();
  scenario.campaign.molecules = 2;
  scenario.guesses = { 'regions.us-central1.hazard.constant.hourlySurvival': { low: 0.7, high: 0.99 } };
  const plan = makePlan(scenario);
  const { events, outcome } = traced(plan, '1', 1, true);
  expect(figures(outcome)).toEqual(figures(replicate(plan, '1', 1, true)));
  const first = events[0]!;
  const drawn = first.type === 'replication' ? Object.entries(first.guesses) : [];
  expect(drawn).toHaveLength(1);
  const [path, values] = drawn[0]!;
  expect(path).toBe('regions.*.hazard.constant.hourlySurvival');
  expect(values).toHaveLength(1);
  expect(values[0]).toBeGreaterThan(0.7);
  expect(values[0]).toBeLessThan(0.99);
  expect(values[0]).not.toBe(0.95);
});
