import { TRUE_VIEW } from '../../src/emulator/viewFaults.js';
import { LeaseHeldError, LeaseLostError } from '../../src/exec/lease.js';
import { parseLedger } from '../../src/exec/ledger.js';
import { PortError } from '../../src/exec/port.js';
import { writeRequest } from '../../src/exec/runRecord.js';
import { leftBehind } from '../../src/exec/setAside.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Plan } from '../../src/plan/plan.js';
import { formatRanges, type TaskRange, tasksOf } from '../../src/plan/taskRanges.js';
import { type Evidence, evidenceOf } from './evidence.js';
import { rerunTimes, violations } from './invariants.js';
import { type Operation, operate } from './operate.js';
import { REGIONS, RERUN, RUN, smallPlan } from './smallPlan.js';
import { STATE, VirtualCloud } from './virtualCloud.js';
import { chance, type Fate, VirtualProcess } from './virtualProcess.js';
import { VirtualTime } from './virtualTime.js';

/** What a seed has made happen. */
export interface Played {
  /** Nothing, if all is well. */
  wrong: string[];
  kills: number;
  pauses: number;
  /** Processes that ended themselves: refused, or told that the run is another's. */
  exits: number;
  /** "createJob before", "write after", ...: the calls at which processes were killed. */
  killedAt: string[];
  jobs: number;
  remainders: number;
  preemptions: number;
  /** Jobs that were taken from a region without VMs. */
  moves: number;
  cancelled: boolean;
}

/** Longer than a lease, and than a request can be on its way. */
const UNREST_SECONDS = 310;
const DAY_SECONDS = 86_400;
/** What a VM does before and after its tasks, Batch does not tell. A window counted twice would be several percent. */
const COST_TOLERANCE = 0.01;
/** A seed needs some ten; more than this is a run that gets nowhere. */
const MOST_PROCESSES = 150;

interface Game {
  seed: string;
  plan: Plan;
  time: VirtualTime;
  cloud: VirtualCloud;
  faults: number;
  outages: { from: number; until: number }[];
  canary: boolean;
  played: Played;
  processes: number;
  /** Of processes that stand still, or stood still: how they end. */
  paused: Promise<void>[];
  /** Until then a lease, a request on its way or a paused process may still stand in somebody's way. */
  unrestUntil: number;
  /** Processes that stand still, or have gone on since. */
  pausedNow: number;
  tell: (text: string) => void;
}

/** A whole campaign in virtual time with everything that can happen to its executors. Throws for what must not. */
export async function playSeed(seed: string, tell: (text: string) => void = () => {}): Promise<Played> {
  const draw = (...words: (string | number)[]): number => chance(seed, ...words);
  const policy = (['sameRegion', 'anyRegion', 'onDemand'] as const)[Math.floor(draw('policy') * 3)];
  const plan = smallPlan({
    waves: { size: 1, start: draw('waves') < 0.5 ? 'drained' : 'finished' },
    remainder: { policy: policy ?? 'sameRegion', maxRounds: 60 },
  });
  const time = new VirtualTime();
  const cloud = new VirtualCloud(plan, seed, time);
  await cloud.open(plan);
  const view = cloud.rehearsal.view;
  if (draw('hidden') < 0.3) view.freshTasksHiddenSeconds = 180;
  const isLate = draw('late') < 0.3;
  if (isLate) view.eventsLateSeconds = 120;
  view.eventsReordered = draw('order') < 0.3;
  const played: Played = {
    wrong: [],
    kills: 0,
    pauses: 0,
    exits: 0,
    killedAt: [],
    jobs: 0,
    remainders: 0,
    preemptions: 0,
    moves: 0,
    cancelled: false,
  };
  const game: Game = {
    seed,
    plan,
    time,
    cloud,
    faults: 0.05 + 0.15 * draw('faults'),
    outages: Array.from({ length: Math.floor(3 * draw('outages')) }, (_, i) => {
      const from = 7200 * draw('outage', i);
      return { from, until: from + 120 + 1200 * draw('outage length', i) };
    }),
    canary: draw('canary') < 0.25,
    played,
    processes: 0,
    paused: [],
    unrestUntil: 0,
    pausedNow: 0,
    tell,
  };
  const cancelAt = draw('cancel') < 0.3 ? 600 + 7200 * draw('cancel at') : null;
  if (cancelAt !== null) void leaveCancel(game, cancelAt);

  if (draw('stockout') < 0.3) runDry(game);

  let summary = await untilOver(game, { misfortunes: 3 + Math.floor(5 * draw('misfortunes')) });
  if (summary.state === 'cancelled') {
    played.cancelled = true;
    nothingRuns(game);
    summary = await untilOver(game, { misfortunes: 2, wish: null });
  }
  expectAll(game, summary);
  const rerunAt = time.seconds;
  summary = await untilOver(game, { misfortunes: 1 + Math.floor(3 * draw('rerun')), wish: RERUN });
  if (summary.state === 'cancelled' && cancelAt !== null) {
    if (cancelAt < rerunAt) played.wrong.push('a request from before the rerun has cancelled it');
    summary = await untilOver(game, { misfortunes: 1, wish: null });
  }
  expectAll(game, summary);

  await time.until(Promise.all([time.sleep(2 * DAY_SECONDS), ...game.paused]));
  nothingRuns(game);
  Object.assign(view, TRUE_VIEW);
  const evidence = await evidenceOf(cloud.ports, plan);
  played.wrong.push(...violations(evidence, rerunTimes(RERUN, 1)));
  played.wrong.push(...cloud.complaints);
  const outcome = cloud.rehearsal.outcome();
  // Late events are looked at once, when a job has ended: what they tell after that is not counted.
  if (!isLate) checkCost(game, summary, evidence);
  played.jobs = evidence.jobs.length;
  played.remainders = evidence.jobs.filter(({ job }) => /-r\d+$/.test(job.jobId)).length;
  played.moves = evidence.ledger
    .flatMap(({ text }) => parseLedger(text, 'ledger'))
    .filter((line) => line.kind === 'job-cancelling' && line.why.startsWith('no VM comes')).length;
  played.preemptions = outcome?.metrics.preemptions ?? 0;
  return played;
}

