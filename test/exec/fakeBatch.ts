import { type BatchPort, PortError, type PortJob, type PortTask } from '../../src/exec/port.js';
import type { Clock } from '../../src/plan/clock.js';
import { parseRanges, tasksOf } from '../../src/plan/taskRanges.js';

const EPOCH = 1_750_000_000;

/** A clock that whoever sleeps on moves on. */
export class FakeClock implements Clock {
  seconds = EPOCH;
  /** Called on every sleep, before time moves. */
  onSleep: (() => void) | null = null;

  async now(): Promise<number> {
    return this.seconds;
  }

  async sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    this.onSleep?.();
    signal?.throwIfAborted();
    this.seconds += seconds;
  }
}

interface FakeJob {
  jobId: string;
  region: string;
  requestId: string;
  labels: Record<string, string>;
  createTime: number;
  parallelism: number;
  /** Set by CancelJob: what was not over then never will be. */
  cancelledAt?: number;
  /** Campaign task by task index. */
  tasks: number[];
  hopeless: ReadonlySet<number>;
}

/**
 * A Batch in memory: a job's tasks run in rounds of `parallelism`, each `taskSeconds` on the VM of its lane, which
 * is used again. A task of `preemptedOnce` loses its first attempt at once and half-way; a task of `failing`
 * ends with exit code 79 in round 0.
 */
export class FakeBatch implements BatchPort {
  readonly taskSeconds = 3600;
  readonly jobs = new Map<string, FakeJob>();
  readonly calls: string[] = [];
  preemptedOnce = new Set<number>();
  failing = new Set<number>();
  /** Tasks that end with exit code 79 in every job that is created from now on. */
  hopeless = new Set<number>();
  pageSize = 50;
  /** Asked before every call; an error that it returns is thrown instead. */
  fault: (call: string) => Error | null = () => null;
  /** Asked after CreateJob has been accepted: the answer is lost. */
  answerLost: () => Error | null = () => null;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async createJob(request: Parameters<BatchPort['createJob']>[0]): Promise<PortJob> {
    this.#enter(`create ${request.jobId}`);
    const known = this.jobs.get(request.jobId);
    if (known) {
      if (known.requestId === request.requestId) return this.#view(known);
      throw new PortError('ALREADY_EXISTS', `job ${request.jobId} exists`);
    }
    const group = request.job.taskGroups[0];
    const ranges = parseRanges(group?.taskSpec.environment?.variables?.FEPCAST_TASKS ?? '') ?? [];
    const job: FakeJob = {
      jobId: request.jobId,
      region: request.region,
      requestId: request.requestId,
      labels: { ...request.job.labels },
      createTime: this.#clock.seconds,
      parallelism: Number(group?.parallelism),
      tasks: [...tasksOf(ranges)],
      hopeless: new Set(this.hopeless),
    };
    this.jobs.set(job.jobId, job);
    const lost = this.answerLost();
    if (lost) throw lost;
    return this.#view(job);
  }

  async getJob(_region: string, jobId: string): Promise<PortJob> {
    this.#enter(`get ${jobId}`);
    return this.#view(this.#job(jobId));
  }

