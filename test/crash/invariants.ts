import { type LedgerEntry, parseLedger, replay } from '../../src/exec/ledger.js';
import type { PortTask } from '../../src/exec/port.js';
import { homeOfTask } from '../../src/plan/homes.js';
import { SPEC_LABEL } from '../../src/plan/job.js';
import { isFinal } from '../../src/plan/snapshot.js';
import { resultObject } from '../../src/plan/taskObjects.js';
import { type TaskRange, tasksOf } from '../../src/plan/taskRanges.js';
import { resultSchema } from '../../src/plan/taskRecords.js';
import { taskIdentity } from '../../src/plan/workDigest.js';
import type { Evidence } from './evidence.js';

/** Task -> how often it was to be run again after its end. */
export type Reruns = ReadonlyMap<number, number>;

export function rerunTimes(tasks: readonly TaskRange[], times: number): Reruns {
  return new Map([...tasksOf(tasks)].map((task) => [task, times]));
}

/** Everything that is wrong with a run that has ended; nothing of it may be. `reruns`: how often tasks were run again. */
export function violations(evidence: Evidence, reruns: Reruns): string[] {
  const wrong: string[] = [];
  const entries = entriesOf(evidence, wrong);
  if (entries === null) return wrong;
  ledgerOrder(entries, wrong);
  holders(evidence, wrong);
  jobsMatch(evidence, entries, wrong);
  nothingTwice(evidence, entries, reruns, wrong);
  resultsThere(evidence, reruns, wrong);
  return wrong;
}

