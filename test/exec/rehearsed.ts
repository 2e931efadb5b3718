import { randomUUID } from 'node:crypto';
import type { AuthClient } from 'google-auth-library';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { type FaultSettings, NO_FAULTS } from '../../src/emulator/faultFile.js';
import { readBucketLedger } from '../../src/exec/bucketLedger.js';
import { emulatorClock } from '../../src/exec/clock.js';
import { connectPorts, standInsOf } from '../../src/exec/connection.js';
import { type ExecuteOptions, execute } from '../../src/exec/executor.js';
import { connectEmulatorStorage } from '../../src/exec/googleStorage.js';
import { bucketInventory } from '../../src/exec/inventory.js';
import type { LedgerEntry } from '../../src/exec/ledger.js';
import type { CloudPort } from '../../src/exec/port.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import { openRunRecord } from '../../src/exec/runRecord.js';
import { runObject } from '../../src/exec/statePlace.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Clock } from '../../src/plan/clock.js';
import { homeOf } from '../../src/plan/homes.js';
import type { Plan } from '../../src/plan/plan.js';
import { STATE, someHolder } from './inMemory.js';

export const RUN = 'fc-rehearsed';
export const PROJECT = 'p';

/** Calls of the real clients, counted by method. */
export type Calls = Map<string, number>;

/** A whole emulator in this process, and the executor on it through the real clients. */
export class Rehearsed {
  readonly calls: Calls = new Map();
  readonly #plan: Plan;
  readonly #emulator: Emulator;
  readonly #cloud: CloudPort;
  readonly clock: Clock;

  private constructor(plan: Plan, emulator: Emulator, cloud: CloudPort) {
    this.#plan = plan;
    this.#emulator = emulator;
    this.#cloud = counted(cloud, this.calls);
    this.clock = emulatorClock(emulator);
  }

  static async begin(
    plan: Plan,
    options: {
      speed?: number;
      faults?: Partial<FaultSettings>;
      seed?: string;
      /** Cloud Storage asks for it. */
      login?: AuthClient;
    } = {},
  ): Promise<Rehearsed> {
    const { speed = 6000, faults = {}, seed = 'rehearsed', login } = options;
    const regions = [...new Set(plan.shards.map(({ region }) => region))];
    const homes = regions.flatMap((region) => {
      const { scratchBucket, resultsBucket } = homeOf(plan, region);
      return [scratchBucket, resultsBucket].map((name) => ({ name, location: region }));
    });
    const emulator = await startEmulator({
      scenario: plan.scenario.resolved,
      seed,
      speed,
      faults: { ...NO_FAULTS, ...faults },
      storageAuth: login === undefined ? 'none' : 'required',
      buckets: [{ name: STATE.bucket, location: 'us-central1' }, ...homes],
    });
    const ports = await connectPorts({ ...emulator, pid: process.pid }, PROJECT);
    if (login === undefined) return new Rehearsed(plan, emulator, ports);
    const { httpPort } = emulator;
    const storage = await connectEmulatorStorage({ httpPort, project: PROJECT, authClient: login });
    return new Rehearsed(plan, emulator, { batch: ports.batch, storage });
  }

  get cloud(): CloudPort {
    return this.#cloud;
  }

  /** One process that works on the run, to its end or until it is told to stop. */
  async run(change: Partial<ExecuteOptions> & { plan?: Plan } = {}): Promise<ExecSummary> {
    const { plan = this.#plan, ...options } = change;
    const { clock } = this;
    const cloud = options.cloud ?? this.#cloud;
    const random = Math.random;
    const newId = (): string => randomUUID();
    const storage = retryingStorage(cloud.storage, { clock, random, newId });
    let looks = 0;
    const record = await openRunRecord({
      storage,
      state: STATE,
      runId: RUN,
      plan,
      holder: someHolder(),
      clock,
      random,
      wallNow: () => Date.now() / 1000,
      takeOver: true,
    });
    const inputOf = standInsOf(plan);
    try {
      return await execute({
        record,
        project: PROJECT,
        clock,
        source: 'rehearse',
        random,
        newId,
        inventory: bucketInventory(storage, plan, inputOf),
        inputOf,
        // Nothing waits for the wall clock.
        wallSeconds: () => {
          looks += 60;
          return looks;
        },
        ...options,
        cloud,
      });
    } finally {
      await record.close();
    }
  }

  ledger(): Promise<LedgerEntry[]> {
    return readBucketLedger(this.#cloud.storage, runObject(STATE, RUN, 'ledger/'));
  }

  /** A token that the emulator takes for so many campaign seconds. */
  async token(seconds: number): Promise<string> {
    const url = `http://127.0.0.1:${this.#emulator.httpPort}/emulator/v1/token`;
    const body = JSON.stringify({ seconds });
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  async order(faults: unknown): Promise<void> {
    const url = `http://127.0.0.1:${this.#emulator.httpPort}/emulator/v1/faults`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async stop(): Promise<void> {
    await this.#cloud.batch.close();
    await this.#emulator.stop();
  }
}

function counted(cloud: CloudPort, calls: Calls): CloudPort {
  const count = <T extends object>(port: T, name: string): T =>
    new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const method = `${name}.${String(key)}`;
          calls.set(method, (calls.get(method) ?? 0) + 1);
          return Reflect.apply(value, target, args);
        };
      },
    });
  return { batch: count(cloud.batch, 'batch'), storage: count(cloud.storage, 'storage') };
}
