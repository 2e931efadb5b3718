import { scenarioSha256 } from '../scenario/canonical.js';
import { meanOf, nearMaximum } from '../scenario/distribution.js';
import type { Decisions, Scenario } from '../scenario/scenario.js';
import type { CheckpointPlan, Plan } from './plan.js';
import { planIdOf } from './planId.js';
import { makeShards } from './shards.js';

/**
 * The plan that a scenario's decisions (or other decisions for the same scenario) amount to. It has no forecast
 * yet. Pure: equal scenarios and decisions give equal plans, id included.
 */
export function makePlan(scenario: Scenario, wanted: Decisions = scenario.decisions): Plan {
  const decisions = withOnDemandAfter(wanted);
  const { molecules, windows } = scenario.campaign;
  const world: Scenario = { ...scenario, decisions };
  const plan: Omit<Plan, 'id'> = {
    version: 1,
    scenario: { name: world.name, sha256: scenarioSha256(world), resolved: world },
    campaign: { molecules, windows, tasks: molecules * windows },
    machine: {
      type: world.machine.type,
      accelerator: world.machine.accelerator,
      bootDiskType: world.machine.bootDisk.type,
      bootDiskGb: world.machine.bootDisk.sizeGb,
    },
    image: { uriByRegion: imageUris(world), delivery: decisions.image },
    work: world.work?.table ?? null,
    task: {
      ...world.task,
      maxRunDurationSeconds: world.task.maxRunDurationSeconds ?? defaultMaxRunDuration(world),
    },
    cloud: world.cloud,
    checkpoint: checkpointPlanOf(world),
    buckets: decisions.buckets,
    startup: { ...decisions.startup },
    shards: makeShards(world, decisions),
    waveStart: decisions.waves.start,
    remainder: { ...decisions.remainder },
    tail: { ...decisions.tail },
    guard: {
      budgetUsd: world.objective.budgetUsd,
      deadlineHours: world.objective.deadlineSeconds === null ? null : world.objective.deadlineSeconds / 3600,
      onBudget: 'warn',
      onDeadline: 'warn',
      maxUnattendedUsd: null,
    },
    live: null,
    forecast: null,
    alternatives: [],
    findings: [],
  };
  const { version, ...rest } = plan;
  return { version, id: planIdOf(plan), ...rest };
}

/**
 * "On demand after k preemptions" in Batch's terms: a job gives up on a task at its k-th failure, and the
 * remainder of the job runs on demand.
 */
function withOnDemandAfter(decisions: Decisions): Decisions {
  const k = decisions.tail.onDemandAfterPreemptions;
  if (k === null) return decisions;
  return {
    ...decisions,
    maxRetries: Math.min(decisions.maxRetries, Math.max(0, k - 1)),
    remainder: { ...decisions.remainder, policy: 'onDemand' },
  };
}

/** What a task is told about checkpoints when a scenario's decisions are used as they are. */
export function checkpointPlanOf(scenario: Scenario): CheckpointPlan {
  const { policy, intervalSeconds, jitterSeconds, firstPhase, flushOnNotice } = scenario.decisions.checkpoint;
  return {
    policy,
    engineIntervalSeconds: scenario.checkpoint.engineIntervalSeconds,
    intervalSeconds,
    jitterSeconds,
    firstPhase,
    flushOnNotice,
  };
}

/**
 * A bound on one attempt that only a hung task meets: half as long again as the longest task, every checkpoint
 * pause included, and an hour for the image and the transfers. In whole minutes.
 */
function defaultMaxRunDuration(scenario: Scenario): number {
  const longest = nearMaximum(scenario.campaign.taskDurationSeconds);
  const { engineIntervalSeconds, pauseSeconds } = scenario.checkpoint;
  const interval = engineIntervalSeconds || scenario.decisions.checkpoint.intervalSeconds;
  const pauses = (longest / Math.max(1, interval)) * pauseSeconds;
  const images = nearMaximum(scenario.startup[`${scenario.decisions.image}Seconds`]);
  return (
    Math.ceil((1.5 * (longest + pauses + images) + 3600 + scenario.decisions.startup.spreadSeconds) / 60) * 60
  );
}

function imageUris(scenario: Scenario): Record<string, string> {
  const uris: Record<string, string> = {};
  for (const [region, settings] of Object.entries(scenario.cloud?.regions ?? {})) {
    if (settings.imageUri !== null) uris[region] = settings.imageUri;
  }
  return uris;
}

/** GPU-hours of computing that the campaign needs if nothing goes wrong. */
export function usefulGpuHours(plan: Plan): number {
  return (plan.campaign.tasks * meanOf(plan.scenario.resolved.campaign.taskDurationSeconds)) / 3600;
}