function entriesOf({ ledger }: Evidence, wrong: string[]): LedgerEntry[] | null {
  try {
    return ledger.flatMap(({ text }, number) => parseLedger(text, `ledger object ${number}`));
  } catch (error) {
    wrong.push(`the ledger cannot be read: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

/** Each step of a job is written once, and after the one before it. */
function ledgerOrder(entries: readonly LedgerEntry[], wrong: string[]): void {
  const order = { 'job-intended': 0, 'job-submitted': 1, 'job-final': 3 } as const;
  const step = new Map<string, number>();
  let isOver = false;
  for (const entry of entries) {
    if (entry.kind === 'run-finished') {
      if (isOver) wrong.push('the ledger ends the run twice');
      isOver = true;
    } else if (entry.kind === 'run-reopened') isOver = false;
    else if (isOver && entry.kind !== 'cancel-requested') {
      wrong.push(`the ledger goes on behind its end: ${entry.kind}`);
    }
    if (!(entry.kind in order) || !('jobId' in entry)) continue;
    const before = step.get(entry.jobId) ?? -1;
    const now = order[entry.kind as keyof typeof order];
    if (now <= before) wrong.push(`the ledger has ${entry.kind} of ${entry.jobId} twice or too late`);
    if (now > 0 && before < 0) wrong.push(`the ledger has ${entry.kind} of ${entry.jobId} unannounced`);
    step.set(entry.jobId, now);
  }
  const starts = entries.filter(({ kind }) => kind === 'run-started').length;
  if (starts !== 1) wrong.push(`the ledger starts the run ${starts} times`);
  if (!isOver) wrong.push('the ledger does not end the run');
  const { jobs } = replay(entries);
  for (const { intended, submitted, final } of jobs) {
    if (submitted === null) wrong.push(`${intended.jobId} is not submitted by the ledger`);
    if (final === null) wrong.push(`${intended.jobId} is not final by the ledger`);
  }
}

/** Who has lost the run never writes to its ledger again. */
function holders({ ledger }: Evidence, wrong: string[]): void {
  const gone = new Set<string>();
  let last = '';
  for (const [number, { holder }] of ledger.entries()) {
    if (gone.has(holder)) wrong.push(`ledger object ${number} is by ${holder}, after somebody else's`);
    if (holder !== last && last !== '') gone.add(last);
    last = holder;
  }
}

/** Each job of the cloud is in the ledger with the same spec, each one of the ledger in the cloud, and all are over. */
function jobsMatch({ jobs }: Evidence, entries: readonly LedgerEntry[], wrong: string[]): void {
  const announced = new Map<string, string | null>();
  for (const entry of entries) {
    if (entry.kind === 'job-intended') announced.set(entry.jobId, entry.specHash);
    if (entry.kind === 'canary-intended') announced.set(entry.jobId, null);
  }
  for (const { job } of jobs) {
    const spec = announced.get(job.jobId);
    if (spec === undefined) wrong.push(`${job.jobId} is an orphan: no word of it in the ledger`);
    else if (spec !== null && job.labels[SPEC_LABEL] !== spec) {
      wrong.push(`${job.jobId} is another job than the ledger says`);
    }
    announced.delete(job.jobId);
    if (!isFinal(job.state)) wrong.push(`${job.jobId} is ${job.state} and bills`);
  }
  for (const jobId of announced.keys()) wrong.push(`${jobId} is in the ledger and was never created`);
}

interface Attempt {
  jobId: string;
  from: number;
  to: number;
}

/** A window succeeds once, and is never worked on by two jobs at one time. */
function nothingTwice(
  { plan, jobs }: Evidence,
  entries: readonly LedgerEntry[],
  reruns: Reruns,
  wrong: string[],
): void {
  const tasksOfJob = new Map(
    replay(entries).jobs.map(({ intended }) => [intended.jobId, [...tasksOf(intended.tasks)]]),
  );
  const successes = new Map<number, string[]>();
  const attempts = new Map<number, Attempt[]>();
  for (const { job, tasks } of jobs) {
    const numbers = tasksOfJob.get(job.jobId);
    if (numbers === undefined) continue;
    if (tasks.length !== numbers.length) wrong.push(`${job.jobId} has ${tasks.length} tasks`);
    for (const { index, state, events } of tasks) {
      const task = numbers[index] ?? -1;
      if (state === 'SUCCEEDED') successes.set(task, [...(successes.get(task) ?? []), job.jobId]);
      const list = attempts.get(task) ?? [];
      attempts.set(task, list);
      list.push(...attemptsOf(job.jobId, events));
    }
  }
  for (let task = 0; task < plan.campaign.tasks; task += 1) {
    const expected = 1 + (reruns.get(task) ?? 0);
    const by = successes.get(task) ?? [];
    if (by.length !== expected) wrong.push(`task ${task} was run to its end ${by.length} times: ${by}`);
    const list = (attempts.get(task) ?? []).toSorted((a, b) => a.from - b.from);
    for (const [index, { jobId, from }] of list.entries()) {
      const before = list[index - 1];
      if (before !== undefined && from < before.to) {
        wrong.push(`task ${task} was worked on by ${before.jobId} and ${jobId} at one time, at ${from}`);
      }
    }
  }
}

function attemptsOf(jobId: string, events: PortTask['events']): Attempt[] {
  const attempts: Attempt[] = [];
  for (const { state, time } of events.toSorted((a, b) => a.time - b.time)) {
    if (state === 'ASSIGNED') attempts.push({ jobId, from: time, to: Number.POSITIVE_INFINITY });
    else if (state !== 'RUNNING') {
      const open = attempts.at(-1);
      if (open !== undefined) open.to = Math.min(open.to, time);
    }
  }
  return attempts;
}

/** Exactly the results of the plan, each one readable and of the right work, and those put aside for a rerun. */
function resultsThere({ plan, results }: Evidence, reruns: Reruns, wrong: string[]) {
  const expected = new Set<string>();
  let aside = 0;
  for (let task = 0; task < plan.campaign.tasks; task += 1) {
    const identity = taskIdentity(plan, task, null);
    const { resultsBucket } = homeOfTask(plan, task);
    const name = resultObject(identity);
    expected.add(`${resultsBucket}/${name}`);
    const text = results.get(`${resultsBucket}/${name}`);
    const result = text === undefined ? null : resultSchema.safeParse(JSON.parse(text)).data;
    if (!result) wrong.push(`task ${task} has no result`);
    else if (result.key !== identity.key || result.digest !== identity.digest || result.task !== task) {
      wrong.push(`the result of task ${task} is another one's`);
    }
  }
  for (const place of results.keys()) {
    if (place.includes('/replaced/')) aside += 1;
    else if (!expected.has(place)) wrong.push(`${place} is a stray result`);
  }
  const expectedAside = [...reruns.values()].reduce((sum, times) => sum + times, 0);
  if (aside !== expectedAside) wrong.push(`${aside} results were put aside, not ${expectedAside}`);
}
