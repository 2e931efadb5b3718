import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceJsonFile } from '../replaceFile.js';
import { startGuard } from './guard.js';
import { killAllWith, markOf, type ProcessMark, sendSignal, surelyRuns } from './procfs.js';

/** In the environment of all that runs on a VM: tells its processes from all others on the machine. */
export const VM_MARK = 'FEPCAST_EMULATOR_VM';

interface VmProcesses {
  mark: string;
  leaders: ProcessMark[];
}

/**
 * Which processes belong to which VM, on disk before they can do anything: an emulator that was killed leaves
 * processes behind, and the next one must find and stop them, and nobody else's.
 */
export class ProcessRegister {
  readonly #folder: string;
  readonly #vms = new Map<number, VmProcesses>();
  /** Of this emulator: what all marks of its VMs begin with. */
  readonly #mark = randomUUID();
  readonly #endGuard = startGuard(`${VM_MARK}=${this.#mark}`);

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Stops what an earlier emulator left running. */
  static async open(folder: string): Promise<ProcessRegister> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const { mark, leaders } = readVm(path);
      for (const leader of leaders) if (surelyRuns(leader)) sendSignal(-leader.pid, 'SIGKILL');
      if (mark !== '') await killAllWith(`${VM_MARK}=${mark}`);
      rmSync(path, { force: true });
    }
    return new ProcessRegister(folder);
  }

  /** The mark of the VM's processes; it is on disk when this returns. */
  markOfVm(vm: number): string {
    const known = this.#vms.get(vm);
    if (known) return known.mark;
    const entry = { mark: `${this.#mark}.${vm}.`, leaders: [] };
    this.#vms.set(vm, entry);
    this.#write(vm, entry);
    return entry.mark;
  }

  /** A process of the VM has been started; it leads a group of its own. */
  started(vm: number, pid: number): void {
    const entry = this.#vms.get(vm);
    if (!entry) return;
    entry.leaders = [...entry.leaders.filter(surelyRuns), markOf(pid)];
    this.#write(vm, entry);
  }

  /** Kills whatever still runs on the VM. */
  async killAll(vm: number): Promise<void> {
    const entry = this.#vms.get(vm);
    if (entry) await killAllWith(`${VM_MARK}=${entry.mark}`);
  }

  /** Nothing runs on the VM any more. */
  forget(vm: number): void {
    if (this.#vms.delete(vm)) rmSync(this.#pathOf(vm), { force: true });
  }

  /** Nothing is to be started any more. */
  async close(): Promise<void> {
    await this.#endGuard();
  }

  #write(vm: number, entry: VmProcesses): void {
    replaceJsonFile(this.#pathOf(vm), entry);
  }

  #pathOf(vm: number): string {
    return join(this.#folder, `${vm}.json`);
  }
}

/** A file that was being replaced when the emulator was killed has its old content; anything else names nobody. */
function readVm(path: string): VmProcesses {
  try {
    const { mark, leaders } = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof mark === 'string' && Array.isArray(leaders)) return { mark, leaders };
  } catch {
    // Torn or foreign.
  }
  return { mark: '', leaders: [] };
}
