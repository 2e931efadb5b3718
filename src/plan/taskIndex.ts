import type { WorkTable } from '../scenario/scenario.js';
import { homeOf, homeOfTask } from './homes.js';
import type { Plan } from './plan.js';
import { keyPart, type TaskHome, type TaskIdentity } from './taskObjects.js';
import { type TaskRange, tasksOf } from './taskRanges.js';
import { planTask, taskKey } from './work.js';
import { taskIdentity } from './workDigest.js';

/** One row of a job's index: what the task at this BATCH_TASK_INDEX is. */
export interface IndexRow extends TaskIdentity, TaskHome {
  /** Number of the task in its campaign. */
  task: number;
  /** SHA-256 of the input object; null: it has none, or nobody has looked yet. */
  input: string | null;
}

/** A job's index: equally wide rows in the order of BATCH_TASK_INDEX. */
export interface TaskIndex {
  /** Bytes of one row, the line feed included: a task finds its own by one ranged read. */
  rowBytes: number;
  text: string;
}

/** What is known of a task's input; null: nothing yet. */
export type InputOf = (task: number) => { sha256: string } | null;

/** Stands for what is not known or not there. */
const NOTHING = '-';

/**
 * The index of a job with these tasks. A task whose input nobody has hashed yet gets "-" for its digest and its input:
 * such a row tells people what would run, and a real task refuses it.
 */
export function taskIndexOf(
  plan: Plan,
  tasks: readonly TaskRange[],
  inputOf: InputOf = () => null,
): TaskIndex {
  const rowBytes = indexRowBytes(plan);
  const rows: string[] = [];
  for (const task of tasksOf(tasks)) {
    const input = inputOf(task)?.sha256 ?? null;
    const unknown = input === null && planTask(plan, task).input !== null;
    const identity = unknown
      ? { key: taskKey(plan, task), digest: NOTHING }
      : taskIdentity(plan, task, input);
    rows.push(formatIndexRow({ task, ...identity, ...homeOfTask(plan, task), input }, rowBytes));
  }
  return { rowBytes, text: rows.join('') };
}

/** `task key digest scratchBucket resultsBucket input`, padded with spaces and ended by a line feed. */
export function formatIndexRow(row: IndexRow, rowBytes: number): string {
  const parts = [row.task, row.key, row.digest, row.scratchBucket, row.resultsBucket, row.input ?? NOTHING];
  const text = parts.join(' ');
  // A row of another width or with other words would shift or garble what a ranged read finds.
  if (text.length >= rowBytes || !/^[!-~]+(?: [!-~]+){5}$/.test(text)) {
    throw new Error(`task ${row.task} does not fit into a row of ${rowBytes} bytes: ${text}`);
  }
  return `${text.padEnd(rowBytes - 1)}\n`;
}

/** The inverse of `formatIndexRow`; null for text that is no row. */
export function parseIndexRow(text: string): IndexRow | null {
  const match = /^(\d+) (\S+) (\S+) (\S+) (\S+) (\S+) *\n?$/.exec(text);
  if (!match) return null;
  const [, task, key = '', digest = '', scratchBucket = '', resultsBucket = '', input = ''] = match;
  return {
    task: Number(task),
    key,
    digest,
    scratchBucket,
    resultsBucket,
    input: input === NOTHING ? null : input,
  };
}

const SHA256_CHARACTERS = 64;
/** Widths are rounded up to it, so that they rarely change. */
const WIDTH_STEP = 32;

/**
 * Bytes of a row that takes every task of the plan, whatever its digest and input turn out to be: the same for all jobs
 * of the plan, so that the job can tell its tasks before anything is staged.
 */
export function indexRowBytes(plan: Plan): number {
  const homes = [...new Set(plan.shards.map(({ region }) => region))].map((region) => homeOf(plan, region));
  const longest = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length), 1);
  const parts = [
    String(plan.campaign.tasks - 1).length,
    longestKey(plan),
    SHA256_CHARACTERS,
    longest(homes.map(({ scratchBucket }) => scratchBucket)),
    longest(homes.map(({ resultsBucket }) => resultsBucket)),
    SHA256_CHARACTERS,
  ];
  // A space behind each part but the last, and the line feed.
  const bytes = parts.reduce((sum, part) => sum + part + 1, 0);
  return Math.ceil(bytes / WIDTH_STEP) * WIDTH_STEP;
}

/** Every job of a simulation asks: a table's names are encoded once. */
const longestKeys = new WeakMap<WorkTable, number>();

function longestKey(plan: Plan): number {
  const { work, campaign } = plan;
  if (work === null) return taskKey(plan, campaign.tasks - 1).length;
  let length = longestKeys.get(work);
  if (length === undefined) {
    const molecules = Math.max(...work.molecules.map((name) => keyPart(name).length));
    const windows = Math.max(
      ...work.windows.map(({ leg, repeat, window }) => [leg, repeat, window].map(keyPart).join('/').length),
    );
    length = molecules + 1 + windows;
    longestKeys.set(work, length);
  }
  return length;
}
