import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { CONTRACT, grouped, perShard, type Rule } from './finding.js';

function tasks(first: number, end: number): string {
  return first === end - 1 ? `task ${first}` : `tasks ${first} to ${end - 1}`;
}

function error(
  rule: string,
  path: string,
  message: string,
  found: string | number,
  limit: string | number,
): Finding {
  return { rule, severity: 'error', path, message, found, limit, source: CONTRACT };
}

export const campaignSize: Rule = (plan) => {
  const { molecules, windows, tasks: count } = plan.campaign;
  const expected = molecules * windows;
  const assumed = plan.scenario.resolved.campaign;
  const findings: Finding[] = [];
  if (count !== expected) {
    const message = `${grouped(molecules)} molecules of ${windows} windows are ${grouped(expected)} tasks: correct the campaign.`;
    findings.push(error('campaign-size', 'campaign.tasks', message, count, expected));
  }
  if (molecules !== assumed.molecules || windows !== assumed.windows) {
    findings.push(
      error(
        'campaign-of-scenario',
        'campaign',
        'The plan is for another campaign than its scenario: run fepcast plan again.',
        `${molecules} x ${windows}`,
        `${assumed.molecules} x ${assumed.windows}`,
      ),
    );
  }
  return findings;
};

/** Every task of the campaign is in exactly one shard. */
export const coverage: Rule = (plan) => {
  const total = plan.campaign.tasks;
  const findings: Finding[] = [];
  const shards = plan.shards
    .map(({ id, firstTask, taskCount }, index) => ({
      id,
      index,
      first: firstTask,
      end: firstTask + taskCount,
    }))
    .sort((a, b) => a.first - b.first || a.index - b.index);
  const gap = (from: number, to: number) => {
    if (from >= to) return;
    const message = `${tasks(from, to)} would never run: extend a shard, or add one.`;
    findings.push(error('shard-gap', 'shards', message, `no shard for ${tasks(from, to)}`, 'one shard'));
  };
  let covered = 0;
  let previous = '';
  for (const { id, index, first, end } of shards) {
    const path = `shards[${index}]`;
    gap(covered, Math.min(first, total));
    if (first < covered) {
      const both = tasks(first, Math.min(end, covered));
      const message = `${both} would run in ${previous} and in ${id}: let the shards follow each other.`;
      findings.push(error('shard-overlap', path, message, `two shards for ${both}`, 'one shard'));
    }
    if (end > total) {
      const message = `The campaign ends with task ${total - 1}: shorten the shard.`;
      findings.push(error('shard-beyond-campaign', path, message, end - 1, total - 1));
    }
    if (end > covered) {
      covered = end;
      previous = id;
    }
  }
  gap(covered, total);
  return findings;
};

/** The windows of one molecule stay together: a molecule is complete when one job says so. */
export const wholeMolecules: Rule = (plan) => {
  const { windows } = plan.campaign;
  return perShard(plan, ({ firstTask, taskCount }, path) => {
    const cut = [firstTask, firstTask + taskCount].find((task) => task % windows !== 0);
    if (cut === undefined) return [];
    const molecule = Math.floor(cut / windows);
    const message = `The shard cuts molecule ${molecule} before its task ${cut}: start and end at a multiple of ${windows}.`;
    return [error('shard-cuts-molecule', path, message, cut, `a multiple of ${windows}`)];
  });
};

/** The controller submits the waves of a region one after another, from 0. */
export const waveNumbers: Rule = (plan) =>
  [...wavesByRegion(plan)].flatMap(([region, waves]) => {
    const missing = waves.findIndex((wave, i) => wave !== i);
    if (missing === -1) return [];
    const message = `The waves of ${region} must be numbered 0, 1, 2, ...: wave ${missing} is missing.`;
    return [error('wave-numbers', 'shards', message, waves.join(', '), '0, 1, 2, ...')];
  });

/** The wave numbers that occur in each region, rising. */
function wavesByRegion(plan: PlanFile): Map<string, number[]> {
  const waves = new Map<string, Set<number>>();
  for (const { region, wave } of plan.shards) {
    if (typeof region !== 'string') continue;
    waves.set(region, (waves.get(region) ?? new Set()).add(wave));
  }
  return new Map([...waves].map(([region, numbers]) => [region, [...numbers].sort((a, b) => a - b)]));
}
