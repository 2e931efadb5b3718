import type { Plan } from './plan.js';

/**
 * Zones with G2 machines (L4), by the last letter of their name. Source:
 * https://github.com/skypilot-org/skypilot-catalog (catalogs/v9/gcp/vms.csv, July 2026); its regions are those of
 * L4_REGIONS.
 */
const L4_ZONES: Readonly<Record<string, string>> = {
  'asia-east1': 'abc',
  'asia-northeast1': 'abc',
  'asia-northeast3': 'ab',
  'asia-south1': 'abc',
  'asia-southeast1': 'abc',
  'europe-west1': 'bc',
  'europe-west2': 'ab',
  'europe-west3': 'ab',
  'europe-west4': 'abc',
  'europe-west6': 'bc',
  'me-central2': 'ac',
  'northamerica-northeast1': 'bc',
  'northamerica-northeast2': 'ab',
  'us-central1': 'abc',
  'us-east1': 'bcd',
  'us-east4': 'ac',
  'us-west1': 'abc',
  'us-west4': 'ac',
};

/** The zones of a region that have the machine; null where fepcast has no list of them. */
export function knownZones(machineType: string, region: string): string[] | null {
  const letters = machineType.startsWith('g2-') ? L4_ZONES[region] : undefined;
  return letters === undefined ? null : [...letters].map((letter) => `${region}-${letter}`);
}

type Placed = Pick<Plan, 'cloud' | 'machine'> & {
  scenario: { resolved: Pick<Plan['scenario']['resolved'], 'regions'> };
};

/**
 * The zones that a job of the region names: those to use less those to avoid. null: it names the region, because no
 * zone is to be avoided and none is preferred. Batch itself has no way to exclude a zone, so that the others must be
 * known; where they are not, the region is named too, and the linter refuses the plan.
 */
export function zonesOfJob(plan: Placed, region: string): string[] | null {
  const { zones = null, avoidZones = [] } = plan.cloud?.regions[region] ?? {};
  const preferred = zones ?? plan.scenario.resolved.regions[region]?.zones ?? [];
  if (preferred.length === 0 && avoidZones.length === 0) return null;
  const all = preferred.length > 0 ? preferred : knownZones(plan.machine.type, region);
  const left = all?.filter((zone) => !avoidZones.includes(zone)) ?? [];
  return left.length > 0 ? left : null;
}
