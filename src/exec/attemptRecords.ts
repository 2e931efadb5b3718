import { homeOfTask } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { claimObject } from '../plan/taskObjects.js';
import { type TaskRange, tasksOf } from '../plan/taskRanges.js';
import {
  type AttemptEnd,
  type AttemptStart,
  type ClaimLine,
  parseClaim,
  resultSchema,
} from '../plan/taskRecords.js';
import { commonTasks } from '../plan/taskSets.js';
import { planTask } from '../plan/work.js';
import { taskIdentity } from '../plan/workDigest.js';
import { inOrder, instanceOf, PREEMPTED } from './attempts.js';
import { bucketInventory } from './inventory.js';
import type { LedgerJob } from './ledger.js';
import { mapBounded } from './mapBounded.js';
import { type CloudPort, PortError, type PortTask } from './port.js';
import type { ObjectPlace, StoragePort } from './storagePort.js';
import { usdPerVmHour } from './vmPrice.js';

/** One attempt at a window. Times are campaign seconds since the Unix epoch; null: neither Batch nor the task tells. */
export interface AttemptRecord {
  task: number;
  molecule: string;
  leg: string;
  repeat: string;
  window: string;
  jobId: string;
  region: string;
  /** 1, 2, ... within the job. */
  attempt: number;
  zone: string | null;
  vm: string | null;
  startedAt: number | null;
  endedAt: number | null;
  /** running | succeeded | preempted | fenced | cancelled | error | unknown */
  outcome: 'running' | 'succeeded' | 'preempted' | 'fenced' | 'cancelled' | 'error' | 'unknown';
  exitCode: number | null;
  /** In the task's own word, where it could still say one: see docs/tasks.md. */
  reason: string | null;
  checkpoints: number | null;
  /** Seconds that it kept a VM, and their price; what the VM does before and between attempts is not in it. */
  seconds: number | null;
  costUsd: number | null;
}

const AT_ONCE = 16;
const FENCED = 75;

/** Where one attempt is told of: by Batch's status events, by the lines of its claim, by its result. */
interface Sources {
  plan: Plan;
  cloud: CloudPort;
  inputOf: InputOf;
  jobs: readonly LedgerJob[];
  /** Campaign seconds since the Unix epoch: what running attempts have cost. */
  now: number;
}

/** The attempts at the tasks (null: at all), job by job in the order of their submission. */
export async function attemptRecords(
  sources: Sources,
  wanted: readonly TaskRange[] | null,
): Promise<AttemptRecord[]> {
  const { plan, cloud, inputOf, jobs } = sources;
  const mine = jobs.filter(
    ({ intended, submitted }) =>
      submitted !== null && (wanted === null || commonTasks(intended.tasks, wanted).length > 0),
  );
  const tasks = [...tasksOf(wanted ?? [{ first: 0, count: plan.campaign.tasks }])];
  const isWanted = new Set(tasks);
  const told = new Map<number, Told[]>();
  await mapBounded(tasks, AT_ONCE, async (task) => {
    const lines = await linesOf(cloud.storage, plan, inputOf, task);
    if (lines.length > 0) told.set(task, byAttempt(lines));
  });
  const records: AttemptRecord[] = [];
  for (const job of mine) {
    const campaignTasks = [...tasksOf(job.intended.tasks)];
    for (const task of await tasksOfJob(cloud, job)) {
      const number = campaignTasks[task.index];
      if (number === undefined || !isWanted.has(number)) continue;
      records.push(...ofTask(sources, job, number, task, told.get(number) ?? []));
    }
  }
  return records;
}

/** Jobs are deleted 60 days after their end: then only the claims tell. */
async function tasksOfJob({ batch }: CloudPort, { intended }: LedgerJob): Promise<PortTask[]> {
  const tasks: PortTask[] = [];
  let token: string | null = null;
  try {
    do {
      const page: { tasks: PortTask[]; next: string | null } = await batch.listTasks(
        intended.shard.region,
        intended.jobId,
        token,
      );
      tasks.push(...page.tasks);
      token = page.next;
    } while (token !== null);
    return tasks;
  } catch (error) {
    if (!(error instanceof PortError && error.kind === 'NOT_FOUND')) throw error;
    const count = [...tasksOf(intended.tasks)].length;
    return Array.from({ length: count }, (_, index) => ({ index, state: 'PENDING', events: [] }));
  }
}

/** What the task itself says: its claim, or the copy of it in the result where the claim is gone. */
async function linesOf(
  storage: StoragePort,
  plan: Plan,
  inputOf: InputOf,
  task: number,
): Promise<ClaimLine[]> {
  const identity = taskIdentity(plan, task, inputOf(task)?.sha256 ?? null);
  const claim = { bucket: homeOfTask(plan, task).scratchBucket, name: claimObject(identity) };
  const text = await textOf(storage, claim);
  if (text !== null) return parseClaim(text).lines;
  const result = await textOf(storage, bucketInventory(storage, plan, inputOf).resultOf(task));
  if (result === null) return [];
  const parsed = resultSchema.safeParse(JSON.parse(result));
  return parsed.success ? parsed.data.attempts : [];
}

