import type { Plan } from '../../plan/plan.js';
import { type Check, failed, listed, notPermitted, notVerified, passed, warned } from './check.js';
import type { ProjectState } from './facts.js';
import { ACT_AS, accountRoles, neededApis, PROJECT_PERMISSIONS } from './needs.js';
import { ServiceError } from './restClient.js';

/** Is the project there, and does it take requests? */
export function checkProject(project: string, { project: found }: ProjectState): Check {
  const name = 'project';
  if (found.ok) {
    return found.value.active
      ? passed(name, `${project} is there and active.`)
      : failed(name, `${project} is being deleted.`, `gcloud projects undelete ${project}`);
  }
  const { error } = found;
  if (isApiOff(error))
    return notVerified(name, error, enable(project, ['cloudresourcemanager.googleapis.com']));
  if (error.kind === 'PERMISSION_DENIED' || error.kind === 'NOT_FOUND') {
    // Google gives the same answer for both, so as not to tell strangers which projects exist.
    const message = `There is no project ${project}, or you may not see it.`;
    return notPermitted(name, message, `gcloud projects describe ${project}`);
  }
  return notVerified(name, error);
}

export function checkApis(plan: Plan, project: string, { enabledApis }: ProjectState): Check {
  const name = 'apis';
  const needed = neededApis(plan);
  if (!enabledApis.ok) {
    const { error } = enabledApis;
    const repair = isApiOff(error) ? enable(project, ['serviceusage.googleapis.com']) : null;
    return notVerified(name, error, repair);
  }
  const missing = needed.filter((api) => !enabledApis.value.includes(api));
  if (missing.length === 0) return passed(name, `All ${needed.length} APIs that the plan needs are on.`);
  const them = missing.length === 1 ? 'API is' : 'APIs are';
  return failed(name, `The ${listed(missing)} ${them} switched off in ${project}.`, enable(project, missing));
}

/** What the caller may do in the project. */
export function checkPermissions(project: string, { caller, permissions }: ProjectState): Check {
  const name = 'permissions';
  if (!permissions.ok) {
    const repair = isApiOff(permissions.error)
      ? enable(project, ['cloudresourcemanager.googleapis.com'])
      : null;
    return notVerified(name, permissions.error, repair);
  }
  const missing = PROJECT_PERMISSIONS.filter((permission) => !permissions.value.includes(permission));
  if (missing.length === 0)
    return passed(name, 'You may create, follow and delete Batch jobs, and read quotas.');
  const roles = new Set(
    missing.map((one) => (one.startsWith('batch.') ? 'roles/batch.jobsEditor' : 'roles/compute.viewer')),
  );
  const repair = [...roles].map((role) => grantOnProject(project, caller, role)).join(' && ');
  return notPermitted(name, `You lack ${listed(missing)} in ${project}.`, repair);
}

/** Jobs may be sent off in the name of the VMs' account only with a permission on that account. */
export function checkActAs({ caller, account }: ProjectState): Check {
  const name = 'act as';
  if (account === null) return warned(name, 'Not verified: the account of the VMs is not known.');
  const { email, held } = account;
  const repair = `gcloud iam service-accounts add-iam-policy-binding ${email} --member=${caller} --role=roles/iam.serviceAccountUser`;
  if (!held.ok) {
    if (held.error.kind !== 'NOT_FOUND') return notVerified(name, held.error);
    const [id, domain = ''] = email.split('@');
    const home = domain.replace(/\.iam\.gserviceaccount\.com$/, '');
    const create = domain === home ? null : `gcloud iam service-accounts create ${id} --project=${home}`;
    return failed(name, `There is no service account ${email}.`, create);
  }
  if (held.value.includes(ACT_AS)) return passed(name, `You may run jobs as ${email}.`);
  return notPermitted(name, `You may not run jobs as ${email}: ${ACT_AS} is missing on it.`, repair);
}

/**
 * Only what the project's own policy says of the account by its name can be seen: roles may also come from a folder, a
 * group or a bucket. So a role that is not seen is a warning; the canary proves it either way.
 */
export function checkAccountRoles(plan: Plan, project: string, { account }: ProjectState): Check {
  const name = 'job account';
  if (account === null) return warned(name, 'Not verified: the account of the VMs is not known.');
  const { email, roles } = account;
  if (!roles.ok) return notVerified(name, roles.error);
  const held = new Set(roles.value);
  const all = ['roles/owner', 'roles/editor'].some((role) => held.has(role));
  const missing = accountRoles(plan).filter(
    (role) => !held.has(role) && !(all && role !== 'roles/secretmanager.secretAccessor'),
  );
  if (missing.length === 0) return passed(name, `${email} has the roles that its VMs need.`);
  const repair = missing.map((role) => grantOnProject(project, `serviceAccount:${email}`, role)).join(' && ');
  const unless = 'unless it has them from elsewhere, VMs will not report, or not find their image';
  return warned(name, `${email} lacks ${listed(missing)} in ${project}: ${unless}.`, repair);
}

export function isApiOff(error: unknown): boolean {
  return error instanceof ServiceError && error.apiIsOff;
}

function enable(project: string, apis: readonly string[]): string {
  return `gcloud services enable ${apis.join(' ')} --project=${project}`;
}

function grantOnProject(project: string, member: string, role: string): string {
  return `gcloud projects add-iam-policy-binding ${project} --member=${member} --role=${role} --condition=None`;
}
