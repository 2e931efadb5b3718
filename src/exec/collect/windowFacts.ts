import type { Plan, Shard } from '../../plan/plan.js';
import type { AttemptEnd, AttemptStart, TaskResult } from '../../plan/taskRecords.js';
import { usdPerVmHour } from '../vmPrice.js';

/** One run of a window on a VM; end null: its VM vanished and left no word. */
interface Attempt {
  start: AttemptStart;
  end: AttemptEnd | null;
}

/** What a result tells of its window, in the units that people read. null: the result does not tell. */
export interface WindowFacts {
  attempts: number;
  /** Attempts that left no end line. */
  vanished: number;
  /** Simulated time that is in the result, and that was planned. */
  ns: number | null;
  nsPlanned: number | null;
  /** As the engine printed it at its end. */
  nsPerDay: number | null;
  /** Useful simulated time over all the time that VMs held the task. */
  nsPerDayOverall: number | null;
  usefulSeconds: number;
  lostSeconds: number;
  restoreSeconds: number;
  computeSeconds: number;
  syncSeconds: number;
  checkpoints: number;
  checkpointBytes: number;
  largestCheckpointBytes: number;
  /** Answers of the store that made attempts try again. */
  retries: number;
  /** From start to end of the attempts that left an end line. */
  vmHours: number;
  /** Of these hours, at the plan's prices. */
  costUsd: number;
  /** Of the attempt that finished. */
  vm: string;
  zone: string;
  engine: string;
  engineVersion: string | null;
  /** Number of the lambda state, from 0. */
  lambda: number | null;
  temperature: number | null;
  seed: number | null;
  dtPs: number | null;
}

const PS_PER_NS = 1000;
const SECONDS_PER_DAY = 86_400;

/** `shardOf`: where a job ran and how, for its price; null: a job that the ledger does not know. */
export function windowFacts(
  plan: Plan,
  result: TaskResult,
  shardOf: (jobId: string) => Shard | null,
): WindowFacts {
  const { science } = result;
  const attempts = attemptsOf(result);
  const ended = attempts.flatMap(({ start, end }) => (end === null ? [] : [{ start, end }]));
  const sum = (value: (end: AttemptEnd) => number) => ended.reduce((all, { end }) => all + value(end), 0);
  const dtPs = numberOf(science.dtPs);
  const ns = (steps: number) => (dtPs === null ? null : (steps * dtPs) / PS_PER_NS);
  const vmSeconds = ended.reduce((all, { start, end }) => all + Math.max(0, end.at - start.at), 0);
  const done = ns(result.stepsDone);
  const costUsd = ended.reduce((all, { start, end }) => {
    const shard = shardOf(start.job);
    const hours = Math.max(0, end.at - start.at) / 3600;
    return all + (shard === null ? 0 : hours * usdPerVmHour(plan, shard));
  }, 0);
  const last = attempts.at(-1)?.start;
  return {
    attempts: attempts.length,
    vanished: attempts.length - ended.length,
    ns: done,
    nsPlanned: ns(result.stepsPlanned),
    nsPerDay: numberOf(science.nsPerDay),
    nsPerDayOverall: done === null || vmSeconds <= 0 ? null : (done / vmSeconds) * SECONDS_PER_DAY,
    usefulSeconds: result.usefulSeconds,
    lostSeconds: result.lostSeconds,
    restoreSeconds: sum(({ seconds }) => seconds.restore),
    computeSeconds: sum(({ seconds }) => seconds.compute),
    syncSeconds: sum(({ seconds }) => seconds.sync),
    checkpoints: sum(({ checkpoints }) => checkpoints),
    checkpointBytes: sum(({ checkpointBytes }) => checkpointBytes),
    largestCheckpointBytes: Math.max(0, ...ended.map(({ end }) => end.largestCheckpointBytes)),
    retries: sum(({ retries }) => Object.values(retries).reduce((all, count) => all + count, 0)),
    vmHours: vmSeconds / 3600,
    costUsd,
    vm: last?.vm ?? '',
    zone: last?.zone ?? '',
    engine: science.engine,
    engineVersion: typeof science.version === 'string' ? science.version : null,
    lambda: numberOf(science.lambda),
    temperature: numberOf(science.temperature),
    seed: numberOf(science.seed),
    dtPs,
  };
}

function attemptsOf({ attempts }: TaskResult): Attempt[] {
  const byNumber = new Map<number, Attempt>();
  for (const line of attempts) {
    const known = byNumber.get(line.attempt);
    if (line.kind === 'start') byNumber.set(line.attempt, { start: line, end: known?.end ?? null });
    else if (known !== undefined) known.end = line;
  }
  return [...byNumber.values()];
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
