import type { AttemptEnd, AttemptStart, ClaimLine, TaskResult } from '../../plan/taskRecords.js';

/** What is known of an attempt at a virtual task when it ends. Work is counted in seconds: one is one step. */
export interface VirtualAttempt {
  start: AttemptStart;
  /** Seconds since the Unix epoch. */
  endedAt: number;
  exit: number;
  reason: string;
  /** Seconds of work it went on from, that were done when it ended, and of these durable. */
  restored: number;
  done: number;
  durable: number;
  checkpoints: number;
  checkpointBytes: number;
}

/** The line that an attempt writes when it ends and still can. */
export function endLine(attempt: VirtualAttempt): AttemptEnd {
  const { start, endedAt, exit, reason, restored, done, durable, checkpoints, checkpointBytes } = attempt;
  return {
    kind: 'end',
    attempt: start.attempt,
    at: endedAt,
    exit,
    reason,
    restoredStep: restored > 0 ? Math.floor(restored) : null,
    step: Math.floor(done),
    syncedStep: Math.floor(durable),
    checkpoints,
    checkpointBytes: checkpoints * checkpointBytes,
    largestCheckpointBytes: checkpoints === 0 ? 0 : checkpointBytes,
    retries: {},
    seconds: { restore: 0, compute: Math.max(0, done - restored), sync: 0 },
  };
}

/** The result of a task whose claim has these lines, the end of the attempt that publishes included. */
export function virtualResult(
  task: { key: string; digest: string; task: number; input: string | null },
  end: AttemptEnd,
  start: AttemptStart,
  environment: { image: string; adapter: string },
  lines: readonly ClaimLine[],
): TaskResult {
  return {
    version: 1,
    ...task,
    run: start.run,
    job: start.job,
    at: end.at,
    attempts: [...lines],
    stepsDone: end.step,
    stepsPlanned: end.step,
    usefulSeconds: end.step,
    lostSeconds: lines.reduce((sum, line) => sum + (line.kind === 'end' ? lostSeconds(line) : 0), 0),
    image: environment.image,
    outputs: [],
    science: { engine: `${environment.adapter} (virtual)` },
  };
}

/** Of the computing of an attempt the share that was not durable when it ended. */
function lostSeconds({ restoredStep, step, syncedStep, seconds }: AttemptEnd): number {
  const from = restoredStep ?? 0;
  const kept = Math.max(from, syncedStep);
  return step > kept ? (seconds.compute * (step - kept)) / (step - from) : 0;
}
