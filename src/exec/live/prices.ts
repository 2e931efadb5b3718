import { machineShape } from '../../scenario/machines.js';
import type { ServicesPort, Sku } from '../preflight/servicesPort.js';

/** List prices of one machine, USD per VM-hour; null: the catalog has no clear answer. */
export interface ListPrice {
  spotUsdPerHour: number | null;
  onDemandUsdPerHour: number | null;
}

export interface LivePrices {
  /** Seconds since the Unix epoch. */
  at: number;
  byRegion: Record<string, ListPrice>;
}

/** One of the three lines that make the price of a G2 machine. */
interface Line {
  pattern: RegExp;
  spot: boolean;
  part: 'core' | 'memory' | 'gpu';
  unit: 'h' | 'GiBy.h';
}

/**
 * The catalog's words, whole: everything that only resembles them (Flex-start "DWS" lines, which are OnDemand by their
 * usage type, reservations, commitments, Custom, Sole Tenancy, Virtual Workstation, L40S) does not match. The text
 * after "in" is not looked at: "Americas" is one line for several regions.
 */
const LINES: readonly Line[] = [
  { pattern: /^G2 Instance Core running in /, spot: false, part: 'core', unit: 'h' },
  { pattern: /^G2 Instance Ram running in /, spot: false, part: 'memory', unit: 'GiBy.h' },
  { pattern: /^Nvidia L4 GPU running in /, spot: false, part: 'gpu', unit: 'h' },
  { pattern: /^Spot Preemptible G2 Instance Core running in /, spot: true, part: 'core', unit: 'h' },
  { pattern: /^Spot Preemptible G2 Instance Ram running in /, spot: true, part: 'memory', unit: 'GiBy.h' },
  {
    pattern: /^Nvidia L4 GPU attached to Spot Preemptible VMs running in /,
    spot: true,
    part: 'gpu',
    unit: 'h',
  },
];

/**
 * Today's list prices of a G2 machine in the regions. Other machines are priced in other ways and have none here.
 * Throws ServiceErrors.
 */
export async function readPrices(
  services: Pick<ServicesPort, 'skus'>,
  machine: { type: string; regions: readonly string[]; at: number },
): Promise<LivePrices> {
  const { type, regions, at } = machine;
  const wanted = new Set(regions);
  const skus = type.startsWith('g2-')
    ? await services.skus((sku) => lineOf(sku) !== null && sku.regions.some((region) => wanted.has(region)))
    : [];
  return { at, byRegion: Object.fromEntries(regions.map((region) => [region, priceOf(skus, type, region)])) };
}

function lineOf(sku: Sku): Line | null {
  return LINES.find(({ pattern, unit }) => sku.unit === unit && pattern.test(sku.description)) ?? null;
}

function priceOf(skus: readonly Sku[], type: string, region: string): ListPrice {
  const here = skus.filter(({ regions }) => regions.includes(region));
  return { spotUsdPerHour: sumOf(here, type, true), onDemandUsdPerHour: sumOf(here, type, false) };
}

/** Null unless each part has exactly one price. */
function sumOf(skus: readonly Sku[], type: string, spot: boolean): number | null {
  const { vcpus, memoryMib, gpus } = machineShape(type);
  const amounts = { core: vcpus, memory: memoryMib / 1024, gpu: gpus };
  let sum = 0;
  for (const line of LINES) {
    if (line.spot !== spot) continue;
    const prices = new Set(skus.filter((sku) => lineOf(sku) === line).map(({ usdPerUnit }) => usdPerUnit));
    const [price] = prices;
    if (price === undefined || prices.size > 1) return null;
    sum += amounts[line.part] * price;
  }
  return sum;
}
