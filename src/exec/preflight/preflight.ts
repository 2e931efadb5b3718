import type { Plan } from '../../plan/plan.js';
import type { LivePrices } from '../live/prices.js';
import type { StoragePort } from '../storagePort.js';
import type { Check } from './check.js';
import { checkBuckets } from './checkBuckets.js';
import { checkImages } from './checkImages.js';
import { checkNetworks } from './checkNetwork.js';
import {
  checkBudget,
  checkExposure,
  checkForecast,
  checkInputs,
  checkLint,
  type InputState,
} from './checkPlan.js';
import { checkPrices } from './checkPrices.js';
import { checkAccountRoles, checkActAs, checkApis, checkPermissions, checkProject } from './checkProject.js';
import { checkQuotas } from './checkQuota.js';
import { gatherState, type ProjectState } from './facts.js';
import type { ServicesPort } from './servicesPort.js';

export interface PreflightOptions {
  plan: Plan;
  project: string;
  /** A rehearsal spends no money, and its virtual tasks need neither buckets nor inputs of their own. */
  source: 'rehearse' | 'execute';
  inputs: InputState;
  /** Today's list prices; null: they were not asked for. */
  prices: LivePrices | null;
  /** How the user named the plan, for the commands that repair. */
  planFile: string;
}

export interface PreflightResult {
  checks: Check[];
  /** Nothing failed: warnings do not stop a run. */
  ok: boolean;
  /** Something failed because the caller may not do it. */
  permission: boolean;
  /** The plan's images by digest, region by region, as far as they could be resolved. */
  images: Record<string, string>;
}

/** Looks at everything that can be known before anything is created. Reads only. */
export async function preflight(
  options: PreflightOptions,
  ports: { services: ServicesPort; storage: Pick<StoragePort, 'bucketInfo' | 'testPermissions'> },
): Promise<PreflightResult> {
  return judge(options, await gatherState(options.plan, ports));
}

/** All checks over what was found out: pure. */
export function judge(options: PreflightOptions, state: ProjectState): PreflightResult {
  const { plan, project, source, inputs, prices, planFile } = options;
  const required = source === 'execute';
  const { checks: imageChecks, images } = checkImages(plan, state);
  const checks: Check[] = [
    checkProject(project, state),
    checkApis(plan, project, state),
    checkPermissions(project, state),
    checkActAs(state),
    checkAccountRoles(plan, project, state),
    ...checkQuotas(plan, project, state),
    ...imageChecks,
    ...checkBuckets(plan, state, { required, project }),
    ...checkNetworks(plan, project, state),
    checkInputs(inputs),
    checkLint(plan, planFile),
    ...(prices === null ? [] : [checkPrices(plan, prices)]),
    checkForecast(plan),
    checkBudget(plan, { required, planFile }),
    checkExposure(plan),
  ];
  const failures = checks.filter(({ outcome }) => outcome === 'fail');
  return {
    checks,
    ok: failures.length === 0,
    permission: failures.some(({ permission }) => permission === true),
    images,
  };
}

/** The plan with the images of a preflight: by digest where they could be resolved, as they were elsewhere. */
export function withImages(plan: Plan, images: Readonly<Record<string, string>>): Plan {
  return { ...plan, image: { ...plan.image, uriByRegion: { ...plan.image.uriByRegion, ...images } } };
}
