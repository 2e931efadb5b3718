import type { Scenario } from '../../scenario/scenario.js';
import type { Answering } from '../answering.js';
import type { Faults } from '../faults.js';
import type { TokenStore } from '../tokens.js';
import type { Refuses, StorageAuth } from './access.js';
import { DiskVault } from './diskVault.js';
import { MemoryVault } from './memoryVault.js';
import { RequestLimits, type WriteArrival } from './requestLimits.js';
import { StorageServer } from './storageServer.js';
import { Store } from './store.js';

export interface BucketToBe {
  name: string;
  /** A region, or US, EU and so on. */
  location: string;
  /** Anything else of the bucket's resource. */
  [field: string]: unknown;
}

export interface StorageOptions {
  /** Where objects are kept; default: in memory. */
  storage?: { folder: string } | 'memory';
  /** Made at the start unless they are there. */
  buckets?: readonly BucketToBe[];
  /** Whether buckets and object names refuse what comes too fast; default: they do. */
  storageLimits?: boolean;
  /** `required`: a token that the metadata server has issued and that has not expired. Default: nobody is asked. */
  storageAuth?: 'required' | 'none';
  /** With `required`: what an account may do; absent: everything. */
  storageAllows?: NonNullable<StorageAuth['allows']>;
  /** What nobody may do; absent: nothing is refused to everyone. */
  storageRefuses?: Refuses;
  /** Hears of every write request that a bucket's limit has seen. */
  onStorageWrite?: (arrival: WriteArrival) => void;
}

/** What Cloud Storage takes from the emulator that it is part of. */
export interface StorageSurroundings {
  settings: Scenario['bucket'];
  /** Seconds since the Unix epoch at campaign second 0. */
  epochSeconds: () => number;
  /** Campaign seconds; null: time has not begun. */
  campaignNow: () => number | null;
  answering: Answering;
  tokens: TokenStore;
  faults?: Faults;
}

export interface Storage {
  server: StorageServer;
  store: Store;
  close(): void;
}

/** Opens the emulator's Cloud Storage. Throws an InputError when the folder is in use, or holds something else. */
export async function openStorage(options: StorageOptions, around: StorageSurroundings): Promise<Storage> {
  const { storage = 'memory', buckets = [], storageLimits = true } = options;
  const { epochSeconds, campaignNow, settings, answering, tokens, faults } = around;
  const vault = storage === 'memory' ? new MemoryVault() : new DiskVault(storage.folder);
  try {
    const store = new Store(vault, () => (epochSeconds() + (campaignNow() ?? 0)) * 1000);
    const server = new StorageServer({
      store,
      answering,
      ...(storageLimits ? { limits: new RequestLimits(settings, campaignNow, options.onStorageWrite) } : {}),
      ...(options.storageAuth === 'required' ? { auth: { tokens, ...allowed(options) } } : {}),
      ...(options.storageRefuses ? { refuses: options.storageRefuses } : {}),
      ...(faults ? { faults } : {}),
    });
    for (const { name, ...resource } of buckets) {
      if (!store.catalogue.buckets.has(name)) await server.buckets.insert(name, resource);
    }
    return { server, store, close: () => vault.close() };
  } catch (error) {
    vault.close();
    throw error;
  }
}

function allowed({ storageAllows }: StorageOptions): Pick<StorageAuth, 'allows'> {
  return storageAllows ? { allows: storageAllows } : {};
}
