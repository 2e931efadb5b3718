import { type ExecuteOptions, execute } from '../../src/exec/executor.js';
import type { Holder } from '../../src/exec/holder.js';
import { bucketInventory, type Inventory } from '../../src/exec/inventory.js';
import { type LedgerState, replay } from '../../src/exec/ledger.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import { openRunRecord } from '../../src/exec/runRecord.js';
import type { StoragePort } from '../../src/exec/storagePort.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import type { Plan } from '../../src/plan/plan.js';
import type { InputOf } from '../../src/plan/taskIndex.js';
import { EPOCH, PROJECT, STATE } from './virtualCloud.js';
import { chance, type VirtualProcess } from './virtualProcess.js';
import type { VirtualTime } from './virtualTime.js';

export interface Operation {
  plan: Plan;
  runId: string;
  process: VirtualProcess;
  time: VirtualTime;
  /** Unique to the process. */
  name: string;
  takeOver?: boolean;
  canary?: boolean;
  /** Default: the tasks have no inputs. */
  inputOf?: InputOf;
  /** What the command asks of the run that it has in hand. */
  wishFor?: (run: {
    ledger: LedgerState;
    storage: StoragePort;
    inventory: Inventory;
  }) => Promise<ExecuteOptions['wish']>;
}

/** One process that does what `carryOut` does: takes the run up where its record says it is, and follows it. */
export async function operate(operation: Operation): Promise<ExecSummary> {
  const { plan, runId, process, time, name, wishFor } = operation;
  const { takeOver = false, canary = false, inputOf = () => null } = operation;
  const { cloud, clock } = process;
  let numbers = 0;
  const counted = (): number => {
    numbers += 1;
    return numbers;
  };
  const random = (): number => chance(name, 'random', counted());
  const newId = (): string => `${name}-${counted()}`;
  const wallSeconds = (): number => EPOCH + time.seconds;
  const storage = retryingStorage(cloud.storage, { clock, random, newId });
  const record = await openRunRecord({
    storage,
    state: STATE,
    runId,
    plan,
    holder: holderOf(name),
    clock,
    random,
    wallNow: wallSeconds,
    takeOver,
  });
  try {
    const inventory = bucketInventory(storage, plan, inputOf);
    const wish = await wishFor?.({ ledger: replay(record.entries), storage, inventory });
    return await execute({
      record,
      project: PROJECT,
      cloud,
      clock,
      source: 'rehearse',
      random,
      newId,
      inventory,
      inputOf,
      wallSeconds,
      ...(canary ? { canary: 'virtual' } : {}),
      ...(wish ? { wish } : {}),
    });
  } finally {
    await record.close().catch(() => undefined);
  }
}

/** Lives where nobody can look whether it has ended: only its lease tells. */
function holderOf(name: string): Holder {
  return { id: name, host: 'elsewhere', user: 'anna', pid: 1, startTicks: null, processSpace: null };
}
