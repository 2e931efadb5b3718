import { createHash } from 'node:crypto';
import { type CloudPort, PortError } from '../../src/exec/port.js';

/** The process has been killed: nothing that it does takes effect any more. */
export class Killed extends Error {}

/** How often a call goes wrong, and at which call the process dies. */
export interface Misfortune {
  seed: string;
  /** Share of calls that fail, lose their answer or reach the service twice. */
  faults: number;
  /** Dies at this call, before or after it has taken effect; null: never. */
  dieAt: number | null;
}

/** Uniform in [0, 1), the same for the same words. */
export function chance(...words: (string | number)[]): number {
  return createHash('sha256').update(words.join('\n')).digest().readUInt32BE(0) / 2 ** 32;
}

/** The ports of a process that things happen to: drawn by seed, method and number of the call. */
export class FaultyCloud {
  calls = 0;
  dead = false;
  readonly cloud: CloudPort;
  readonly #misfortune: Misfortune;
  readonly #perMethod = new Map<string, number>();

  constructor(inner: CloudPort, misfortune: Misfortune) {
    this.#misfortune = misfortune;
    const { batch, storage } = inner;
    const wrap = <A extends unknown[], R>(method: string, call: (...args: A) => Promise<R>) => {
      return (...args: A): Promise<R> => this.#call(method, () => call(...args));
    };
    this.cloud = {
      batch: {
        createJob: wrap('createJob', (request) => batch.createJob(request)),
        getJob: wrap('getJob', (region, jobId) => batch.getJob(region, jobId)),
        listTasks: wrap('listTasks', (region, jobId, token) => batch.listTasks(region, jobId, token)),
        cancelJob: wrap('cancelJob', (region, jobId, id) => batch.cancelJob(region, jobId, id)),
        listJobs: wrap('listJobs', (region, label, token) => batch.listJobs(region, label, token)),
        close: () => batch.close(),
      },
      storage: {
        stat: wrap('stat', (object) => storage.stat(object)),
        read: wrap('read', (object, options) => storage.read(object, options)),
        write: wrap('write', (request) => storage.write(request)),
        copy: wrap('copy', (request) => storage.copy(request)),
        list: wrap('list', (request) => storage.list(request)),
        remove: wrap('remove', (object) => storage.remove(object)),
        bucketInfo: wrap('bucketInfo', (bucket) => storage.bucketInfo(bucket)),
        testPermissions: wrap('testPermissions', (bucket, wanted) => storage.testPermissions(bucket, wanted)),
      },
    };
  }

  async #call<R>(method: string, call: () => Promise<R>): Promise<R> {
    if (this.dead) throw new Killed();
    const { seed, faults, dieAt } = this.#misfortune;
    const number = (this.#perMethod.get(method) ?? 0) + 1;
    this.#perMethod.set(method, number);
    this.calls += 1;
    if (this.calls === dieAt) {
      this.dead = true;
      if (chance(seed, 'death', method, number) < 0.5) await call().catch(() => undefined);
      throw new Killed();
    }
    const luck = chance(seed, method, number) / faults;
    const lost = new PortError('RETRYABLE', `${method} ${number}: no answer (seed ${seed})`);
    if (luck < 1 / 3) throw lost;
    if (luck < 2 / 3) {
      await call().catch(() => undefined);
      throw lost;
    }
    // The request reaches the service twice.
    if (luck < 1) await call().catch(() => undefined);
    return call();
  }
}
