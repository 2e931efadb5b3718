import type { Scenario } from '../scenario/scenario.js';

/** Hours in the month that disk and storage prices mean. */
export const HOURS_PER_MONTH = 730;
/** Bytes that storage prices call a GB: a GiB. Source: cloud.google.com/storage/pricing. */
const PRICED_GB = 2 ** 30;

/** What a campaign asks of Cloud Storage and keeps there. Refused requests are not billed. */
export interface StorageUse {
  /** Class A operations (uploads) and Class B operations (downloads). */
  writes: number;
  reads: number;
  byteSeconds: number;
}

/** The two storage parts of the bill in USD. */
export function storageCost(
  prices: Scenario['prices'],
  use: StorageUse,
): { storageOperations: number; storedBytes: number } {
  return {
    storageOperations: (use.writes * prices.writesUsdPer1000 + use.reads * prices.readsUsdPer1000) / 1000,
    storedBytes: (use.byteSeconds / PRICED_GB / (HOURS_PER_MONTH * 3600)) * prices.storageUsdPerGbMonth,
  };
}
