import { describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/plan/journal.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import { formatPlan, parsePlan } from '../../src/plan/planFile.js';
import { canonicalJson, scenarioSha256 } from '../../src/scenario/canonical.js';
import { InputError } from '../../src/scenario/errors.js';
import { scenarioOf } from '../exec/plans.js';
import { emptyCloud, workTable } from '../realWork.js';

type Json = { [key: string]: Json };

const plan = makePlan({ ...scenarioOf({ molecules: 2, windows: 3 }), cloud: emptyCloud(['us-central1']) });

/** The plan's file as a version wrote it that did not know these paths yet. */
function without(paths: readonly string[]): string {
  const json = JSON.parse(formatPlan(plan)) as { scenario: { sha256: string; resolved: object } } & Json;
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    const parent = steps.reduce<Json>((value, step) => value[step] as Json, json);
    expect(Object.hasOwn(parent, last), path).toBe(true);
    delete parent[last];
  }
  json.scenario.sha256 = scenarioSha256(json.scenario.resolved);
  return JSON.stringify(json);
}

const NEW_IN_PLAN = [
  'work',
  'task.command',
  'task.environment',
  'task.restartFromZero',
  'task.stallSeconds',
  'cloud.network',
  'cloud.secretEnvironment',
  'cloud.regions.us-central1.avoidZones',
  'cloud.regions.us-central1.reservation',
];
const NEW_IN_SCENARIO = [
  'scenario.resolved.work',
  'scenario.resolved.task.outputs',
  'scenario.resolved.cloud.nat',
  'scenario.resolved.cloud.regions.us-central1.avoidZones',
];

describe('a plan of an older version', () => {
  it('is read with what it lacks at its default', () => {
    expect(parsePlan(without([...NEW_IN_PLAN, ...NEW_IN_SCENARIO]), 'plan.json')).toEqual(plan);
  });

  it('has the hash of the scenario that it is read as', () => {
    const read = parsePlan(without(NEW_IN_SCENARIO), 'plan.json');
    expect(read.scenario.sha256).toBe(scenarioSha256(read.scenario.resolved));
    expect(parsePlan(formatPlan(read), 'plan.json')).toEqual(read);
  });

  it('is refused where what it lacks has no default', () => {
    expect(() => parsePlan(without(['scenario.resolved.campaign.molecules']), 'plan.json')).toThrow(
      'plan.json: scenario.resolved.campaign.molecules: found nothing, expected a number',
    );
  });

  it('is refused when somebody changed its scenario, as every plan', () => {
    const text = without(NEW_IN_SCENARIO).replace('"taskFailure":0', '"taskFailure":0.5');
    expect(() => parsePlan(text, 'plan.json')).toThrow(InputError);
  });

  it('has a journal that still belongs to it', () => {
    const old = JSON.parse(without(NEW_IN_SCENARIO)) as Plan;
    const { sha256, resolved } = old.scenario;
    const header = { version: 1, scenario: { sha256, resolved }, seed: '1', epochSeconds: 0, speed: 60 };
    const journal = parseJournal(`${JSON.stringify(header)}\n`, 'journal.jsonl');
    const read = parsePlan(JSON.stringify(old), 'plan.json');
    expect(journal.header.scenario.sha256).toBe(read.scenario.sha256);
    expect(journal.header.scenario.resolved).toEqual(read.scenario.resolved);
  });
});

describe('a plan with its tasks by name', () => {
  const table = { ...workTable(['lig1', '$(reboot)'], 3), folder: '/data/campaign' };
  const scenario = { ...plan.scenario.resolved, work: { table, inputs: null, pattern: null } };
  const named = makePlan(scenario);
  const text = formatPlan(named);

  it('has them once in its file, and twice where it is read', () => {
    expect(text.split('in/1-2.tpr')).toHaveLength(2);
    const read = parsePlan(text, 'plan.json');
    expect(read).toEqual(named);
    expect(read.work).toEqual(read.scenario.resolved.work?.table);
    // As other programs write it.
    expect(parsePlan(canonicalJson(named), 'plan.json')).toEqual(named);
  });

  it('is another plan with another input, and the same in another folder', () => {
    const moved = makePlan({ ...scenario, work: { ...scenario.work, table: { ...table, folder: '/home' } } });
    const inputs = ['other.tpr', ...table.inputs.slice(1)];
    const other = makePlan({ ...scenario, work: { ...scenario.work, table: { ...table, inputs } } });
    expect(moved.scenario.sha256).toBe(named.scenario.sha256);
    expect(moved.id).toBe(named.id);
    expect(other.id).not.toBe(named.id);
  });

  it('is refused when a task was changed, dropped or added by hand', () => {
    for (const [from, to] of [
      ['in/1-2.tpr', 'in/1-3.tpr'],
      ['"lig1"', '"lig7"'],
    ] as const) {
      expect(() => parsePlan(text.replace(from, to), 'plan.json')).toThrow(
        'plan.json: scenario.sha256: found',
      );
    }
    expect(() =>
      parsePlan(
        text.replace('        "in/1-2.tpr"\n', '').replace('"in/1-1.tpr",', '"in/1-1.tpr"'),
        'plan.json',
      ),
    ).toThrow('plan.json: ');
  });

  it('is refused when its scenario has other tasks, or none', () => {
    const json = JSON.parse(text) as Plan;
    json.scenario.resolved.work = null;
    json.scenario.sha256 = scenarioSha256(json.scenario.resolved);
    expect(() => parsePlan(JSON.stringify(json), 'plan.json')).toThrow(
      'plan.json: work: found a map, expected the tasks of the embedded scenario (run fepcast plan again)',
    );
  });

  it.each([
    ['task.command', (json: Plan) => json.task.command.push('a\nb')],
    ['task.checkpointFiles', (json: Plan) => json.task.checkpointFiles.push('a\rb')],
    ['task.outputs', (json: Plan) => json.task.outputs.push('')],
  ] as const)('is refused with a line break in %s', (path, spoil) => {
    const json = JSON.parse(text) as Plan;
    spoil(json);
    expect(() => parsePlan(JSON.stringify(json), 'plan.json')).toThrow(`plan.json: ${path}[0]: found`);
  });
});
