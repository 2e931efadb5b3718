import type { Plan } from '../../plan/plan.js';
import { isFinal } from '../../plan/snapshot.js';
import type { InputOf } from '../../plan/taskIndex.js';
import { requestIdOf } from '../ids.js';
import { writeJobIndex } from '../jobIndex.js';
import type { BatchPort, CloudPort, PortTask } from '../port.js';
import { createOrAdopt } from '../submit.js';
import { buildCanaryJob, type CanaryJob } from './canaryJob.js';
import { type CanaryReport, parseCanaryReport } from './canaryReport.js';
import { type CanaryFacts, judgeCanary } from './judgeCanary.js';

/** A canary as the ledger tells of it; verdict null: it may be on its way. */
export interface KnownCanary {
  region: string;
  settingsHash: string;
  round: number;
  verdict: 'passed' | 'failed' | null;
}

/** What the ledger is told. */
export type CanaryLine = { at: number; region: string; settingsHash: string; jobId: string } & (
  | { kind: 'canary-intended'; round: number }
  | { kind: 'canary-passed'; facts: CanaryFacts }
  | { kind: 'canary-failed'; facts: CanaryFacts; why: string; repair: string | null }
);

export interface CanarySetting {
  plan: Plan;
  runId: string;
  project: string;
  /** Every call of it is retried. */
  cloud: CloudPort;
  inputOf: InputOf;
  /** Durable before the step that it announces is relied on. */
  record(line: CanaryLine): Promise<void>;
  /** Throws when somebody else has taken the run over. */
  stillMine(): Promise<void>;
  note(at: number, text: string): void;
  /** The tasks only let time pass: nobody writes a report. */
  virtual: boolean;
}

/** A canary has failed in each region that still waits for one: nothing more can be started. */
export class CanaryError extends Error {
  override name = 'CanaryError';
  /** Commands that repair it. */
  readonly repairs: readonly string[];
  constructor(failures: readonly { message: string; repair: string | null }[]) {
    super(failures.map(({ message }) => message).join('; '));
    this.repairs = failures.flatMap(({ repair }) => (repair === null ? [] : [repair]));
  }
}

/** So long without a VM is told once, in campaign seconds: a canary may wait for capacity as any job does. */
const PATIENCE_SECONDS = 1800;

/**
 * Tries every region out before its first wave: one canary for the image and the settings of today, created once
 * however often this process dies, and never again once it has passed. One that has failed is followed by another one
 * only in a later process: somebody must have repaired something.
 */
export class Canaries {
  readonly #setting: CanarySetting;
  readonly #known: KnownCanary[];
  readonly #failures = new Map<string, { message: string; repair: string | null }>();
  readonly #open = new Map<string, CanaryJob & { since: number; told: boolean; isInherited: boolean }>();

  constructor(setting: CanarySetting, known: readonly KnownCanary[]) {
    this.#setting = setting;
    this.#known = [...known];
  }

  /** In regions where none will ever pass in this process. */
  get failures(): readonly { message: string; repair: string | null }[] {
    return [...this.#failures.values()];
  }

  /**
   * Those of the regions whose canary has passed. In each of the others one is begun, or looked after; call it again
   * in the next round.
   */
  async cleared(regions: readonly string[], now: number): Promise<Set<string>> {
    const cleared = await Promise.all(regions.map((region) => this.#look(region, now)));
    return new Set(regions.filter((_, i) => cleared[i]));
  }

  async #look(region: string, now: number): Promise<boolean> {
    if (this.#failures.has(region)) return false;
    const { settingsHash } = this.#build(region, 0);
    const known = this.#known.filter((one) => one.region === region && one.settingsHash === settingsHash);
    if (known.some(({ verdict }) => verdict === 'passed')) return true;
    const open = this.#open.get(region) ?? (await this.#begin(region, known, now));
    return this.#follow(region, open, now);
  }

  #build(region: string, round: number): CanaryJob {
    const { plan, runId, project } = this.#setting;
    return buildCanaryJob(plan, region, { runId, project, round });
  }

  /** Goes on with one that was announced and not judged, or announces the next one. */
  async #begin(region: string, known: readonly KnownCanary[], now: number) {
    const { record, cloud, plan, runId, inputOf, stillMine, note } = this.#setting;
    const announced = known.find(({ verdict }) => verdict === null);
    // Ids count over all settings: a job id is never used for two things.
    const round = announced?.round ?? this.#known.filter((one) => one.region === region).length;
    const canary = this.#build(region, round);
    const { part, job, settingsHash } = canary;
    const { jobId } = part;
    if (announced === undefined) {
      await record({ kind: 'canary-intended', at: now, region, settingsHash, jobId, round });
      this.#known.push({ region, settingsHash, round, verdict: null });
    }
    await writeJobIndex(cloud.storage, plan, part, { runId, inputOf });
    await stillMine();
    const requestId = requestIdOf(runId, jobId, 'create');
    await createOrAdopt(cloud.batch, { region, jobId, requestId, job });
    if (announced === undefined) note(now, `${jobId}: tries ${region} out before its first wave`);
    const open = { ...canary, since: now, told: false, isInherited: announced !== undefined };
    this.#open.set(region, open);
    return open;
  }

  async #follow(
    region: string,
    open: CanaryJob & { since: number; told: boolean; isInherited: boolean },
    now: number,
  ): Promise<boolean> {
    const { cloud, plan, project, virtual, note, record } = this.#setting;
    const { jobId } = open.part;
    const job = await cloud.batch.getJob(region, jobId);
    if (!isFinal(job.state)) {
      if (!open.told && job.state !== 'RUNNING' && now - open.since >= PATIENCE_SECONDS) {
        open.told = true;
        note(now, `${jobId}: has waited for a VM for ${Math.round((now - open.since) / 60)} minutes`);
      }
      return false;
    }
    const tasks = await allTasks(cloud.batch, region, jobId);
    const report = await this.#report(open, job.createTime);
    const { passed, message, repair, facts } = judgeCanary(open, { job, tasks, report }, plan, {
      project,
      virtual,
    });
    const line = { at: now, region, settingsHash: open.settingsHash, jobId, facts };
    await record(
      passed ? { kind: 'canary-passed', ...line } : { kind: 'canary-failed', ...line, why: message, repair },
    );
    const entry = this.#known.find((one) => one.region === region && one.verdict === null);
    if (entry) entry.verdict = passed ? 'passed' : 'failed';
    this.#open.delete(region);
    note(now, message);
    if (passed) return true;
    // It ended with an earlier process, as a cancelled run's do: another one is sent in the next round.
    if (open.isInherited && job.state === 'CANCELLED') return false;
    if (repair !== null) note(now, `to repair it: ${repair}`);
    this.#failures.set(region, { message, repair });
    return false;
  }

  /** What an earlier canary of the region has left there does not count. */
  async #report({ report }: CanaryJob, createTime: number): Promise<CanaryReport | null> {
    const { storage } = this.#setting.cloud;
    const there = await storage.stat(report);
    if (there === null || there.updated < createTime) return null;
    return parseCanaryReport(Buffer.from(await storage.read(report)).toString('utf8'));
  }
}

async function allTasks(batch: BatchPort, region: string, jobId: string): Promise<PortTask[]> {
  const tasks: PortTask[] = [];
  let token: string | null = null;
  do {
    const page: { tasks: PortTask[]; next: string | null } = await batch.listTasks(region, jobId, token);
    tasks.push(...page.tasks);
    token = page.next;
  } while (token !== null);
  return tasks;
}
