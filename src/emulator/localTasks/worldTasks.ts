import type { Scenario } from '../../scenario/scenario.js';
import type { ExternalAttempt, ExternalTasks } from '../../sim/world/view.js';
import { onlyZone } from '../eventTexts.js';
import type { TaskRunner } from '../taskRunner.js';
import { describeAttempt, type SubmitCommand } from './describeAttempt.js';

/** Exit codes of Batch. Source: https://docs.cloud.google.com/batch/docs/troubleshooting */
const EXIT_VM_LOST = 50002;
const EXIT_TIME_LIMIT = 50005;

/** What `docker stop` gives a container by default. Source: https://docs.docker.com/reference/cli/docker/container/stop/ */
export const STOP_GRACE_SECONDS = 10;

/**
 * Carries to a runner what the World decides about its external tasks, and to the World what the runner reports.
 * Until `begin` (while a journal is replayed) it only keeps the account.
 */
export class WorldTasks implements ExternalTasks {
  readonly #scenario: Scenario;
  /** By the World's number of the job. */
  readonly #jobs: SubmitCommand[] = [];
  readonly #zoneOf: (vm: number) => string | null;
  readonly #tellWorld: (job: number, task: number, exitCode: number) => void;
  /** VMs that have run something, and what they run now. */
  readonly #vms = new Set<number>();
  readonly #running = new Map<number, ExternalAttempt>();
  #runner: TaskRunner | null = null;

  /** `zoneOf`: where the World has put the VM. `tellWorld`: the attempt at a task has ended now. */
  constructor(options: {
    scenario: Scenario;
    zoneOf: (vm: number) => string | null;
    tellWorld: (job: number, task: number, exitCode: number) => void;
  }) {
    this.#scenario = options.scenario;
    this.#zoneOf = options.zoneOf;
    this.#tellWorld = options.tellWorld;
  }

  get running(): number {
    return this.#running.size;
  }

  /** The World is about to get its next job. */
  submitted(command: SubmitCommand): void {
    this.#jobs.push(command);
  }

  /**
   * From here on real tasks run. What the World holds to be running from before a restart does not run any more:
   * Batch would hear nothing from its VM, and that is how the attempt ends.
   */
  begin(runner: TaskRunner): void {
    this.#runner = runner;
    runner.keepOnly(this.#vms);
    for (const { job, task } of [...this.#running.values()]) this.#tellWorld(job, task, EXIT_VM_LOST);
  }

  started(attempt: ExternalAttempt): void {
    this.#vms.add(attempt.vm);
    this.#running.set(attempt.vm, attempt);
    const { job, task, vm } = attempt;
    const submit = this.#jobs[job];
    if (!submit) throw new Error(`the World has a job ${job} that nobody submitted`);
    const zone = this.#zoneOf(vm) ?? onlyZone(submit.region);
    this.#runner?.start(describeAttempt(attempt, submit, zone, this.#scenario), (exitCode) => {
      // The World may have ended it in the meantime.
      if (this.#running.get(vm) === attempt) this.#tellWorld(job, task, exitCode);
    });
  }

  noticed(vm: number): void {
    this.#runner?.notice(vm);
  }

  ended(vm: number, _at: number, exitCode: number): void {
    if (!this.#running.delete(vm)) return;
    this.#runner?.stop(vm, exitCode === EXIT_TIME_LIMIT ? STOP_GRACE_SECONDS : 0);
  }

  vmGone(vm: number): void {
    // Cancelled with its job.
    if (this.#running.delete(vm)) this.#runner?.stop(vm, STOP_GRACE_SECONDS);
    if (this.#vms.delete(vm)) this.#runner?.removeVm(vm);
  }
}
