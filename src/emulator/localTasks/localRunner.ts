import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeDataFolder } from '../dataFolder.js';
import type { Faults } from '../faults.js';
import type { TaskAttempt, TaskRunner } from '../taskRunner.js';
import type { TokenStore } from '../tokens.js';
import { LocalVm, type LocalVmContext } from './localVm.js';
import { ProcessRegister } from './register.js';

export interface LocalRunnerOptions {
  /** Folders of the VMs, logs of the attempts and the register of processes lie here. */
  dataFolder: string;
  /** Stands in for the entrypoint of an image; null: this package's own, for fepcast's own jobs. */
  containerCommand: readonly string[] | null;
  /** Campaign seconds per wall second: for notices and time limits. Work takes as long as it takes. */
  speed: number;
  tokens: TokenStore;
  /** The seconds that `tokens` counts by. */
  now: () => number;
  /** Lifetime of the tasks' access tokens in these seconds; default one hour, as Google's. */
  tokenSeconds?: number;
  faults?: Pick<Faults, 'decide'>;
}

/** Source: https://docs.cloud.google.com/iam/docs/create-short-lived-credentials-direct */
const TOKEN_SECONDS = 3600;
/** Node takes a longer time for none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs each attempt as real processes of this machine. */
export class LocalRunner implements TaskRunner {
  readonly #context: LocalVmContext;
  readonly #vmFolder: string;
  readonly #vms = new Map<number, LocalVm>();
  /** Those that are no more, but whose attempts may still be ending. */
  readonly #leaving = new Map<LocalVm, Promise<void>>();
  readonly #tellEndpoint: (url: string) => void;
  #closed = false;

  private constructor(options: LocalRunnerOptions, register: ProcessRegister) {
    const { tokens, now, speed, containerCommand, tokenSeconds = TOKEN_SECONDS, faults = null } = options;
    // Tasks run in other folders.
    const dataFolder = resolve(options.dataFolder);
    let tellEndpoint: (url: string) => void = () => {};
    const storageEndpoint = new Promise<string>((tell) => {
      tellEndpoint = tell;
    });
    this.#tellEndpoint = tellEndpoint;
    this.#vmFolder = join(dataFolder, 'vms');
    makeDataFolder(this.#vmFolder);
    this.#context = {
      register,
      tokens,
      now,
      tokenSeconds,
      faults,
      storageEndpoint,
      containerCommand,
      wallMs: (seconds) => Math.min((seconds / speed) * 1000, LONGEST_TIMER_MS),
      logFolder: join(dataFolder, 'logs'),
    };
  }

  /** Stops first what an earlier emulator left running in the same data folder. */
  static async open(options: LocalRunnerOptions): Promise<LocalRunner> {
    const register = await ProcessRegister.open(join(resolve(options.dataFolder), 'processes'));
    return new LocalRunner(options, register);
  }

  /** Attempts wait until this is known. */
  setStorageEndpoint(url: string): void {
    this.#tellEndpoint(url);
  }

  start(attempt: TaskAttempt, ended: (exitCode: number) => void): void {
    // The World's last step may still start something: the next emulator finds that it does not run.
    if (!this.#closed) this.#vm(attempt).start(attempt, ended);
  }

  notice(vm: number): void {
    this.#vms.get(vm)?.notice();
  }

  stop(vm: number, graceSeconds: number): void {
    this.#vms.get(vm)?.stop(graceSeconds);
  }

  removeVm(vm: number): void {
    const local = this.#vms.get(vm);
    this.#vms.delete(vm);
    if (!local) {
      rmSync(this.#folderOf(vm), { recursive: true, force: true });
      return;
    }
    const gone = local.remove(true).finally(() => this.#leaving.delete(local));
    this.#leaving.set(local, gone);
  }

  keepOnly(vms: ReadonlySet<number>): void {
    for (const name of readdirSync(this.#vmFolder)) {
      if (!vms.has(Number(name))) rmSync(join(this.#vmFolder, name), { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#tellEndpoint('');
    const staying = [...this.#vms.values()];
    for (const vm of [...staying, ...this.#leaving.keys()]) vm.stop(0);
    // VMs outlive the emulator: what they hold is found again by the next one.
    await Promise.all([...staying.map((vm) => vm.remove(false)), ...this.#leaving.values()]);
    await this.#context.register.close();
  }

  #vm({ vm, identity }: TaskAttempt): LocalVm {
    const known = this.#vms.get(vm);
    if (known) return known;
    const local = new LocalVm(vm, identity, this.#folderOf(vm), this.#context);
    this.#vms.set(vm, local);
    return local;
  }

  #folderOf(vm: number): string {
    return join(this.#vmFolder, String(vm));
  }
}
