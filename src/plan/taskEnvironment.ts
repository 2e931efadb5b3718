import type { CheckpointPolicyName, ImageDelivery } from '../scenario/scenario.js';
import type { BatchEnvironment } from './batchJob.js';
import type { CheckpointPlan } from './plan.js';
import { formatRanges, parseRanges, type TaskRange } from './taskRanges.js';

/**
 * What a job tells its tasks, as environment variables: the watchdog in the task image reads its checkpoint
 * policy from them, and a virtual task in the World reads the same. Written and read in this file only.
 */
export interface TaskEnvironment {
  runId: string;
  shardId: string;
  tasks: TaskRange[];
  windows: number;
  checkpoint: CheckpointPlan;
  imageDelivery: ImageDelivery;
  startSpreadSeconds: number;
}

export function writeTaskEnvironment(environment: TaskEnvironment): Record<string, string> {
  const { checkpoint } = environment;
  return {
    FEPCAST_RUN_ID: environment.runId,
    FEPCAST_SHARD: environment.shardId,
    FEPCAST_TASKS: formatRanges(environment.tasks),
    FEPCAST_WINDOWS: String(environment.windows),
    FEPCAST_CHECKPOINT_POLICY: checkpoint.policy,
    FEPCAST_CHECKPOINT_INTERVAL_SECONDS: String(checkpoint.intervalSeconds),
    FEPCAST_CHECKPOINT_JITTER_SECONDS: String(checkpoint.jitterSeconds),
    FEPCAST_CHECKPOINT_FIRST_PHASE: checkpoint.firstPhase,
    FEPCAST_ENGINE_INTERVAL_SECONDS: String(checkpoint.engineIntervalSeconds),
    FEPCAST_FLUSH_ON_NOTICE: checkpoint.flushOnNotice ? '1' : '0',
    FEPCAST_IMAGE_DELIVERY: environment.imageDelivery,
    FEPCAST_START_SPREAD_SECONDS: String(environment.startSpreadSeconds),
  };
}

/**
 * Reads what `writeTaskEnvironment` wrote; what is missing or unreadable is taken from `defaults`, so that a
 * stranger's job runs with the scenario's own settings. `tasks` is null unless FEPCAST_TASKS names them.
 */
export function readTaskEnvironment(
  environments: readonly (BatchEnvironment | undefined)[],
  defaults: Pick<TaskEnvironment, 'checkpoint' | 'imageDelivery' | 'startSpreadSeconds'>,
): Pick<TaskEnvironment, 'checkpoint' | 'imageDelivery' | 'startSpreadSeconds'> & {
  tasks: TaskRange[] | null;
} {
  const variables: Record<string, string> = {};
  for (const environment of environments) Object.assign(variables, environment?.variables);
  const number = (name: string, fallback: number): number => {
    const text = variables[name];
    const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) && value >= 0 ? value : fallback;
  };
  const oneOf = <T extends string>(name: string, accepted: readonly T[], fallback: T): T =>
    accepted.find((word) => word === variables[name]) ?? fallback;
  const flush = variables.FEPCAST_FLUSH_ON_NOTICE;
  return {
    tasks: parseRanges(variables.FEPCAST_TASKS ?? ''),
    checkpoint: {
      policy: oneOf<CheckpointPolicyName>(
        'FEPCAST_CHECKPOINT_POLICY',
        ['none', 'periodic', 'aligned', 'adaptive'],
        defaults.checkpoint.policy,
      ),
      engineIntervalSeconds: number(
        'FEPCAST_ENGINE_INTERVAL_SECONDS',
        defaults.checkpoint.engineIntervalSeconds,
      ),
      intervalSeconds: number('FEPCAST_CHECKPOINT_INTERVAL_SECONDS', defaults.checkpoint.intervalSeconds),
      jitterSeconds: number('FEPCAST_CHECKPOINT_JITTER_SECONDS', defaults.checkpoint.jitterSeconds),
      firstPhase: oneOf('FEPCAST_CHECKPOINT_FIRST_PHASE', ['random', 'none'], defaults.checkpoint.firstPhase),
      flushOnNotice: flush === undefined ? defaults.checkpoint.flushOnNotice : flush === '1',
    },
    imageDelivery: oneOf('FEPCAST_IMAGE_DELIVERY', ['pull', 'streaming', 'baked'], defaults.imageDelivery),
    startSpreadSeconds: number('FEPCAST_START_SPREAD_SECONDS', defaults.startSpreadSeconds),
  };
}