/** All VMs of a region vanish, and for hours, or a day, there are no others. */
function runDry({ seed, cloud }: Game): void {
  const draw = (word: string): number => chance(seed, 'stockout', word);
  const at = 7200 * draw('at');
  const region = REGIONS[Math.floor(draw('region') * REGIONS.length)] ?? '';
  cloud.rehearsal.order({ kind: 'stockout', region, at, seconds: 3600 + DAY_SECONDS * draw('seconds') });
  cloud.rehearsal.order({ kind: 'preempt', region, at, share: 1 });
}

/** Somebody else wants the run to end, whether it has ended by then or not. */
async function leaveCancel({ time, cloud }: Game, afterSeconds: number): Promise<void> {
  await time.sleep(afterSeconds);
  await writeRequest(
    cloud.ports.storage,
    { state: STATE, runId: RUN },
    { id: 'cancel-by-bob', kind: 'cancel', tasks: null, by: 'bob' },
  );
}

/**
 * Processes that die one after another, or stand still while the next one takes over, until one of them sees the end.
 * `wish`: what the first of them is asked for; whoever finds that it was not written down is asked again.
 */
async function untilOver(
  game: Game,
  { misfortunes, wish }: { misfortunes: number; wish?: readonly TaskRange[] | null },
): Promise<ExecSummary> {
  const { seed, plan, time, cloud, faults, outages, canary, played } = game;
  let left = misfortunes;
  let takeOver = false;
  /** How often in a row somebody was told that another process works on the run, as one may for a day. */
  let toldOff = 0;
  for (;;) {
    game.processes += 1;
    const name = `${seed}/${game.processes}`;
    if (game.processes > MOST_PROCESSES) throw new Error(`${game.processes} processes see no end`);
    const fate = left > 0 ? fateOf(name) : null;
    const isQuiet = time.seconds > game.unrestUntil && game.pausedNow === 0;
    const process = new VirtualProcess(cloud, time, { seed: name, faults, fate, outages });
    const work = operate({
      plan,
      runId: RUN,
      process,
      time,
      name,
      takeOver,
      canary,
      ...(wish === undefined ? {} : { wishFor: (run) => wishOf(plan, run, wish) }),
    });
    const told = work.then(
      (summary) => ({ summary }),
      (error: unknown) => ({ error }),
    );
    const end = await time.until(Promise.race([told, process.ended]));
    game.tell(`${time.seconds.toFixed(1)} s: process ${game.processes} ${wordsOf(end)}`);
    game.unrestUntil = time.seconds + UNREST_SECONDS;
    if (typeof end === 'string') {
      left -= 1;
      if (end === 'killed') {
        played.kills += 1;
        played.killedAt.push(process.endedAt);
      } else {
        played.pauses += 1;
        game.pausedNow += 1;
        game.paused.push(told.then((last) => judgePaused(game, name, last)));
      }
      takeOver = await nextComes(game, name);
      continue;
    }
    if ('summary' in end) {
      if (end.summary.state !== 'running') return end.summary;
      throw new Error(`${name} left a run that goes on`);
    }
    const isToldOff = end.error instanceof LeaseHeldError || end.error instanceof LeaseLostError;
    if (isToldOff && isQuiet)
      played.wrong.push(`${name} is told of somebody else, who is not there: ${end.error}`);
    toldOff = end.error instanceof LeaseHeldError ? toldOff + 1 : 0;
    if (toldOff === 0) {
      if (!isOrderly(end.error)) throw new Error(`${name} ended by an error`, { cause: end.error });
      played.exits += 1;
    }
    takeOver = false;
    await time.until(time.sleep(60 * Math.max(1, toldOff)));
  }
}