async function textOf(storage: StoragePort, place: ObjectPlace): Promise<string | null> {
  try {
    return Buffer.from(await storage.read(place)).toString('utf8');
  } catch (error) {
    if (error instanceof PortError && error.kind === 'NOT_FOUND') return null;
    throw error;
  }
}

interface Told {
  start: AttemptStart;
  end: AttemptEnd | null;
}

/** In the order of their starts, over all jobs. */
function byAttempt(lines: readonly ClaimLine[]): Told[] {
  const byNumber = new Map<number, Told>();
  for (const line of lines) {
    if (line.kind === 'start') {
      byNumber.set(line.attempt, { start: line, end: null });
    } else {
      const told = byNumber.get(line.attempt);
      if (told !== undefined) told.end = line;
    }
  }
  return [...byNumber.values()];
}

/** The clocks of Batch and of a VM may differ by so much. */
const CLOCK_SECONDS = 5;

/**
 * What Batch saw and what the tasks told of the same attempts. They have the time in common: an attempt whose VM went
 * before the task began, or that was fenced, has no line in the claim.
 */
function paired(
  seen: readonly Seen[],
  told: readonly Told[],
): { seen: Seen | undefined; told: Told | undefined }[] {
  const left = [...told];
  const pairs = seen.map((one) => {
    const index = left.findIndex(
      ({ start }) =>
        start.at >= (one.assignedAt ?? 0) - CLOCK_SECONDS &&
        start.at <= (one.endedAt ?? Infinity) + CLOCK_SECONDS,
    );
    const [own] = index < 0 ? [] : left.splice(index, 1);
    return { seen: one, told: own };
  });
  return [...pairs, ...left.map((own) => ({ seen: undefined, told: own }))];
}

/** One attempt as Batch's events show it. */
interface Seen {
  assignedAt: number | null;
  endedAt: number | null;
  place: string | null;
  exitCode: number | null;
  succeeded: boolean;
}

/** The events of a task, cut into its attempts; they need not come in the order of time. */
function seenAttempts({ events }: PortTask): Seen[] {
  const attempts: Seen[] = [];
  let open: Seen | null = null;
  for (const event of inOrder(events)) {
    if (event.state === 'ASSIGNED' || (event.state === 'RUNNING' && open === null)) {
      open = { assignedAt: event.time, endedAt: null, place: null, exitCode: null, succeeded: false };
      attempts.push(open);
    }
    if (open === null) continue;
    open.place ??= instanceOf(event.description);
    if (event.state !== 'FAILED' && event.state !== 'SUCCEEDED') continue;
    open.endedAt = event.time;
    open.exitCode = event.exitCode;
    open.succeeded = event.state === 'SUCCEEDED';
    open = null;
  }
  return attempts;
}

function ofTask(
  { plan, now }: Sources,
  { intended, final }: LedgerJob,
  number: number,
  task: PortTask,
  told: readonly Told[],
): AttemptRecord[] {
  const { jobId, shard } = intended;
  const pairs = paired(
    seenAttempts(task),
    told.filter(({ start }) => start.job === jobId),
  );
  const { molecule, leg, repeat, window } = planTask(plan, number);
  const usdPerSecond = usdPerVmHour(plan, shard) / 3600;
  return pairs.map(({ seen: event, told: own }, retry): AttemptRecord => {
    const [zone, vm] = event?.place?.split('/') ?? [own?.start.zone ?? null, own?.start.vm ?? null];
    const startedAt = event?.assignedAt ?? own?.start.at ?? null;
    const endedAt = event?.endedAt ?? own?.end?.at ?? null;
    const outcome = outcomeOf(event, own, final !== null || retry < pairs.length - 1);
    const until = outcome === 'running' ? now : endedAt;
    const seconds = startedAt === null || until === null ? null : Math.max(0, until - startedAt);
    return {
      task: number,
      molecule,
      leg,
      repeat,
      window,
      jobId,
      region: shard.region,
      attempt: retry + 1,
      zone: zone ?? null,
      vm: vm ?? null,
      startedAt,
      endedAt,
      outcome,
      exitCode: event?.exitCode ?? own?.end?.exit ?? null,
      reason: own?.end?.reason ?? null,
      checkpoints: own?.end?.checkpoints ?? null,
      seconds,
      costUsd: seconds === null ? null : seconds * usdPerSecond,
    };
  });
}

/** Batch's exit code goes first: it alone tells a preemption from a signal. */
function outcomeOf(
  seen: Seen | undefined,
  told: Told | undefined,
  isOver: boolean,
): AttemptRecord['outcome'] {
  if (seen?.succeeded) return 'succeeded';
  const exitCode = seen?.exitCode ?? told?.end?.exit ?? null;
  if (exitCode === 0) return 'succeeded';
  if (exitCode === PREEMPTED || (exitCode === 76 && told?.end?.reason === 'preempted')) return 'preempted';
  if (exitCode === FENCED) return 'fenced';
  if (exitCode === 76) return 'cancelled';
  if (exitCode !== null) return 'error';
  if (seen !== undefined && seen.endedAt !== null) return 'cancelled';
  return isOver ? 'unknown' : 'running';
}
