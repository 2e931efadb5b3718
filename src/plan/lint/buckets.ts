import { homeOf, stateUri } from '../homes.js';
import { BATCH_REGIONS, SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import type { PlanFile } from '../planFile.js';
import { type Rule, usedRegions } from './finding.js';

type Role = 'scratchBucket' | 'resultsBucket';
const ROLES: readonly Role[] = ['scratchBucket', 'resultsBucket'];

interface NamedBucket {
  region: string;
  role: Role;
  bucket: string;
  path: string;
}

/** The buckets of the regions that have shards, as named or by default. */
function bucketsOf(plan: PlanFile): NamedBucket[] {
  return usedRegions(plan).flatMap((region) => {
    const home = homeOf({ ...plan, buckets: 'perRegion' }, region);
    return ROLES.map((role) => ({
      region,
      role,
      bucket: home[role],
      path: `cloud.regions.${region}.${role}`,
    }));
  });
}

const BUCKET = /^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$|^(?=.{3,222}$)[a-z0-9][a-z0-9_.-]*[a-z0-9]$/;

export const bucketForm: Rule = (plan) => {
  if (plan.cloud === null) return [];
  const state = {
    bucket:
      stateUri(plan)
        .replace(/^gs:\/\//, '')
        .split('/')[0] ?? '',
    path: 'cloud.state',
  };
  return [...bucketsOf(plan), state].flatMap(({ bucket, path }): Finding[] => {
    if (BUCKET.test(bucket) && !/^goog|google/.test(bucket)) return [];
    const message =
      'A bucket has 3 to 63 lower-case letters, digits, "-", "_" and ".", and no "google" in it: correct the name.';
    const common = { rule: 'bucket-form', severity: 'error' as const, path, source: SOURCES.buckets };
    return [{ ...common, message, found: bucket, limit: BUCKET.source }];
  });
};

/** Regions that a bucket's name tells of. */
function regionsInName(bucket: string): string[] {
  return [...BATCH_REGIONS].filter((region) => new RegExp(`(?:^|[^a-z])${region}(?![0-9])`).test(bucket));
}

/** Traffic to another region is what makes storage dear. */
export const bucketRegion: Rule = (plan) => {
  if (plan.buckets === 'one') return [];
  return bucketsOf(plan).flatMap(({ region, bucket, path }): Finding[] => {
    const places = regionsInName(bucket);
    const [place] = places;
    if (place === undefined || places.includes(region)) return [];
    const usd = plan.scenario.resolved.prices.crossRegionUsdPerGb;
    const message = `By its name ${bucket} lies in ${place}, and tasks in ${region} would pay about ${usd} USD for each GB that they move: use a bucket in ${region}.`;
    const common = { rule: 'bucket-region', severity: 'warning' as const, path };
    return [{ ...common, message, found: place, limit: region, source: SOURCES.storagePricing }];
  });
};

/** Scratch is deleted by age and has no soft delete: nothing may lie there that a campaign is run for. */
export const bucketRoles: Rule = (plan) => {
  if (plan.cloud === null) return [];
  const buckets = bucketsOf(plan);
  const scratch = new Set(buckets.filter(({ role }) => role === 'scratchBucket').map(({ bucket }) => bucket));
  const state =
    stateUri(plan)
      .replace(/^gs:\/\//, '')
      .split('/')[0] ?? '';
  const shared = buckets.filter(({ role, bucket }) => role === 'resultsBucket' && scratch.has(bucket));
  const findings: Finding[] = shared.map(({ bucket, path }) => ({
    rule: 'results-in-scratch',
    severity: 'error',
    path,
    message: `${bucket} is a scratch bucket, too, whose objects are deleted by age and without soft delete: give the results a bucket of their own.`,
    found: bucket,
    limit: 'another bucket',
    source: SOURCES.lifecycle,
  }));
  if (!scratch.has(state)) return findings;
  const message = `The run's record would lie in the scratch bucket ${state}, whose objects are deleted by age: keep it in a results bucket or in one of its own.`;
  return [
    ...findings,
    {
      rule: 'state-in-scratch',
      severity: 'error',
      path: 'cloud.state',
      message,
      found: state,
      limit: 'another bucket',
      source: SOURCES.lifecycle,
    },
  ];
};
