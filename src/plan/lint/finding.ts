import type { Scenario } from '../../scenario/scenario.js';
import type { Finding } from '../plan.js';
import type { PlanFile, ShardFile } from '../planFile.js';

/** One rule of the linter: looks at a whole plan and names what is wrong with it. */
export type Rule = (plan: PlanFile) => Finding[];

/** Source of what the plan's own contract asks for, rather than a service. */
export const CONTRACT = 'docs/architecture.md, section "plan.json"';

/** The regions that a shard names: one, where the plan is right. */
export function regionsOf(shard: ShardFile): string[] {
  return typeof shard.region === 'string' ? [shard.region] : shard.region;
}

/** Every region that has a shard, in the order of the shards. */
export function usedRegions(plan: PlanFile): string[] {
  return [...new Set(plan.shards.flatMap(regionsOf))];
}

/** The scenario's region that the shard runs in: the first of its regions that the scenario knows. */
export function scenarioRegionOf(
  plan: PlanFile,
  shard: ShardFile,
): { name: string; region: Scenario['regions'][string] } | null {
  const { regions } = plan.scenario.resolved;
  for (const name of regionsOf(shard)) {
    const region = regions[name];
    if (region) return { name, region };
  }
  return null;
}

/** A finding for each shard that has one. */
export function perShard(
  plan: PlanFile,
  check: (shard: ShardFile, path: string, index: number) => Finding[],
): Finding[] {
  return plan.shards.flatMap((shard, i) => check(shard, `shards[${i}]`, i));
}

/** 13000 -> "13,000", the same on every machine. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Hours as days with one digit: 365.5 -> "15.2 days"; no number where a thing never ends. */
export function days(hours: number): string {
  const inDays = hours / 24;
  return inDays > 10_000 ? 'more than 10,000 days' : `${inDays.toFixed(1)} days`;
}
