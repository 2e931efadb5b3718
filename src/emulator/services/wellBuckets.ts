import { homeOf, stateUri } from '../../plan/homes.js';
import { makePlan } from '../../plan/makePlan.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { BucketToBe } from '../gcs/storage.js';
import type { ProjectTrouble } from './project.js';

/** Checkpoints are deleted by age; longer than any campaign with a pause. */
const SCRATCH_DAYS = 30;

/**
 * The buckets of a project in which all is well: for each region a scratch bucket without soft delete and a results
 * bucket with it, and one for ledgers. What is wrong with the project is laid over them; null leaves a bucket out.
 */
export function wellBuckets(scenario: Scenario, { buckets }: Pick<ProjectTrouble, 'buckets'>): BucketToBe[] {
  const plan = makePlan(scenario);
  const regions = [...new Set(plan.shards.map(({ region }) => region))];
  const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
  const all = new Map<string, BucketToBe>();
  const add = (bucket: BucketToBe): void => {
    if (!all.has(bucket.name)) all.set(bucket.name, bucket);
  };
  for (const region of regions) {
    const { scratchBucket, resultsBucket } = homeOf(plan, region);
    const rule = { action: { type: 'Delete' }, condition: { age: SCRATCH_DAYS } };
    add({
      name: scratchBucket,
      location: region,
      iamConfiguration,
      softDeletePolicy: { retentionDurationSeconds: '0' },
      lifecycle: { rule: [rule] },
    });
    add({ name: resultsBucket, location: region, iamConfiguration });
  }
  const state = /^gs:\/\/([^/]+)/.exec(stateUri(plan))?.[1];
  const [home] = regions;
  if (state !== undefined && home !== undefined) add({ name: state, location: home, iamConfiguration });
  return [...all.values()].flatMap((bucket) => {
    const trouble = buckets[bucket.name];
    return trouble === null ? [] : [{ ...bucket, ...trouble }];
  });
}
