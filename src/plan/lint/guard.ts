import { longestJobSeconds, longestTaskSeconds, vmUsdPerSecond } from '../exposure.js';
import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import { CONTRACT, grouped, type Rule, regionsOf } from './finding.js';
import { wavesOf } from './quota.js';

/** Batch has no limit on spending. */
export const guardBudget: Rule = ({ guard }) => {
  if (guard.budgetUsd !== null) return [];
  return [
    {
      rule: 'guard-budget',
      severity: 'warning',
      path: 'guard.budgetUsd',
      message: 'Nothing happens when the campaign costs more than forecast: plan with --budget.',
      found: 'none',
      limit: 'a sum in USD',
      source: CONTRACT,
    },
  ];
};

/** A cap below what one task can cost keeps everything from being submitted. */
export const guardExposure: Rule = (plan) => {
  const { maxUnattendedUsd } = plan.guard;
  if (maxUnattendedUsd === null) return [];
  const findings = plan.shards.flatMap((shard, index): Finding[] => {
    const [region] = regionsOf(shard);
    if (region === undefined) return [];
    const seconds = Math.min(longestJobSeconds(shard), longestTaskSeconds(plan, shard));
    const usd = seconds * vmUsdPerSecond(plan, { ...shard, region });
    if (usd <= maxUnattendedUsd) return [];
    return [
      {
        rule: 'guard-exposure',
        severity: 'error',
        path: 'guard.maxUnattendedUsd',
        message: `One task of shards[${index}] can cost ${usd.toFixed(2)} USD with all its attempts if nobody watches it: raise the cap, or lower maxRunDuration or the retries.`,
        found: maxUnattendedUsd,
        limit: Math.ceil(usd),
        source: CONTRACT,
      },
    ];
  });
  return findings.slice(0, 1);
};

/** More than this share of a wave's GPUs idle at its end, on average, is worth a word. */
const IDLE_SHARE = 0.2;

/**
 * With waveStart finished, a wave's last round of tasks leaves VMs idle until the slowest task is done. Said once
 * for each region, for its worst wave but the last (whose end is the campaign's end anyway).
 */
export const idleWaves: Rule = (plan) => {
  if (plan.waveStart !== 'finished') return [];
  const waves = wavesOf(plan).filter(({ usable }) => usable.vms > 0);
  const worst = new Map<string, Finding & { found: number }>();
  for (const { region, wave, shards, parallelism, usable } of waves) {
    if (!waves.some((other) => other.region === region && other.wave > wave)) continue;
    const tasks = shards.reduce((sum, { shard }) => sum + shard.taskCount, 0);
    const vms = Math.min(parallelism, usable.vms);
    const idle = 1 - tasks / (Math.ceil(tasks / vms) * vms);
    const found = Math.round(idle * 100);
    if (idle <= IDLE_SHARE || found <= (worst.get(region)?.found ?? 0)) continue;
    worst.set(region, {
      rule: 'idle-wave',
      severity: 'warning',
      path: 'waveStart',
      message: `Wave ${wave} of ${region} runs ${grouped(tasks)} tasks on ${grouped(vms)} VMs and leaves about ${found} % of their time unused before the next may start: use waveStart drained, or another wave size.`,
      found,
      limit: IDLE_SHARE * 100,
      source: SOURCES.createJob,
    });
  }
  return [...worst.values()];
};
