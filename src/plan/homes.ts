import type { Plan } from './plan.js';
import type { TaskHome } from './taskObjects.js';

/** What of a plan says where its tasks keep their objects. */
type Housed = Pick<Plan, 'cloud' | 'buckets'> & {
  scenario: { resolved: Pick<Plan['scenario']['resolved'], 'regions'> };
};

/**
 * The buckets of a region: those that `cloud` names, or `fepcast-scratch-<region>` and `fepcast-results-<region>`. With
 * `buckets: one` every region has those of the scenario's first region, as in the World.
 */
export function homeOf(plan: Housed, region: string): TaskHome {
  const [first] = Object.keys(plan.scenario.resolved.regions);
  const place = plan.buckets === 'one' ? (first ?? region) : region;
  const settings = plan.cloud?.regions[place];
  return {
    scratchBucket: bucketName(settings?.scratchBucket ?? `fepcast-scratch-${place}`),
    resultsBucket: bucketName(settings?.resultsBucket ?? `fepcast-results-${place}`),
  };
}

/** A task keeps its first home for the whole run: that of the shard that the plan has put it in. */
export function homeOfTask(plan: Housed & Pick<Plan, 'shards'>, task: number): TaskHome {
  const shard = plan.shards.find(
    ({ firstTask, taskCount }) => task >= firstTask && task < firstTask + taskCount,
  );
  if (shard === undefined) throw new Error(`task ${task} is in no shard of the plan`);
  return homeOf(plan, shard.region);
}

/** Where ledgers are kept: gs://bucket or gs://bucket/prefix. */
export function stateUri(plan: Pick<Plan, 'cloud'>): string {
  return (plan.cloud?.state ?? 'gs://fepcast-state').replace(/\/+$/, '');
}

/** Without gs:// and without a slash at its end. */
function bucketName(text: string): string {
  return text.replace(/^gs:\/\//, '').replace(/\/+$/, '');
}
