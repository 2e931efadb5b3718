import type { Plan } from '../../plan/plan.js';
import type { PortError } from '../port.js';
import type { BucketInfo } from '../storagePort.js';
import { type Check, failed, listed, notPermitted, notVerified, passed, warned } from './check.js';
import type { ProjectState } from './facts.js';
import { BUCKET_PERMISSIONS, bucketsOf, type NamedBucket, regionsOf } from './needs.js';

/** Lifecycle rules must outlive the longest campaign and a pause in it. */
const SHORTEST_KEPT_DAYS = 30;

/** Scratch holds claims and checkpoints, which are rewritten all the time; the others hold what must not be lost. */
export function checkBuckets(
  plan: Plan,
  state: ProjectState,
  options: { required: boolean; project: string },
): Check[] {
  const unnamed = options.required ? missingNames(plan, options.project) : [];
  if (unnamed.length > 0) return unnamed;
  return bucketsOf(plan).flatMap((bucket) => checkBucket(plan, bucket, state));
}

/** Bucket names belong to the whole world: a run on Google takes none that nobody has named. */
function missingNames(plan: Plan, project: string): Check[] {
  const regions = plan.buckets === 'one' ? regionsOf(plan).slice(0, 1) : regionsOf(plan);
  const missing = (name: string, key: string, create: string): Check =>
    failed(name, `The plan names no bucket for its ${name}: create one, and name it as ${key}.`, create);
  const checks = regions.flatMap((region) =>
    (['scratch', 'results'] as const).flatMap((kind) => {
      const key = kind === 'scratch' ? 'scratchBucket' : 'resultsBucket';
      if (plan.cloud?.regions[region]?.[key]) return [];
      const create = createCommand(`${project}-${kind}-${region}`, kind, region);
      return [missing(`${kind} ${region}`, keyOf(kind, region), create)];
    }),
  );
  if (plan.cloud?.state) return checks;
  const home = regions[0] ?? 'us-central1';
  return [
    ...checks,
    missing('state', 'cloud.state', createCommand(`${project}-fepcast-state`, 'state', home)),
  ];
}

function checkBucket(plan: Plan, bucket: NamedBucket, state: ProjectState): Check[] {
  const { name: bucketName, kind, region } = bucket;
  const name = `bucket ${bucketName}`;
  const facts = state.buckets[bucketName];
  if (!facts) return [warned(name, 'Not verified: nobody asked.')];
  if (!facts.info.ok && facts.info.error.kind === 'NOT_FOUND') {
    return [
      failed(
        name,
        `There is no bucket ${bucketName}.`,
        createCommand(bucketName, kind, region ?? regionsOf(plan)[0] ?? ''),
      ),
    ];
  }
  const findings = [
    ...(facts.info.ok
      ? policiesOf(plan, name, bucket, facts.info.value)
      : [notVerified(name, facts.info.error, mayRead(bucketName, facts.info.error, state.caller))]),
    ...(facts.held.ok
      ? permissionsOn(name, bucketName, facts.held.value, state.caller)
      : [notVerified(name, facts.held.error)]),
  ];
  if (findings.length > 0) return findings;
  const where = region === null ? 'is there' : `lies in ${region}`;
  return [passed(name, `${bucketName} ${where} and has the policies of a ${kind} bucket.`)];
}

function permissionsOn(name: string, bucket: string, held: readonly string[], caller: string): Check[] {
  const missing = BUCKET_PERMISSIONS.filter((permission) => !held.includes(permission));
  if (missing.length === 0) return [];
  const whose =
    missing.length === BUCKET_PERMISSIONS.length
      ? ': if it is not yours, name another, as a name is given once in the world'
      : '';
  const repair = grantOn(bucket, caller, 'roles/storage.objectUser');
  return [notPermitted(name, `You lack ${listed(missing)} on ${bucket}${whose}.`, repair)];
}

/** The role that reads the policies of a bucket and no object in it; null: it is something else that failed. */
function mayRead(bucket: string, error: PortError, caller: string): string | null {
  return error.kind === 'PERMISSION_DENIED'
    ? grantOn(bucket, caller, 'roles/storage.legacyBucketReader')
    : null;
}

function grantOn(bucket: string, member: string, role: string): string {
  return `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=${member} --role=${role}`;
}

function policiesOf(
  plan: Plan,
  name: string,
  { name: bucket, kind, region }: NamedBucket,
  info: BucketInfo,
): Check[] {
  const update = (flag: string): string => `gcloud storage buckets update gs://${bucket} ${flag}`;
  const checks = checkLocation(plan, name, { name: bucket, kind, region }, info);
  if (info.retentionSeconds > 0) {
    const days = (info.retentionSeconds / 86_400).toFixed(1);
    const message = `${bucket} has a retention policy of ${days} days: ${kind === 'scratch' ? 'no checkpoint could be overwritten' : 'no claim or ledger entry could be rewritten'}.`;
    checks.push(failed(name, message, update('--clear-retention-period')));
  }
  if (info.defaultHold) {
    const message = `${bucket} puts a hold on every new object: nothing could be overwritten.`;
    checks.push(failed(name, message, update('--no-default-event-based-hold')));
  }
  checks.push(
    ...(kind === 'scratch' ? scratchPolicies(name, bucket, info) : resultsPolicies(name, bucket, info)),
  );
  if (info.requesterPays) {
    const message = `${bucket} lets the requester pay: VMs would be refused unless they name a project.`;
    checks.push(warned(name, message, update('--no-requester-pays')));
  }
  if (info.kmsKey !== null) {
    checks.push(
      warned(name, `${bucket} is encrypted with ${info.kmsKey}: the VMs depend on that key and its place.`),
    );
  }
  return checks;
}

