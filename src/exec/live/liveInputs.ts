import type { LiveStamp } from '../../plan/liveStamp.js';
import type { Region, Scenario } from '../../scenario/scenario.js';
import { type Known, known, reasonOf } from '../preflight/check.js';
import type { CapacityAdvice, ServicesPort } from '../preflight/servicesPort.js';
import { type LivePrices, readPrices } from './prices.js';
import { type LiveQuota, liveQuota } from './quota.js';

/** What Google tells today of a scenario's regions. */
export interface LiveInputs {
  stamp: LiveStamp;
  /** At most one for the quotas and one for the prices: where the scenario's own values stand. */
  warnings: string[];
}

/** How the answers are to be cited. */
const SOURCES = {
  quota: 'compute.googleapis.com, projects.get and regions.get',
  price: 'cloudbilling.googleapis.com, services/6F81-5844-456A/skus',
  advice: 'compute.googleapis.com, advice.capacity',
};

/**
 * Reads free quota, list prices and, where it is offered, advice on Spot capacity for the regions of a scenario.
 * What cannot be read is left to the scenario, with one warning for each kind. Throws only when the login does not
 * hold.
 */
export async function readLiveInputs(
  scenario: Scenario,
  from: { services: ServicesPort; project: string /** Seconds since the Unix epoch. */; at: number },
): Promise<LiveInputs> {
  const { services, project, at } = from;
  const regions = Object.keys(scenario.regions);
  const { type, accelerator, bootDisk } = scenario.machine;
  const [everywhere, prices, quotas, advice] = await Promise.all([
    known(services.projectQuotas()),
    known(readPrices(services, { type, regions, at })),
    Promise.all(regions.map((region) => known(services.regionQuotas(region)))),
    Promise.all(
      regions.map((region) =>
        known(services.capacityAdvice({ region, machineType: type, vms: vmsOf(scenario, region) })),
      ),
    ),
  ]);
  const lines = regions.map((region, i) => {
    const quota = quotas[i];
    const live: LiveQuota | null = quota?.ok
      ? liveQuota(quota.value, everywhere.ok ? everywhere.value : [], {
          accelerator,
          bootDiskType: bootDisk.type,
        })
      : null;
    return [region, { ...lineOf(live, prices, region), ...adviceOf(advice[i]) }] as const;
  });
  const unread = regions.filter((_, i) => !quotas[i]?.ok);
  const refusal = [everywhere, ...quotas].find((answer) => !answer.ok);
  return {
    stamp: {
      at: new Date(at * 1000).toISOString(),
      project,
      regions: Object.fromEntries(lines),
      sources: SOURCES,
    },
    warnings: [...quotaWarning(unread, regions, refusal), ...priceWarning(scenario, prices)],
  };
}

type Line = LiveStamp['regions'][string];

function lineOf(
  quota: LiveQuota | null,
  prices: Known<LivePrices>,
  region: string,
): Pick<Line, 'quota' | 'used' | 'price'> {
  const price = prices.ok ? prices.value.byRegion[region] : undefined;
  const known = price !== undefined && price.spotUsdPerHour !== null && price.onDemandUsdPerHour !== null;
  return {
    quota: quota?.free ?? null,
    used: quota?.used ?? null,
    price: known
      ? { spotUsdPerHour: price.spotUsdPerHour ?? 0, onDemandUsdPerHour: price.onDemandUsdPerHour ?? 0 }
      : null,
  };
}

function adviceOf(
  advice: Known<CapacityAdvice> | undefined,
): Pick<Line, 'obtainability' | 'estimatedUptimeSeconds'> {
  if (!advice?.ok) return { obtainability: null, estimatedUptimeSeconds: null };
  const { obtainability, estimatedUptimeSeconds } = advice.value;
  return { obtainability, estimatedUptimeSeconds };
}

/** How many VMs to ask advice for: what the scenario wants in the region, and at least one. */
function vmsOf({ decisions }: Scenario, region: string): number {
  return Math.max(1, decisions.parallelism[region] ?? 1);
}

function quotaWarning(unread: string[], regions: string[], refusal: Known<unknown> | undefined): string[] {
  if (refusal === undefined || refusal.ok) return [];
  const where = unread.length === regions.length ? 'all regions' : unread.join(', ');
  const kept =
    unread.length === 0
      ? 'the quotas over all regions are not counted'
      : `the scenario's quotas stand for ${where}`;
  return [`quotas could not be read (${reasonOf(refusal.error)}); ${kept}`];
}

function priceWarning(scenario: Scenario, prices: Known<LivePrices>): string[] {
  if (!prices.ok)
    return [`list prices could not be read (${reasonOf(prices.error)}); the scenario's prices stand`];
  const lacking = Object.entries(prices.value.byRegion)
    .filter(([, price]) => price.spotUsdPerHour === null || price.onDemandUsdPerHour === null)
    .map(([region]) => region);
  if (lacking.length === 0) return [];
  return [
    `the catalog has no clear price of ${scenario.machine.type} in ${lacking.join(', ')}; the scenario's prices stand there`,
  ];
}

/** The scenario with what is known to be so today in place of what it assumed. */
export function withLiveInputs(scenario: Scenario, { regions: lines, at }: LiveStamp): Scenario {
  const regions = Object.entries(scenario.regions).map(([name, region]): [string, Region] => {
    const line = lines[name];
    const quota = line?.quota ?? region.quota;
    const price = line?.price ? { ...region.price, ...line.price, date: at.slice(0, 10) } : region.price;
    return [name, { ...region, quota, price }];
  });
  return { ...scenario, regions: Object.fromEntries(regions) };
}
