import { readBucketLedger } from '../../src/exec/bucketLedger.js';
import { type ExecuteOptions, execute } from '../../src/exec/executor.js';
import type { Holder } from '../../src/exec/holder.js';
import type { Inventory } from '../../src/exec/inventory.js';
import type { LedgerEntry } from '../../src/exec/ledger.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import { openRunRecord, type RunRecord } from '../../src/exec/runRecord.js';
import type { StatePlace } from '../../src/exec/statePlace.js';
import { runObject } from '../../src/exec/statePlace.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Plan } from '../../src/plan/plan.js';
import { tasksOf } from '../../src/plan/taskRanges.js';
import type { FakeBatch, FakeClock } from './fakeBatch.js';
import type { MemoryStorage } from './memoryStorage.js';

export const STATE: StatePlace = { bucket: 'fepcast-state', prefix: '' };

export type RunChange = Partial<ExecuteOptions> & {
  spoil?: (record: RunRecord) => void;
  /** The process does not give its lease back: it was killed. */
  killed?: boolean;
  takeOver?: boolean;
  holder?: Partial<Holder>;
};

let processes = 0;

/** A process of its own kind: nothing tells others that it has ended. */
export function someHolder(change: Partial<Holder> = {}): Holder {
  processes += 1;
  return {
    id: `holder-${processes}`,
    host: 'test',
    user: 'anna',
    pid: processes,
    startTicks: null,
    processSpace: null,
    ...change,
  };
}

/** Opens the run as one process would, works on it, and lets it go. */
export async function runInMemory(
  plan: Plan,
  world: { batch: FakeBatch; storage: MemoryStorage; clock: FakeClock; runId: string },
  change: RunChange = {},
): Promise<ExecSummary> {
  const { batch, storage, clock, runId } = world;
  const { spoil, killed = false, takeOver = false, holder, ...options } = change;
  let ids = 0;
  const self = someHolder(holder);
  const newId = (): string => {
    ids += 1;
    return `${self.id}-${ids}`;
  };
  const cloud = options.cloud ?? { batch, storage };
  const random = (): number => 0.5;
  const record = await openRunRecord({
    storage: retryingStorage(cloud.storage, { clock, random, newId }),
    state: STATE,
    runId,
    plan,
    holder: self,
    clock,
    random,
    wallNow: () => clock.seconds,
    takeOver,
    signal: options.signal,
  });
  spoil?.(record);
  try {
    return await execute({
      record,
      project: 'p',
      clock,
      source: 'rehearse',
      random,
      newId,
      inventory: resultsOf(batch),
      inputOf: () => null,
      wallSeconds: () => clock.seconds,
      ...options,
      cloud,
    });
  } finally {
    if (!killed) await record.close();
  }
}

/** Every task that a job of the fake has run to its end has left a result, at that moment. */
export function resultsOf(batch: FakeBatch): Inventory {
  return {
    complete: async (ranges) => {
      const there = batch.succeeded();
      return [...tasksOf(ranges)].filter((task) => there.has(task));
    },
    resultOf: (task) => ({ bucket: 'results', name: `tasks/${task}/result.json` }),
  };
}

export function ledgerOf(storage: MemoryStorage, runId: string): Promise<LedgerEntry[]> {
  return readBucketLedger(storage, runObject(STATE, runId, 'ledger/'));
}