  async listTasks(_region: string, jobId: string, pageToken: string | null) {
    this.#enter(`list ${jobId}`);
    const job = this.#job(jobId);
    const first = Number(pageToken ?? 0);
    const end = Math.min(first + this.pageSize, job.tasks.length);
    const tasks: PortTask[] = [];
    for (let index = first; index < end; index += 1) tasks.push(this.#task(job, index));
    return { tasks, next: end < job.tasks.length ? String(end) : null };
  }

  async cancelJob(_region: string, jobId: string): Promise<void> {
    this.#enter(`cancel ${jobId}`);
    this.#job(jobId).cancelledAt ??= this.#clock.seconds;
  }

  async listJobs(region: string, label: { key: string; value: string }) {
    this.#enter(`listJobs ${region}`);
    const jobs = [...this.jobs.values()]
      .filter((job) => job.region === region && job.labels[label.key] === label.value)
      .map((job) => this.#view(job));
    return { jobs, next: null };
  }

  async close(): Promise<void> {}

  /** Campaign tasks that have been run to their end by any job. */
  succeeded(): Set<number> {
    return new Set([...this.succeededByJob().values()].flat());
  }

  succeededByJob(): Map<string, number[]> {
    const hasSucceeded = (job: FakeJob, index: number): boolean =>
      this.#task(job, index).state === 'SUCCEEDED';
    return new Map(
      [...this.jobs.values()].map((job) => [
        job.jobId,
        job.tasks.filter((_, index) => hasSucceeded(job, index)),
      ]),
    );
  }

  count(verb: string): number {
    return this.calls.filter((call) => call.startsWith(`${verb} `)).length;
  }

  #enter(call: string): void {
    this.calls.push(call);
    const error = this.fault(call);
    if (error) throw error;
  }

  #job(jobId: string): FakeJob {
    const job = this.jobs.get(jobId);
    if (!job) throw new PortError('NOT_FOUND', `no job ${jobId}`);
    return job;
  }

  #task(job: FakeJob, index: number): PortTask {
    const task = job.tasks[index] ?? -1;
    const lane = index % job.parallelism;
    const start = job.createTime + 60 + Math.floor(index / job.parallelism) * this.taskSeconds;
    const half = start + this.taskSeconds / 2;
    const end = start + this.taskSeconds;
    const isRetry = /-r\d+$/.test(job.jobId);
    const fails = (this.failing.has(task) && !isRetry) || job.hopeless.has(task);
    const vm = `zones/${job.region}-a/instances/${job.jobId}-${lane}`;
    const all: PortTask['events'] = [];
    const event = (
      time: number,
      state: PortTask['state'],
      on: string,
      exitCode: number | null = null,
    ): void => {
      all.push({ time, state, exitCode, description: `Task state is updated to ${state} on ${on}` });
    };
    event(start, 'ASSIGNED', vm);
    event(start, 'RUNNING', vm);
    let last = vm;
    if (this.preemptedOnce.has(task)) {
      event(half, 'FAILED', vm, 50001);
      event(half, 'PENDING', vm);
      last = `${vm}-again`;
      event(half, 'ASSIGNED', last);
      event(half, 'RUNNING', last);
    }
    event(end, fails ? 'FAILED' : 'SUCCEEDED', last, fails ? 79 : 0);
    const until = Math.min(this.#clock.seconds, job.cancelledAt ?? Number.POSITIVE_INFINITY);
    const events = all.filter(({ time }) => time <= until);
    const state = (events.at(-1)?.state ?? 'PENDING') as PortTask['state'];
    return { index, state, events };
  }

  #view(job: FakeJob): PortJob {
    const counts = { total: job.tasks.length, pending: 0, assigned: 0, running: 0, succeeded: 0, failed: 0 };
    job.tasks.forEach((_, index) => {
      const { state } = this.#task(job, index);
      if (state === 'SUCCEEDED') counts.succeeded += 1;
      else if (state === 'FAILED') counts.failed += 1;
      else if (state === 'RUNNING') counts.running += 1;
      else counts.pending += 1;
    });
    const over = counts.succeeded + counts.failed === counts.total;
    return {
      jobId: job.jobId,
      region: job.region,
      state: over
        ? counts.failed > 0
          ? 'FAILED'
          : 'SUCCEEDED'
        : job.cancelledAt === undefined
          ? 'RUNNING'
          : 'CANCELLED',
      counts,
      labels: job.labels,
      createTime: job.createTime,
      events: over
        ? [
            {
              type: 'STATUS_CHANGED',
              description: 'the end, in the words of Batch',
              time: this.#clock.seconds,
            },
            { type: 'STATUS_CHANGED', description: 'the beginning', time: job.createTime },
          ]
        : [],
    };
  }
}
