import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Faults } from '../faults.js';
import { type MetadataServer, startMetadataServer } from '../metadata/metadataServer.js';
import { type VmIdentity, VmMetadata } from '../metadata/vmMetadata.js';
import type { TaskAttempt } from '../taskRunner.js';
import type { TokenStore } from '../tokens.js';
import { AttemptLog } from './attemptLog.js';
import { LocalAttempt } from './localAttempt.js';
import { type ProcessRegister, VM_MARK } from './register.js';
import { stepsOf } from './runnables.js';
import { STOP_GRACE_SECONDS } from './worldTasks.js';

/** What all VMs of one runner share. */
export interface LocalVmContext {
  register: ProcessRegister;
  tokens: TokenStore;
  /** The seconds that `tokens` counts by. */
  now: () => number;
  /** Lifetime of an access token in these seconds. */
  tokenSeconds: number;
  faults: Pick<Faults, 'decide'> | null;
  /** `http://127.0.0.1:PORT`, once it is known. */
  storageEndpoint: Promise<string>;
  containerCommand: readonly string[] | null;
  /** Wall milliseconds of so many campaign seconds. */
  wallMs: (campaignSeconds: number) => number;
  logFolder: string;
}

/** What a container engine exits with when it cannot run a container at all. */
const EXIT_NOT_RUN = 125;
/** Where the programs are that a task may call, unless the emulator was started with a path of its own. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An attempt from the moment that the VM is given it; the one before may still be ending. */
interface Turn {
  /** The World has ended it, or will: how it ends by itself is of no interest any more. */
  over: boolean;
  attempt: LocalAttempt | null;
}

/** A VM as a folder, a metadata server and the processes of one attempt at a time. */
export class LocalVm {
  readonly #number: number;
  readonly #folder: string;
  readonly #context: LocalVmContext;
  readonly #metadata: VmMetadata;
  readonly #server: Promise<MetadataServer>;
  #turn: Turn | null = null;
  /** What runs now: of the turn, or of the one before. */
  #running: LocalAttempt | null = null;
  /** Settles when all that was asked of the VM so far is done. */
  #done: Promise<void> = Promise.resolve();

  /** `folder` is kept if it is there: what earlier attempts left in it is part of the VM. */
  constructor(number: number, identity: VmIdentity, folder: string, context: LocalVmContext) {
    this.#number = number;
    this.#folder = folder;
    this.#context = context;
    this.#metadata = new VmMetadata(identity, context);
    this.#server = startMetadataServer(this.#metadata, context.faults);
    // Whoever waits for it hears of a failure.
    this.#server.catch(() => {});
  }

  start(attempt: TaskAttempt, ended: (exitCode: number) => void): void {
    const turn: Turn = { over: false, attempt: null };
    this.#turn = turn;
    this.#done = this.#done.then(async () => {
      const exitCode = await this.#run(turn, attempt);
      await this.#context.register.killAll(this.#number);
      if (!turn.over) ended(exitCode);
    });
  }

  /** The VM is being taken away. */
  notice(): void {
    this.#metadata.preempt();
    this.#askToEnd();
  }

  stop(graceSeconds: number): void {
    this.#askToEnd();
    const running = this.#running;
    if (graceSeconds === 0) {
      running?.kill();
      // What fled from the group must not outlive the VM for a moment.
      this.#done = Promise.all([this.#done, this.#context.register.killAll(this.#number)]).then(() => {});
    } else if (running) {
      const timer = setTimeout(() => running.kill(), this.#context.wallMs(graceSeconds));
      this.#done = this.#done.finally(() => clearTimeout(timer));
    }
  }

  #askToEnd(): void {
    if (!this.#turn) return;
    this.#turn.over = true;
    this.#turn.attempt?.terminate();
  }

  /** Ends what belongs to the VM; with `forGood` its folder goes too. */
  async remove(forGood: boolean): Promise<void> {
    await this.#done;
    const { register } = this.#context;
    await register.killAll(this.#number);
    const server = await this.#server.catch(() => null);
    await server?.stop();
    if (forGood) await rm(this.#folder, { recursive: true, force: true });
    register.forget(this.#number);
  }

  async #run(turn: Turn, attempt: TaskAttempt): Promise<number> {
    const { register, containerCommand, wallMs, logFolder } = this.#context;
    const { region, jobId, index, retry } = attempt;
    const log = new AttemptLog(join(logFolder, region, jobId, `${index}-${retry}.log`));
    try {
      const environmentOf = await this.#environment(attempt);
      if (turn.over) return 0;
      mkdirSync(join(this.#folder, 'tmp'), { recursive: true });
      this.#running = new LocalAttempt({
        folder: this.#folder,
        environmentOf,
        log,
        started: (pid) => register.started(this.#number, pid),
        wallMs,
        graceSeconds: STOP_GRACE_SECONDS,
      });
      turn.attempt = this.#running;
      return await turn.attempt.run(stepsOf(attempt.job, containerCommand));
    } catch (error) {
      log.line(`the attempt could not be run: ${error instanceof Error ? error.message : String(error)}`);
      this.#running?.kill();
      return EXIT_NOT_RUN;
    } finally {
      turn.attempt = null;
      this.#running = null;
      await log.close();
    }
  }

  /**
   * A clean one: nothing of the emulator's own but the path. The job may set what it likes, except for what says
   * which task this is and where its cloud is.
   */
  async #environment({ index, count, retry }: TaskAttempt) {
    const { register, storageEndpoint } = this.#context;
    const [endpoint, { host }] = await Promise.all([storageEndpoint, this.#server]);
    const base = {
      PATH: process.env.PATH ?? DEFAULT_PATH,
      HOME: this.#folder,
      TMPDIR: join(this.#folder, 'tmp'),
      LANG: 'C.UTF-8',
    };
    const given = {
      BATCH_TASK_INDEX: String(index),
      BATCH_TASK_COUNT: String(count),
      BATCH_TASK_RETRY_ATTEMPT: String(retry),
      // The first is what most clients know; Python's asks the second for a sign of life, gcloud the third.
      GCE_METADATA_HOST: host,
      GCE_METADATA_IP: host,
      GCE_METADATA_ROOT: host,
      FEPCAST_STORAGE_ENDPOINT: endpoint,
      [VM_MARK]: register.markOfVm(this.#number),
    };
    return (own: Record<string, string>): Record<string, string> => ({ ...base, ...own, ...given });
  }
}
