import type { CheckpointPolicyName, ImageDelivery, Task } from '../scenario/scenario.js';
import type { BatchEnvironment } from './batchJob.js';
import type { CheckpointPlan } from './plan.js';
import { encodeList } from './taskLists.js';
import { formatTasks, parseTasks, type TaskRange } from './taskRanges.js';

/**
 * What a job tells its tasks, as environment variables: the watchdog in the task image reads its checkpoint
 * policy from them, and a virtual task in the World reads the same. Written and read in this file only.
 */
export interface TaskEnvironment {
  runId: string;
  jobId: string;
  shardId: string;
  /** gs:// URI of the job's index, and the bytes of one of its rows. */
  indexUri: string;
  indexRowBytes: number;
  tasks: TaskRange[];
  windows: number;
  task: Task;
  /** The image as the plan names it. */
  image: string;
  /** GPU type; null: none is asked for. */
  accelerator: string | null;
  /** Mean computing time of a task. */
  expectedSeconds: number;
  checkpoint: CheckpointPlan;
  imageDelivery: ImageDelivery;
  startSpreadSeconds: number;
}

export function writeTaskEnvironment(environment: TaskEnvironment): Record<string, string> {
  const { checkpoint, task } = environment;
  return {
    // What the engine is told besides: it cannot take the place of anything below.
    ...task.environment,
    FEPCAST_RUN_ID: environment.runId,
    FEPCAST_JOB: environment.jobId,
    FEPCAST_SHARD: environment.shardId,
    FEPCAST_INDEX: environment.indexUri,
    FEPCAST_INDEX_ROW_BYTES: String(environment.indexRowBytes),
    ...taskPieces(formatTasks(environment.tasks)),
    FEPCAST_WINDOWS: String(environment.windows),
    FEPCAST_ADAPTER: task.adapter,
    FEPCAST_IMAGE: environment.image,
    FEPCAST_CHECKPOINT_POLICY: checkpoint.policy,
    FEPCAST_CHECKPOINT_INTERVAL_SECONDS: String(checkpoint.intervalSeconds),
    FEPCAST_CHECKPOINT_JITTER_SECONDS: String(checkpoint.jitterSeconds),
    FEPCAST_CHECKPOINT_FIRST_PHASE: checkpoint.firstPhase,
    FEPCAST_ENGINE_INTERVAL_SECONDS: String(checkpoint.engineIntervalSeconds),
    FEPCAST_FLUSH_ON_NOTICE: checkpoint.flushOnNotice ? '1' : '0',
    FEPCAST_RESTART_FROM_ZERO: task.restartFromZero ? '1' : '0',
    FEPCAST_ACCELERATOR: environment.accelerator ?? '',
    FEPCAST_MAX_RUN_SECONDS: task.maxRunDurationSeconds === null ? '' : String(task.maxRunDurationSeconds),
    FEPCAST_EXPECTED_SECONDS: String(environment.expectedSeconds),
    FEPCAST_STALL_SECONDS: String(task.stallSeconds),
    FEPCAST_IMAGE_DELIVERY: environment.imageDelivery,
    FEPCAST_START_SPREAD_SECONDS: String(environment.startSpreadSeconds),
    ...(task.adapter === 'command' ? commandVariables(task) : {}),
  };
}

function commandVariables(task: Task): Record<string, string> {
  return {
    FEPCAST_COMMAND: encodeList(task.command),
    FEPCAST_CHECKPOINT_FILES: encodeList(task.checkpointFiles),
    FEPCAST_OUTPUTS: encodeList(task.outputs),
    FEPCAST_DONE_FILE: task.doneFile ?? '',
    FEPCAST_PROGRESS_FILE: task.progress ?? '',
    FEPCAST_STOP_SIGNAL: task.stopSignal,
  };
}

/**
 * Characters of one variable. Linux starts no program with a variable of more than 131,072 bytes.
 * Source: MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html
 */
const LONGEST_PIECE = 100_000;

/** FEPCAST_TASKS, and FEPCAST_TASKS_2, FEPCAST_TASKS_3 ... where one variable does not take it all. */
function taskPieces(text: string): Record<string, string> {
  const pieces: Record<string, string> = {};
  for (let at = 0, n = 1; at < text.length; at += LONGEST_PIECE, n += 1) {
    pieces[pieceName(n)] = text.slice(at, at + LONGEST_PIECE);
  }
  return pieces;
}

const pieceName = (n: number): string => (n === 1 ? 'FEPCAST_TASKS' : `FEPCAST_TASKS_${n}`);

function readPieces(variables: Readonly<Record<string, string>>): string {
  let text = '';
  for (let n = 1; variables[pieceName(n)] !== undefined; n += 1) text += variables[pieceName(n)];
  return text;
}

/**
 * Reads what `writeTaskEnvironment` wrote; what is missing or unreadable is taken from `defaults`, so that a
 * stranger's job runs with the scenario's own settings. `tasks` is null unless FEPCAST_TASKS names them, and
 * `canarySeconds` unless the task is a canary's.
 */
export function readTaskEnvironment(
  environments: readonly (BatchEnvironment | undefined)[],
  defaults: Pick<TaskEnvironment, 'checkpoint' | 'imageDelivery' | 'startSpreadSeconds'>,
): Pick<TaskEnvironment, 'checkpoint' | 'imageDelivery' | 'startSpreadSeconds'> & {
  tasks: TaskRange[] | null;
  canarySeconds: number | null;
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
    tasks: parseTasks(readPieces(variables)),
    canarySeconds: variables.FEPCAST_CANARY === '1' ? number('FEPCAST_EXPECTED_SECONDS', 0) : null,
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
