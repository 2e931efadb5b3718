import { afterEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/plan.js';
import type { Decisions } from '../../src/scenario/scenario.js';
import { planOf } from './plans.js';
import { Rehearsed, RUN } from './rehearsed.js';

const TIMEOUT_MS = 90_000;

let rehearsed: Rehearsed | null = null;

afterEach(async () => {
  await rehearsed?.stop();
  rehearsed = null;
});

/** 65 tasks of an hour on 13 VMs at 1 USD an hour: five hours, about 66 USD. */
function plan(guard: Partial<Plan['guard']>, decisions: Partial<Decisions> = {}): Plan {
  const made = planOf({ molecules: 5, windows: 13 }, { parallelism: { 'us-central1': 13 }, ...decisions });
  return { ...made, guard: { ...made.guard, ...guard } };
}

async function begin(guarded: Plan, options: Parameters<typeof Rehearsed.begin>[1] = {}): Promise<Rehearsed> {
  rehearsed = await Rehearsed.begin(guarded, options);
  return rehearsed;
}

describe('the guard of a rehearsal', () => {
  it('cancels when the budget is spent, keeps what is done, and goes on with another budget', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const world = await begin(plan({ budgetUsd: 30, onBudget: 'cancel' }));
    const first = await world.run();
    expect(first).toMatchObject({ stopped: { cause: 'budget' }, budgetUsd: 30, exposureUsd: 0 });
    expect(first.costUsd).toBeLessThan(35);
    expect(first.tasks.succeeded).toBeGreaterThan(0);
    expect(first.tasks.succeeded + first.tasks.pending + first.tasks.failed).toBe(65);

    const still = await world.run({ wish: { kind: 'reopen', tasks: null } });
    expect(still.stopped).toMatchObject({ cause: 'budget' });
    expect(still.tasks.succeeded).toBe(first.tasks.succeeded);

    const wish = { kind: 'reopen' as const, tasks: null, budgetUsd: 500 };
    const second = await world.run({ wish });
    expect(second).toMatchObject({ state: 'succeeded', stopped: null, budgetUsd: 500 });
    expect(second.tasks).toMatchObject({ succeeded: 65, failed: 0 });
    const ledger = await world.ledger();
    expect(ledger.filter(({ kind }) => kind === 'run-halted').length).toBeGreaterThanOrEqual(2);
  });

  it('only warns where the plan says no more, and says so once', { timeout: TIMEOUT_MS }, async () => {
    const warning = plan({ budgetUsd: 20, onBudget: 'warn', deadlineHours: 1 });
    const world = await begin(warning);
    const said = new Set<string>();
    const summary = await world.run({
      onSnapshot: ({ messages }) => {
        for (const { text } of messages) said.add(text);
      },
    });
    expect(summary).toMatchObject({ state: 'succeeded', stopped: null });
    expect([...said].filter((text) => text.includes('budget'))).toHaveLength(2);
    expect([...said].filter((text) => text.includes('deadline'))).toHaveLength(1);
    expect((await world.ledger()).filter(({ kind }) => kind === 'run-halted')).toEqual([]);
  });

  it('cancels at a deadline that is to do so', { timeout: TIMEOUT_MS }, async () => {
    const world = await begin(plan({ deadlineHours: 2, onDeadline: 'cancel' }));
    const summary = await world.run();
    expect(summary).toMatchObject({ state: 'cancelled', stopped: { cause: 'deadline' } });
    expect(summary.tasks.succeeded).toBeGreaterThan(0);
    const resumed = await world.run({ wish: { kind: 'reopen', tasks: null } });
    expect(resumed).toMatchObject({ state: 'succeeded', tasks: { succeeded: 65 } });
  });

  it('keeps the exposure under its cap by smaller jobs', { timeout: TIMEOUT_MS }, async () => {
    const free = plan({});
    const perTask = (free.task.maxRunDurationSeconds ?? 0) * 11;
    const capped = plan({ maxUnattendedUsd: (26 * perTask) / 3600 });
    const world = await begin(capped);
    const exposures: number[] = [];
    const summary = await world.run({
      onSnapshot: ({ jobs }) => {
        const open = jobs.reduce(
          (sum, { pending, assigned, running }) => sum + pending + assigned + running,
          0,
        );
        exposures.push((open * perTask) / 3600);
      },
    });
    expect(summary).toMatchObject({ state: 'succeeded', tasks: { succeeded: 65 } });
    expect(Math.max(...exposures)).toBeLessThanOrEqual(capped.guard.maxUnattendedUsd ?? 0);
    expect(summary.jobs.length).toBeGreaterThan(2);
  });
});

describe('the circuit breaker of a rehearsal', () => {
  const image = {
    calls: [],
    view: {},
    world: [{ kind: 'imageUnavailable' as const, region: 'us-central1', seconds: 1e6, at: 0 }],
  };

  it('ends a job whose attempts all fail, with the evidence, and nothing follows', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const waves = plan({}, { waves: { size: 2, start: 'drained' } });
    const world = await begin(waves, { faults: image, speed: 1200 });
    const summary = await world.run();
    expect(summary).toMatchObject({ state: 'failed', stopped: { cause: 'breaker' } });
    expect(summary.jobs).toEqual([
      { jobId: `${RUN}-us-central1-w0`, region: 'us-central1', state: 'CANCELLED' },
    ]);
    const evidence = summary.stopped?.evidence.join('\n') ?? '';
    expect(evidence).toMatch(/exit codes: 1 \(\d+\)/);
    expect(evidence).toMatch(/zones: us-central1-/);
    expect(evidence).toMatch(/the last VMs: us-central1-/);
    expect(evidence).toMatch(/Batch: /);
    // Far from the 65 x 11 attempts that Batch would have made.
    expect(summary.attempts).toBeLessThan(400);
  });

  it('does not act on a shock that takes young VMs, nor on a strategy without checkpoints', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const preempt = [900, 1500, 2100].map((at) => ({
      kind: 'preempt' as const,
      region: 'us-central1',
      share: 1,
      at,
    }));
    const decisions = {
      checkpoint: {
        policy: 'none' as const,
        intervalSeconds: 600,
        jitterSeconds: 0,
        firstPhase: 'none' as const,
        flushOnNotice: false,
      },
    };
    for (const made of [plan({}), plan({}, decisions)]) {
      const world = await begin(made, { faults: { calls: [], view: {}, world: preempt } });
      const summary = await world.run();
      expect(summary).toMatchObject({ state: 'succeeded', stopped: null });
      expect(summary.preemptions).toBeGreaterThanOrEqual(30);
      await world.stop();
      rehearsed = null;
    }
  });

  it('does not act on windows that fail by themselves while the others compute', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const made = plan({}, { parallelism: { 'us-central1': 65 } });
    made.scenario.resolved.campaign.taskFailure = 0.3;
    const world = await begin(made);
    const summary = await world.run();
    expect(summary.stopped).toBeNull();
    expect(summary.tasks.succeeded).toBeGreaterThan(40);
  });
});