function checkLocation(
  plan: Plan,
  name: string,
  { name: bucket, kind, region }: NamedBucket,
  info: BucketInfo,
): Check[] {
  const location = info.location.toLowerCase();
  if (region === null || location === region) return [];
  if (info.locationType !== 'region') {
    const message = `${bucket} is a ${info.locationType} bucket (${info.location}): every write is replicated and billed.`;
    return [warned(name, message, createCommand(anotherName(bucket, region), kind, region))];
  }
  const what = kind === 'scratch' ? 'every checkpoint' : 'every input and result';
  const message = `${bucket} lies in ${location}, and its VMs run in ${region}: ${what} would cross regions and be billed, unless ${keyOf(kind, region)} names one in ${region}.`;
  const repair = createCommand(anotherName(bucket, region), kind, region);
  // One bucket for all regions is a decision that somebody took and lint has priced.
  return [
    plan.buckets === 'one' || kind === 'results'
      ? warned(name, message, repair)
      : failed(name, message, repair),
  ];
}

/** A name that its bucket does not have already, for one that takes its place. */
function anotherName(bucket: string, region: string | null): string {
  return region === null || bucket.endsWith(region) ? `${bucket}-2` : `${bucket}-${region}`;
}

/** Where the scenario names the bucket. */
function keyOf(kind: NamedBucket['kind'], region: string | null): string {
  if (kind === 'state' || region === null) return 'cloud.state';
  return `cloud.regions.${region}.${kind === 'scratch' ? 'scratchBucket' : 'resultsBucket'}`;
}

function scratchPolicies(name: string, bucket: string, info: BucketInfo): Check[] {
  const update = (flag: string): string => `gcloud storage buckets update gs://${bucket} ${flag}`;
  const checks: Check[] = [];
  if (info.softDeleteSeconds > 0) {
    const days = Math.round(info.softDeleteSeconds / 86_400);
    const message = `${bucket} keeps what is overwritten for ${days} days (soft delete): every checkpoint is billed until then.`;
    checks.push(warned(name, message, update('--clear-soft-delete')));
  }
  if (info.versioning) {
    const message = `${bucket} keeps old versions of objects: every checkpoint is billed for ever.`;
    checks.push(warned(name, message, update('--no-versioning')));
  }
  if (info.autoclass) {
    checks.push(
      warned(
        name,
        `${bucket} has Autoclass, which bills each checkpoint for its management.`,
        update('--no-enable-autoclass'),
      ),
    );
  }
  const deletions = info.lifecycle.filter(({ action }) => action === 'Delete');
  const soonest = Math.min(...deletions.map(({ ageDays }) => ageDays ?? Infinity));
  if (soonest < SHORTEST_KEPT_DAYS) {
    const message = `${bucket} deletes objects after ${soonest} days: checkpoints of a campaign that pauses would be lost.`;
    checks.push(failed(name, message, lifecycleCommand(bucket)));
  } else if (!Number.isFinite(soonest)) {
    const message = `${bucket} never deletes anything by itself: old checkpoints stay and are billed.`;
    checks.push(warned(name, message, lifecycleCommand(bucket)));
  }
  return checks;
}

function resultsPolicies(name: string, bucket: string, info: BucketInfo): Check[] {
  const update = (flag: string): string => `gcloud storage buckets update gs://${bucket} ${flag}`;
  if (info.lifecycle.some(({ action }) => action === 'Delete')) {
    const message = `${bucket} has a rule that deletes objects: results could be lost.`;
    return [failed(name, message, update('--clear-lifecycle'))];
  }
  if (info.softDeleteSeconds === 0) {
    const message = `${bucket} keeps nothing that is deleted (no soft delete): a slip cannot be undone.`;
    return [warned(name, message, update('--soft-delete-duration=7d'))];
  }
  return [];
}

function createCommand(bucket: string, kind: NamedBucket['kind'], region: string): string {
  const create = `gcloud storage buckets create gs://${bucket} --location=${region} --uniform-bucket-level-access`;
  if (kind !== 'scratch') return create;
  return `${create} --soft-delete-duration=0 && ${lifecycleCommand(bucket)}`;
}

function lifecycleCommand(bucket: string): string {
  const rule = { rule: [{ action: { type: 'Delete' }, condition: { age: SHORTEST_KEPT_DAYS } }] };
  return `echo '${JSON.stringify(rule)}' > lifecycle.json && gcloud storage buckets update gs://${bucket} --lifecycle-file=lifecycle.json`;
}
