import { isMap } from './paths.js';

/**
 * Hours that local time is ahead of UTC in the regions that offer L4: standard time at the place that Google names
 * (https://docs.cloud.google.com/compute/docs/regions-zones). Daylight saving is left out: an hour is little beside
 * what is not known of the time-of-day factor.
 */
const UTC_OFFSETS: Readonly<Record<string, number>> = {
  'asia-east1': 8,
  'asia-northeast1': 9,
  'asia-northeast3': 9,
  'asia-south1': 5.5,
  'asia-southeast1': 8,
  'europe-west1': 1,
  'europe-west2': 0,
  'europe-west3': 1,
  'europe-west4': 1,
  'europe-west6': 1,
  'me-central2': 3,
  'northamerica-northeast1': -5,
  'northamerica-northeast2': -5,
  'us-central1': -6,
  'us-east1': -5,
  'us-east4': -5,
  'us-west1': -8,
  'us-west4': -8,
};

/** YAML in which the offsets that are not given are those of the regions, where they are known. */
export function fillUtcOffsets(yaml: Record<string, unknown>): Record<string, unknown> {
  const { regions } = yaml;
  if (!isMap(regions)) return yaml;
  const filled = Object.entries(regions).map(([name, region]) => {
    const known = Object.hasOwn(UTC_OFFSETS, name) ? UTC_OFFSETS[name] : undefined;
    const given = isMap(region) && (region.utcOffset !== undefined || region.utcOffsetHours !== undefined);
    return [
      name,
      known === undefined || given || !isMap(region) ? region : { ...region, utcOffsetHours: known },
    ];
  });
  return { ...yaml, regions: Object.fromEntries(filled) };
}