function fateOf(name: string): Fate {
  const draw = (word: string): number => chance(name, 'fate', word);
  const kind = draw('counting');
  const [counting, most] =
    kind < 0.4 ? (['changes', 30] as const) : kind < 0.7 ? (['seldom', 8] as const) : (['all', 400] as const);
  return {
    counting,
    atCall: 1 + Math.floor(draw('call') * most),
    moment: draw('moment') < 0.5 ? 'before' : 'after',
    pauseSeconds: draw('pause') < 0.3 ? 100 + 2000 * draw('pause seconds') : null,
  };
}

function wordsOf(end: string | { summary: ExecSummary } | { error: unknown }): string {
  if (typeof end === 'string') return `is ${end}`;
  return 'summary' in end ? `sees the end: ${end.summary.state}` : `ends: ${end.error}`;
}

/** When the next process comes, and whether it takes the run from whoever holds it. */
async function nextComes({ time }: Game, name: string): Promise<boolean> {
  const luck = chance(name, 'next');
  const seconds = luck < 0.3 ? 5 : luck < 0.8 ? 320 : luck < 0.95 ? 3600 : 2 * DAY_SECONDS;
  await time.until(time.sleep(seconds * (0.5 + chance(name, 'next seconds'))));
  return chance(name, 'take over') < 0.3;
}

/** A process that stood still may find that it still holds the run; otherwise it is told, and stops. */
function judgePaused(game: Game, name: string, last: { summary: ExecSummary } | { error: unknown }): void {
  game.pausedNow -= 1;
  game.unrestUntil = game.time.seconds + UNREST_SECONDS;
  if ('summary' in last || isOrderly(last.error)) return;
  game.played.wrong.push(`${name}, which was paused: ${last.error}`);
}

/** Ends that a user understands: somebody else has the run, or the cloud refuses. The run can be resumed. */
function isOrderly(error: unknown): boolean {
  if (error instanceof LeaseLostError || error instanceof LeaseHeldError) return true;
  return (
    error instanceof PortError && ['RETRYABLE', 'UNAUTHENTICATED', 'PERMISSION_DENIED'].includes(error.kind)
  );
}

/** Null: go on with everything; tasks: run them again, as `fepcast rerun` does. Undefined once it is written down. */
async function wishOf(
  plan: Plan,
  { ledger, storage }: Parameters<NonNullable<Operation['wishFor']>>[0],
  wish: readonly TaskRange[] | null,
): ReturnType<NonNullable<Operation['wishFor']>> {
  const text = wish === null ? null : formatRanges(wish);
  const isWritten = ledger.wishes.some(
    ({ kind, tasks }) => kind === 'reopen' && (tasks === null ? null : formatRanges(tasks)) === text,
  );
  if (isWritten) return undefined;
  if (wish === null) return { kind: 'reopen', tasks: null };
  const aside = await leftBehind(storage, plan, () => null, [...tasksOf(wish)]);
  return { kind: 'reopen', tasks: [...wish], aside };
}

function expectAll({ plan, played }: Game, summary: ExecSummary): void {
  const { tasks } = plan.campaign;
  if (summary.state !== 'succeeded' || summary.tasks.succeeded !== tasks) {
    played.wrong.push(`it ends as ${summary.state} with ${summary.tasks.succeeded} of ${tasks} windows`);
  }
}

/** Every VM is paid once, and counted once, by whichever process. Canaries are told of in the ledger alone. */
function checkCost({ played, cloud }: Game, { costUsd }: ExecSummary, evidence: Evidence): void {
  const canaries = evidence.ledger
    .flatMap(({ text }) => parseLedger(text, 'ledger'))
    .reduce((sum, line) => sum + ('facts' in line ? (line.facts.costUsd ?? 0) : 0), 0);
  const told = (costUsd ?? 0) + canaries;
  const billed = cloud.rehearsal.outcome()?.metrics.costUsd ?? Number.NaN;
  if (!(Math.abs(told - billed) < COST_TOLERANCE * billed)) {
    played.wrong.push(`the bill is ${billed} USD, the executor's account ${told}`);
  }
}

/** No VM, and no job that could get one. */
function nothingRuns({ cloud, played }: Game): void {
  cloud.rehearsal.service.advance();
  if (cloud.rehearsal.clock.started && !cloud.rehearsal.service.allFinal)
    played.wrong.push('a job goes on although the run is over');
  for (const region of REGIONS) {
    const { vms } = cloud.rehearsal.regionUse(region);
    if (vms > 0) played.wrong.push(`${vms} VMs run in ${region} although the run is over`);
  }
}
