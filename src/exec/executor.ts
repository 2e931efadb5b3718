import type { Action } from '../plan/actions.js';
import type { Clock } from '../plan/clock.js';
import { CONTROLLER_PERIOD_SECONDS, nextActions } from '../plan/controller.js';
import type { RunState, Snapshot } from '../plan/snapshot.js';
import type { InputOf } from '../plan/taskIndex.js';
import { formatRanges, type TaskRange } from '../plan/taskRanges.js';
import { InputError } from '../scenario/errors.js';
import type { Acting } from './acting.js';
import { CampaignView } from './campaignView.js';
import { Canaries, CanaryError } from './canary/canaries.js';
import { cancelJob, cancelLeftovers, cancelUnwanted, settleUncreated } from './cancelling.js';
import { Following } from './following.js';
import { GuardWatch } from './guardWatch.js';
import { nameOf } from './holder.js';
import type { Inventory } from './inventory.js';
import { type LedgerLine, type LedgerState, replay } from './ledger.js';
import { canWait, waitingWords } from './patience.js';
import type { CloudPort } from './port.js';
import { retryingPort } from './retry.js';
import { retryingStorage } from './retryStorage.js';
import { findingsOf, type RunFindings } from './runFindings.js';
import { isOpen } from './runJob.js';
import type { RunRecord, RunRequest } from './runRecord.js';
import { type Aside, putAside } from './setAside.js';
import { intendJobs, type Submit, submitTogether } from './submission.js';
import { type ExecSummary, summaryOf } from './summary.js';

export interface ExecuteOptions {
  record: RunRecord;
  project: string;
  /** Not yet retried. */
  cloud: CloudPort;
  clock: Clock;
  source: 'rehearse' | 'execute';
  /** Uniform in [0, 1): the jitter of back-offs. */
  random: () => number;
  /** A text that no other write of any process has. */
  newId: () => string;
  /** Which windows have a result. */
  inventory: Inventory;
  /** The staged inputs of the tasks. */
  inputOf: InputOf;
  /** What the user asks of the run with this command. */
  wish?: Pick<RunRequest, 'kind' | 'tasks' | 'budgetUsd'> & { aside?: readonly Aside[] };
  /** VMs that the quota of each region leaves to this run, asked before anything is submitted. */
  room?: () => Promise<Record<string, number>>;
  /** Tries each region out before its first wave; virtual tasks write no report. Absent: nobody does. */
  canary?: 'real' | 'virtual';
  /** Stop following after a round in which this holds. */
  stopWhen?: (view: CampaignView) => boolean;
  onSnapshot?: (snapshot: Snapshot) => void;
  /** Abort it to stop following; the jobs go on, and the run can be resumed. */
  signal?: AbortSignal | undefined;
  /** Stop following after this many campaign seconds. */
  maxSeconds?: number;
  /** Wall seconds, for what must not happen too often on a fast clock. */
  wallSeconds?: () => number;
}

/** How often it is looked for requests, on a fast clock. */
const HEAR_WALL_SECONDS = 1;
/** How often the snapshot on disk is replaced. */
const SAVE_WALL_SECONDS = 1;

/**
 * Runs the plan to its end, or goes on with a run that was left: submits what the controller asks for, follows
 * the jobs, and writes down every step before it is relied on. A job is created once, however often this is
 * interrupted. Throws InputError when the ledger belongs to another plan, project or kind of run, PortError when Batch
 * refuses for good, and LeaseLostError when somebody else has taken the run over; all leave the run resumable.
 */
export async function execute(options: ExecuteOptions): Promise<ExecSummary> {
  const { record } = options;
  const ledger = replay(record.entries);
  checkSameRun(ledger, options);
  const executor = new Executor(options, ledger);
  const last = await executor.run();
  return summaryOf(last, {
    runId: record.runId,
    resumed: ledger.started !== null,
    findings: executor.findings,
  });
}

