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
  /** Bytes of checkpoints that were overwritten, and of transfers to and from a bucket in another region. */
  overwrittenBytes: number;
  crossRegionBytes: number;
}

/** The storage parts of the bill in USD. Soft delete keeps what is overwritten for its days, at the storage price. */
export function storageCost(
  prices: Scenario['prices'],
  use: StorageUse,
): Record<'storageOperations' | 'storedBytes' | 'softDelete' | 'crossRegion', number> {
  const usdPerByteSecond = prices.storageUsdPerGbMonth / PRICED_GB / (HOURS_PER_MONTH * 3600);
  return {
    storageOperations: (use.writes * prices.writesUsdPer1000 + use.reads * prices.readsUsdPer1000) / 1000,
    storedBytes: use.byteSeconds * usdPerByteSecond,
    softDelete: use.overwrittenBytes * prices.softDeleteDays * 86_400 * usdPerByteSecond,
    crossRegion: (use.crossRegionBytes / PRICED_GB) * prices.crossRegionUsdPerGb,
  };
}
