import type { AttemptTally } from '../plan/breaker.js';
import { homeOfTask } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { CHECKPOINT_SLOTS, checkpointObject } from '../plan/taskObjects.js';
import { tasksOf } from '../plan/taskRanges.js';
import { taskIdentity } from '../plan/workDigest.js';
import { type AttemptEnding, type JobAccount, PREEMPTED } from './attempts.js';
import { mapBounded } from './mapBounded.js';
import type { RunJob } from './runJob.js';
import { listAll, type ObjectPlace, type StoragePort } from './storagePort.js';

/** Without checkpoints, or with an interval that the task chooses, an attempt that ran so long shows that the job works. */
const WORKS_AFTER_SECONDS = 1800;
/** Fewer attempts than this never trip the breaker: nobody need look for their checkpoints. */
const WORTH_A_LOOK = 20;
/** So few tasks are asked for one by one; a listing goes over all checkpoints of a bucket. */
const FEW = 100;
const AT_ONCE = 16;
/** Codes of attempts that were taken away: preempted, fenced by a newer attempt, stopped by a signal (docs/tasks.md). */
const TAKEN_AWAY = new Set([PREEMPTED, 75, 76]);
/** How many VMs and last lines the evidence names. */
const NAMED = 5;

/**
 * What the breaker goes by. An attempt that ended without success is fruitless when its task has no checkpoint at all;
 * one that was taken away before a checkpoint was due says nothing and does not count. Attempts that run now speak
 * for the job once they have outlived the typical fruitless one: twenty windows with broken inputs are no broken job.
 *
 * Where the plan has no checkpoints, having ended without success is what preemption does to every attempt: there only
 * attempts that ended by themselves within half an hour are fruitless.
 */
export async function weighAttempts(
  storage: StoragePort,
  plan: Plan,
  inputOf: InputOf,
  { job, account, now }: { job: RunJob; account: JobAccount; now: number },
): Promise<AttemptTally & { evidence: string[] }> {
  const due = checkpointDueSeconds(plan);
  const counted = account.endings.filter(
    ({ exitCode, ranSeconds }) => !TAKEN_AWAY.has(exitCode) || (due.isKnown && ranSeconds >= due.seconds),
  );
  const suspects = due.isKnown ? counted : counted.filter(({ ranSeconds }) => ranSeconds < due.seconds);
  const typical = medianOf(suspects.map(({ ranSeconds }) => ranSeconds));
  const survivors = account.openRuns.filter((since) => now - since > typical).length;
  const others = account.succeeded.length + survivors + (counted.length - suspects.length);
  const tally = { fruitless: suspects.length, fruitful: others, evidence: [] };
  if (suspects.length < WORTH_A_LOOK || suspects.length <= others) return tally;
  const tasks = [...tasksOf(job.intended.tasks)];
  const taskOf = ({ index }: AttemptEnding): number => tasks[index] ?? -1;
  const saved = due.isKnown
    ? await withCheckpoint(
        storage,
        plan,
        inputOf,
        [...new Set(suspects.map(taskOf))].filter((task) => task >= 0),
      )
    : new Set<number>();
  const fruitless = suspects.filter((ending) => !saved.has(taskOf(ending)));
  return {
    fruitless: fruitless.length,
    fruitful: others + suspects.length - fruitless.length,
    evidence: evidenceOf(fruitless),
  };
}

/** After so long a run must have left a checkpoint; not known: the plan has none, or the task chooses when. */
function checkpointDueSeconds({ checkpoint }: Plan): { isKnown: boolean; seconds: number } {
  const { policy, intervalSeconds, jitterSeconds, engineIntervalSeconds } = checkpoint;
  if (policy === 'none') return { isKnown: false, seconds: WORKS_AFTER_SECONDS };
  const seconds = 2 * (intervalSeconds + jitterSeconds) + engineIntervalSeconds;
  return { isKnown: true, seconds: policy === 'adaptive' ? Math.max(seconds, WORKS_AFTER_SECONDS) : seconds };
}

/** Of the tasks, those with a checkpoint: an empty slot is only fenced. */
async function withCheckpoint(
  storage: StoragePort,
  plan: Plan,
  inputOf: InputOf,
  tasks: readonly number[],
): Promise<Set<number>> {
  const slots = tasks.flatMap((task) => {
    const identity = taskIdentity(plan, task, inputOf(task)?.sha256 ?? null);
    const { scratchBucket } = homeOfTask(plan, task);
    return CHECKPOINT_SLOTS.map((slot) => ({
      task,
      place: { bucket: scratchBucket, name: checkpointObject(identity, slot) },
    }));
  });
  const saved = new Set<number>();
  if (tasks.length <= FEW) {
    await mapBounded(slots, AT_ONCE, async ({ task, place }) => {
      if (((await storage.stat(place))?.bytes ?? 0) > 0) saved.add(task);
    });
    return saved;
  }
  const byPlace = new Map(slots.map(({ task, place }) => [nameOf(place), task]));
  for (const bucket of new Set(slots.map(({ place }) => place.bucket))) {
    for await (const object of listAll(storage, { bucket, prefix: 'tasks/', matchGlob: 'tasks/**/ckpt-*' })) {
      const task = byPlace.get(nameOf(object));
      if (task !== undefined && object.bytes > 0) saved.add(task);
    }
  }
  return saved;
}

function nameOf({ bucket, name }: ObjectPlace): string {
  return `${bucket}/${name}`;
}

/** For whoever has to find out what is wrong: exit codes, zones, VMs, the last lines of Batch. */
function evidenceOf(endings: readonly AttemptEnding[]): string[] {
  const zones = endings.map(({ vm }) => vm?.split('/')[0] ?? 'no VM');
  const last = endings.toSorted((a, b) => b.at - a.at).slice(0, NAMED);
  const vms = [...new Set(last.flatMap(({ vm }) => vm ?? []))];
  return [
    `exit codes: ${counted(endings.map(({ exitCode }) => String(exitCode)))}`,
    `zones: ${counted(zones)}`,
    ...(vms.length === 0 ? [] : [`the last VMs: ${vms.join(', ')}`]),
    ...[...new Set(last.map(({ description }) => description))].map((line) => `Batch: ${line}`),
  ];
}

/** "1 (18), 125 (4)", the most frequent first. */
function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([word, count]) => `${word} (${count})`).join(', ');
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
