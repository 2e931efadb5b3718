import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/plan/forecast.js';
import type { Plan } from '../../src/plan/plan.js';
import { formatPlan, parsePlan, parsePlanFile } from '../../src/plan/planFile.js';
import { planIdOf } from '../../src/plan/planId.js';
import { InputError } from '../../src/scenario/errors.js';
import { EMPTY_CLOUD_REGION, emptyCloud } from '../realWork.js';
import { examplePlan, exampleScenario } from './examplePlan.js';

const plan = examplePlan();
const text = formatPlan(plan);

/** The message of the InputError that reading the text ends with. */
function sentence(source: string, read: (source: string, file: string) => unknown = parsePlanFile): string {
  try {
    read(source, 'plan.json');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error('the text was accepted');
}

/** The example plan's file after a change to its JSON. */
function edited(change: (json: Plan) => void): string {
  const json: Plan = JSON.parse(text);
  change(json);
  return JSON.stringify(json, null, 2);
}

const shard = (json: Plan, i: number) => json.shards[i] as object;

/** The same JSON with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('formatPlan and parsePlan', () => {
  it('are inverse to each other', () => {
    expect(parsePlan(text, 'plan.json')).toEqual(plan);
    expect(formatPlan(parsePlan(text, 'plan.json'))).toBe(text);
  });

  it('keep a forecast, alternatives, findings and the cloud', () => {
    const summary = { mean: 1, sd: 0.5, p1: 0, p10: 0, p50: 1, p90: 2, p99: 3 };
    const range = { p10: 1, p50: 2, p90: 3 };
    const full: Plan = {
      ...plan,
      forecast: Object.fromEntries(METRICS.map((metric) => [metric, summary])) as NonNullable<
        Plan['forecast']
      >,
      alternatives: [
        { name: 'retry', makespanHours: range, costUsd: range, tasksFailed: 0, verdict: 'costs more' },
      ],
      findings: [
        { rule: 'r', severity: 'warning', path: 'p', message: 'm', found: 1, limit: 'none', source: 'docs' },
      ],
      cloud: {
        ...emptyCloud(['us-central1']),
        labels: { team: 'fep' },
        state: 'gs://home/fepcast',
        regions: { 'us-central1': { ...EMPTY_CLOUD_REGION, zones: ['us-central1-a'] } },
      },
    };
    expect(parsePlan(formatPlan(full), 'plan.json')).toEqual(full);
  });

  it('write the keys in the order of the contract, however they were built', () => {
    expect(Object.keys(JSON.parse(text)).join(' ')).toBe(
      'version id scenario campaign machine image work task cloud checkpoint buckets startup shards waveStart remainder tail guard live forecast alternatives findings',
    );
    const backwards = reversed({ ...plan, scenario: null }) as Plan;
    expect(formatPlan({ ...backwards, scenario: plan.scenario })).toBe(text);
  });

  it.each(['none', 'periodic', 'aligned', 'adaptive'] as const)('know the policy %s', (policy) => {
    const other: Plan = { ...plan, checkpoint: { ...plan.checkpoint, policy } };
    expect(parsePlan(formatPlan(other), 'plan.json').checkpoint.policy).toBe(policy);
  });

  it('end the file with a newline', () => {
    expect(text.endsWith('}\n')).toBe(true);
  });
});

describe('a broken file', () => {
  it.each([
    [
      'an empty file',
      '',
      'plan.json: found an empty file, expected a plan (JSON, as fepcast plan writes it)',
    ],
    [
      'only space',
      ' \n',
      'plan.json: found an empty file, expected a plan (JSON, as fepcast plan writes it)',
    ],
    ['a list', '[1, 2]', 'plan.json: found a list, expected a map'],
    ['a number', '7', 'plan.json: found 7, expected a map'],
    [
      'a file cut between two tokens',
      '{\n  "version": 1,\n  "id"',
      'plan.json: line 3, column 7: found the end of the file, expected the rest of the plan (it is truncated)',
    ],
    [
      'a file cut inside a text',
      '{\n  "version": 1,\n  "id": "p12',
      'plan.json: line 3, column 13: found the end of the file, expected the rest of the plan (it is truncated)',
    ],
    [
      'what is no JSON',
      '{\n  "version": one\n}',
      'plan.json: line 2, column 14: found "one", expected valid JSON',
    ],
  ])('is told in one sentence: %s', (_name, source, expected) => {
    expect(sentence(source)).toBe(expected);
  });

  it('is reported as truncated wherever it is cut', () => {
    const compact = JSON.stringify(plan);
    for (let end = 1; end < compact.length; end += 7) {
      expect(sentence(compact.slice(0, end))).toMatch(
        /^plan\.json: line 1, column \d+: found the end of the file/,
      );
    }
  });
});

describe('a file of the wrong shape', () => {
  it.each<[string, (json: Plan) => void, string]>([
    [
      'an unknown key',
      (json) => Object.assign(json, { shard: [] }),
      'plan.json: shard: found an unknown key, expected no such key',
    ],
    [
      'an unknown key inside',
      (json) => Object.assign(shard(json, 0), { zone: 'a' }),
      'plan.json: shards[0].zone: found an unknown key, expected no such key',
    ],
    [
      'a missing key',
      (json) => {
        Reflect.deleteProperty(json, 'guard');
      },
      'plan.json: guard: found nothing, expected a map',
    ],
    [
      'a text for a number',
      (json) => Object.assign(shard(json, 1), { taskCount: '6500' }),
      'plan.json: shards[1].taskCount: found "6500", expected a number',
    ],
    [
      'a fraction of a task',
      (json) => Object.assign(shard(json, 1), { taskCount: 6.5 }),
      'plan.json: shards[1].taskCount: found 6.5, expected a whole number',
    ],
    [
      'no VM at all',
      (json) => Object.assign(shard(json, 1), { parallelism: 0 }),
      'plan.json: shards[1].parallelism: found 0, expected at least 1',
    ],
    [
      'another provisioning model',
      (json) => Object.assign(shard(json, 0), { provisioning: 'preemptible' }),
      'plan.json: shards[0].provisioning: found "preemptible", expected spot, onDemand or flexStart',
    ],
    [
      'a region that is a number',
      (json) => Object.assign(shard(json, 0), { region: 4 }),
      'plan.json: shards[0].region: found 4, expected a region, such as us-central1',
    ],
    [
      'a plan of another version',
      (json) => Object.assign(json, { version: 2 }),
      'plan.json: version: found 2, expected 1',
    ],
    [
      'a hash that is none',
      (json) => Object.assign(json.scenario, { sha256: 'abc' }),
      'plan.json: scenario.sha256: found "abc", expected a SHA-256 (64 hex digits)',
    ],
  ])('is told in one sentence: %s', (_name, change, expected) => {
    expect(sentence(edited(change))).toBe(expected);
  });
});

describe('the embedded scenario', () => {
  it('must be the one of its hash', () => {
    const message = sentence(
      edited((json) => {
        Object.assign(json.scenario.resolved.campaign, { taskFailure: 0.5 });
      }),
    );
    expect(message).toMatch(
      /^plan\.json: scenario\.sha256: found [0-9a-f]{8}…, expected [0-9a-f]{8}… \(the embedded scenario was changed after planning; run fepcast plan again\)$/,
    );
    expect(message).toContain(`found ${plan.scenario.sha256.slice(0, 8)}…`);
  });

  it('may have its keys in another order', () => {
    const source = JSON.stringify(reversed(plan));
    expect(parsePlan(source, 'plan.json')).toEqual(plan);
  });

  it('is checked as strictly as a scenario', () => {
    const message = sentence(
      edited((json) => {
        Object.assign(json.scenario.resolved.campaign, { molecules: -5 });
      }),
    );
    expect(message).toMatch(/^plan\.json: scenario\.resolved\.campaign\.molecules: found -5, expected /);
  });
});

describe("what is the linter's business", () => {
  const beyond = edited((json) => {
    Object.assign(shard(json, 0), {
      region: ['us-central1', 'us-east1'],
      maxRetryCount: 11,
      parallelism: 6000,
    });
  });

  it('parses, so that it can be a finding', () => {
    expect(parsePlanFile(beyond, 'plan.json').shards[0]).toMatchObject({
      region: ['us-central1', 'us-east1'],
      maxRetryCount: 11,
      parallelism: 6000,
    });
  });

  it('is refused as bad input where a job must have one region', () => {
    expect(sentence(beyond, parsePlan)).toBe(
      'plan.json: shards[0].region: found 2 regions (us-central1, us-east1), expected one region (a Batch job lives in one region; fepcast lint tells more)',
    );
  });
});

describe('planIdOf', () => {
  it('is the same for the same decisions, and can begin a job id', () => {
    expect(planIdOf(plan)).toBe(planIdOf(reversed(plan) as Plan));
    expect(plan.id).toMatch(/^p[0-9a-f]{12}$/);
  });

  it('does not depend on what the plan only reports', () => {
    const finding = {
      rule: 'r',
      severity: 'warning',
      path: '',
      message: '',
      found: 0,
      limit: 0,
      source: '',
    } as const;
    expect(planIdOf({ ...plan, id: 'x', findings: [finding] })).toBe(plan.id);
  });

  it('changes with a decision and with the scenario', () => {
    expect(planIdOf({ ...plan, waveStart: 'finished' })).not.toBe(plan.id);
    const scenario = exampleScenario();
    scenario.campaign.taskFailure = 0.01;
    expect(examplePlan(scenario).id).not.toBe(plan.id);
  });

  it('is not checked when a plan is read: a plan edited by hand is still a plan', () => {
    expect(
      parsePlan(
        edited((json) => Object.assign(json, { id: 'mine' })),
        'plan.json',
      ).id,
    ).toBe('mine');
  });
});