function checkSameRun({ started }: LedgerState, { record, project, source }: ExecuteOptions): void {
  if (started === null) return;
  const mismatch = (what: string, found: string, expected: string): InputError =>
    new InputError(
      `run ${record.runId}: ${what}: found ${found}, expected ${expected}; choose another --run-id`,
    );
  if (started.source !== source) throw mismatch('kind of run', source, started.source);
  if (started.project !== project) throw mismatch('project', project, started.project);
  if (started.planId !== record.plan.id) throw mismatch('plan', record.plan.id, started.planId);
}

class Executor {
  readonly #options: ExecuteOptions;
  readonly #acting: Acting;
  readonly #view: CampaignView;
  readonly #following: Following;
  readonly #canaries: Canaries | null;
  readonly #guard: GuardWatch;
  readonly #wall: () => number;
  readonly #resumed: boolean;
  /** What is still to be put aside. */
  readonly #aside: Aside[];
  #isTakenUp = false;
  #startedAt = 0;
  #now = 0;
  #savedAt = Number.NEGATIVE_INFINITY;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(options: ExecuteOptions, ledger: LedgerState) {
    const { record, source, clock, random, signal, newId, project, inventory, inputOf, cloud } = options;
    const context = { clock, random, signal, newId };
    this.#options = options;
    this.#view = new CampaignView(record.plan, { runId: record.runId, source }, ledger);
    this.#wall = options.wallSeconds ?? (() => performance.now() / 1000);
    this.#acting = {
      record,
      project,
      cloud: { batch: retryingPort(cloud.batch, context), storage: retryingStorage(cloud.storage, context) },
      view: this.#view,
      inventory,
      inputOf,
    };
    this.#canaries = this.#canariesOf(ledger);
    this.#following = new Following(this.#acting, this.#wall);
    this.#guard = new GuardWatch(record.plan);
    this.#resumed = ledger.started !== null;
    this.#aside = [...ledger.aside];
  }

  #canariesOf({ canaries }: LedgerState): Canaries | null {
    const { canary, record } = this.#options;
    if (canary === undefined) return null;
    const { plan, runId, ledger, lease } = record;
    return new Canaries(
      {
        ...this.#acting,
        plan,
        runId,
        virtual: canary === 'virtual',
        record: (line) => ledger.append(line),
        stillMine: () => lease.keep(),
        note: (at, text) => this.#view.note(at, text),
      },
      canaries,
    );
  }

  /** As of the last round. */
  get findings(): RunFindings {
    return findingsOf(this.#view, this.#now);
  }

  /** The last snapshot; its state is `running` when the run was left before its end. */
  async run(): Promise<Snapshot> {
    const { clock, record, signal, wish, stopWhen } = this.#options;
    let now = await clock.now();
    // What was asked before comes first: a request to cancel what has ended must not end what is begun now.
    if (wish !== undefined || this.#view.state !== 'running') await this.#hear(now);
    if (wish !== undefined) await this.#wish({ ...wish, id: this.#options.newId(), by: this.#by() }, now);
    if (this.#view.state === 'running') await this.#announce(now);
    this.#startedAt = now;
    // What a resumed run has cost so far is known from the tasks only.
    if (!this.#resumed) this.#following.putOff(now);
    while (this.#view.state === 'running' && !signal?.aborted && !this.#isTimeOver(now)) {
      const went = await this.#roundUnlessDown(now);
      await this.#show(now);
      if (this.#view.state !== 'running' || (went && stopWhen?.(this.#view))) break;
      await this.#untilNextRound(now);
      now = await clock.now();
    }
    this.#now = now;
    const last = this.#view.snapshot(now);
    await record.writeSnapshot(last).catch(unlessDown);
    return last;
  }

  async #announce(at: number): Promise<void> {
    const { record, project, source } = this.#options;
    const { runId, plan } = record;
    const by = this.#by();
    await record.ledger.append(
      this.#resumed
        ? { kind: 'run-resumed', at, by }
        : { kind: 'run-started', at, runId, planId: plan.id, project, source, by },
    );
  }

  #by(): string {
    return nameOf(this.#options.record.lease.holder);
  }

  #isTimeOver(now: number): boolean {
    return now - this.#startedAt >= (this.#options.maxSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** The controller looks on a grid since the first submission, as simulate's driver does. */
  async #untilNextRound(now: number): Promise<void> {
    const { clock, signal } = this.#options;
    const late = this.#view.progress(now).elapsedSeconds % CONTROLLER_PERIOD_SECONDS;
    await clock.sleep(CONTROLLER_PERIOD_SECONDS - late, signal).catch(unlessAborted(signal));
  }

  /** A service that stays away after all tries, or a login that ends, ends the round, not the run. */
  async #roundUnlessDown(now: number): Promise<boolean> {
    try {
      await this.#round(now);
      return true;
    } catch (error) {
      if (canWait(error)) this.#view.note(now, waitingWords(error));
      else unlessAborted(this.#options.signal)(error);
      return false;
    }
  }

  async #round(now: number): Promise<void> {
    const { record, room } = this.#options;
    await record.lease.keep();
    await this.#hear(now);
    if (!this.#isTakenUp) await this.#takeUp(now);
    await this.#submitAnnounced(now);
    await this.#following.poll(now);
    await cancelUnwanted(this.#acting, now);
    await this.#following.sweep(now);
    // Asked for anew whenever something is to be submitted or moved: what was known of it is out of date.
    this.#view.room = {};
    let actions = await this.#decide(now);
    if (room !== undefined && actions.some(({ kind }) => kind === 'submit' || kind === 'cancel')) {
      this.#view.room = await room();
      actions = await this.#decide(now);
    }
    for (const action of actions) {
      const job = this.#view.jobs.find(
        ({ intended }) => action.kind === 'cancel' && intended.jobId === action.jobId,
      );
      if (action.kind === 'cancel' && job && isOpen(job)) await cancelJob(this.#acting, job, action.why, now);
    }
    const wanted = actions.filter((action) => action.kind === 'submit');
    const submits = await this.#cleared(wanted, now);
    const jobs = await intendJobs(this.#acting, submits, now);
    await submitTogether(this.#acting, jobs, now);
    for (const action of actions) if (action.kind === 'finish') await this.#finish(action.outcome, now);
  }

  /** What the controller wants; what it decides for good is written down before anything follows from it. */
  async #decide(now: number): Promise<Action[]> {
    const { record } = this.#options;
    for (;;) {
      const actions = nextActions(record.plan, this.#view.progress(now));
      const halts = actions.flatMap((action) => (action.kind === 'halt' ? [action.halt] : []));
      if (halts.length === 0) return actions;
      for (const halt of halts) {
        const job = this.#view.jobs.find(({ intended }) => intended.jobId === halt.job?.jobId);
        const evidence = job?.attempts?.evidence ?? [];
        const line = { kind: 'run-halted' as const, at: now, ...halt, evidence };
        await record.ledger.append(line);
        this.#view.halts.push(line);
        const then = halt.cancel ? 'its jobs are cancelled, checkpoints stay' : 'nothing more is submitted';
        this.#view.note(now, `${halt.message}: ${halt.job === null ? then : 'the job is cancelled'}`);
        for (const text of evidence) this.#view.note(now, text);
      }
    }
  }

  /** Those for regions whose canary has passed: elsewhere one is sent first, or looked after. */
  async #cleared(submits: readonly Submit[], now: number): Promise<readonly Submit[]> {
    const canaries = this.#canaries;
    if (canaries === null || submits.length === 0) return submits;
    const regions = [...new Set(submits.map(({ shard }) => shard.region))];
    const cleared = await canaries.cleared(regions, now);
    const isOver = cleared.size === 0 && canaries.failures.length === regions.length;
    if (isOver && !this.#view.jobs.some(isOpen)) throw new CanaryError(canaries.failures);
    return submits.filter(({ shard }) => cleared.has(shard.region));
  }

  /** Requests that other processes have left. */
  async #hear(now: number): Promise<void> {
    if (this.#wall() - this.#heardAt < HEAR_WALL_SECONDS) return;
    this.#heardAt = this.#wall();
    const isKnown = (id: string): boolean => this.#view.wishes.some(({ request }) => request === id);
    for (const request of await this.#options.record.requests(isKnown)) await this.#wish(request, now);
  }

  async #wish(
    { id, kind, tasks, budgetUsd, by, aside = [] }: RunRequest & { aside?: readonly Aside[] },
    at: number,
  ): Promise<void> {
    const { record } = this.#options;
    const text: string | null = tasks === null ? null : formatRanges(tasks);
    const line = { at, request: id, tasks: text, by };
    await record.ledger.append(
      kind === 'cancel'
        ? { kind: 'cancel-requested', ...line }
        : {
            kind: 'run-reopened',
            ...line,
            ...(budgetUsd === undefined ? {} : { budgetUsd }),
            ...(aside.length === 0 ? {} : { aside: [...aside] }),
          },
    );
    this.#view.wishes.push({ kind, request: id, tasks, afterJobs: this.#view.jobs.length });
    if (kind === 'reopen') {
      this.#view.reopened(budgetUsd);
      this.#aside.push(...aside);
      this.#isTakenUp = false;
    }
    const what = tasks === null ? 'the run' : `tasks ${text}`;
    this.#view.note(at, `${by} asked to ${kind === 'cancel' ? 'cancel' : 'go on with'} ${what}`);
  }

  /** Finishes what was being put aside, and looks what is complete then: exactly the rest will run. */
  async #takeUp(now: number): Promise<void> {
    const { record, inventory, inputOf } = this.#options;
    const lines: LedgerLine[] = [];
    if (this.#aside.length > 0) {
      await putAside(this.#acting.cloud.storage, record.plan, inputOf, this.#aside);
      lines.push({ kind: 'put-aside', at: now });
    }
    const all: TaskRange[] = [{ first: 0, count: record.plan.campaign.tasks }];
    const known = formatRanges(this.#view.complete());
    this.#view.inventoried(await inventory.complete(all, 'anywhere'));
    const complete = formatRanges(this.#view.complete());
    if (complete !== known) lines.push({ kind: 'inventory', at: now, complete });
    if (lines.length > 0) await record.ledger.append(...lines);
    this.#aside.length = 0;
    this.#isTakenUp = true;
  }

  /** Announced by a process that ended, or by a round that got no answer: they may exist or not. */
  async #submitAnnounced(now: number): Promise<void> {
    const announced = this.#view.jobs.filter((job) => job.createTime === null && job.unfinished === null);
    if (announced.length === 0) return;
    try {
      await submitTogether(this.#acting, announced, now);
    } catch (error) {
      if (canWait(error) || !this.#view.isCancelled()) throw error;
      await settleUncreated(this.#acting, now);
    }
  }

  async #finish(outcome: Exclude<RunState, 'running'>, at: number): Promise<void> {
    if (outcome === 'cancelled') {
      const left = await cancelLeftovers(this.#acting, at);
      if (left.length > 0) {
        this.#view.note(at, `waiting for the end of ${left.join(', ')}`);
        return;
      }
    }
    await this.#options.record.ledger.append({ kind: 'run-finished', at, outcome });
    this.#view.state = outcome;
  }

  async #show(now: number): Promise<void> {
    const seen = this.#view.snapshot(now);
    const { spentUsd, budgetUsd } = seen.cost;
    const warnings = this.#guard.look(spentUsd, seen.elapsedSeconds, budgetUsd);
    for (const text of warnings) this.#view.note(now, text);
    const snapshot = this.#view.snapshot(now);
    this.#options.onSnapshot?.(snapshot);
    if (this.#wall() - this.#savedAt < SAVE_WALL_SECONDS) return;
    this.#savedAt = this.#wall();
    await this.#options.record.writeSnapshot(snapshot).catch(unlessDown);
  }
}

/** A snapshot that cannot be written is no reason to stop. */
function unlessDown(error: unknown): void {
  if (!canWait(error)) throw error;
}

/** An interrupted wait is no failure: the loop sees the signal. */
function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => void {
  return (error) => {
    if (!signal?.aborted) throw error;
  };
}
