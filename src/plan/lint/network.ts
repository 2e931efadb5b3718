import { SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import { type Rule, usedRegions } from './finding.js';

/** The project in the URL of a network resource; null: that of the job. */
const projectOf = (url: string): string | null => /(?:^|\/)projects\/([^/]+)\//.exec(url)?.[1] ?? null;

const error = (rule: string, path: string, message: string, found: string, limit: string): Finding => ({
  rule,
  severity: 'error',
  path,
  message,
  found,
  limit,
  source: SOURCES.network,
});

/** A subnetwork lies in one region, and in the network that is named beside it. */
export const subnetworks: Rule = ({ cloud }) =>
  Object.entries(cloud?.regions ?? {}).flatMap(([region, { subnetwork }]): Finding[] => {
    if (cloud === null || subnetwork === null) return [];
    const path = `cloud.regions.${region}.subnetwork`;
    const place = /(?:^|\/)regions\/([^/]+)\/subnetworks\/[^/]+$/.exec(subnetwork)?.[1];
    if (place === undefined) {
      const limit = `regions/${region}/subnetworks/NAME`;
      const message = `A subnetwork is named with its region: write ${limit}, with projects/HOST/ before it where another project owns it.`;
      return [error('subnetwork-form', path, message, subnetwork, limit)];
    }
    if (place !== region) {
      const message = `VMs of ${region} cannot be in a subnetwork of ${place}: name one of ${region}.`;
      return [error('subnetwork-region', path, message, place, region)];
    }
    if (cloud.network === null) return [];
    const [network, owner] = [cloud.network, subnetwork].map((url) => projectOf(url) ?? cloud.project);
    if (network === owner) return [];
    const message =
      'A subnetwork belongs to the project of its network: name both from projects/ on, with the same host project.';
    return [error('subnetwork-project', path, message, owner ?? 'no project', network ?? 'no project')];
  });

/** The network of a host project has no subnetwork that Batch could choose by itself. */
export const sharedVpc: Rule = (plan) => {
  const { cloud } = plan;
  const host = cloud?.network ? projectOf(cloud.network) : null;
  if (cloud === null || host === null || host === cloud.project) return [];
  return usedRegions(plan)
    .filter((region) => !cloud.regions[region]?.subnetwork)
    .map((region) => ({
      rule: 'shared-vpc-subnetwork',
      severity: 'error',
      path: `cloud.regions.${region}.subnetwork`,
      message: `The network is shared by ${host}, and a job in ${region} must name the subnetwork that was shared with it: set it, as projects/${host}/regions/${region}/subnetworks/NAME.`,
      found: 'none',
      limit: `projects/${host}/regions/${region}/subnetworks/NAME`,
      source: SOURCES.network,
    }));
};

/** What nobody chose is Compute Engine's default account, often an editor of the whole project. */
export const serviceAccount: Rule = ({ cloud }) => {
  if (cloud === null || cloud.serviceAccount !== null) return [];
  return [
    {
      rule: 'service-account',
      severity: 'warning',
      path: 'cloud.serviceAccount',
      message:
        "VMs would run as Compute Engine's default service account, which may do too much or not exist: name one with batch.agentReporter, logging.logWriter and access to the buckets.",
      found: 'none',
      limit: 'an account of its own',
      source: SOURCES.getStarted,
    },
  ];
};
