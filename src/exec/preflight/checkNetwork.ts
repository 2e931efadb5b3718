import type { Plan } from '../../plan/plan.js';
import { type Check, failed, notVerified, passed, warned } from './check.js';
import type { ProjectState } from './facts.js';
import { needsInternet, regionsOf } from './needs.js';
import { parseSubnetwork } from './subnetworkName.js';

/** VMs without an external address reach Google through Private Google Access, and anything else through Cloud NAT. */
export function checkNetworks(plan: Plan, project: string, { networks }: ProjectState): Check[] {
  if (plan.cloud?.externalIp === true) return [];
  return regionsOf(plan).map((region) => {
    const name = `network ${region}`;
    const place = parseSubnetwork(plan.cloud?.regions[region]?.subnetwork ?? null, { project, region });
    const facts = networks[region];
    if (!facts) return warned(name, 'Not verified: nobody asked.');
    if (!facts.ok) {
      if (facts.error.kind !== 'NOT_FOUND') return notVerified(name, facts.error);
      const list = `gcloud compute networks subnets list --project=${place.project} --regions=${region}`;
      return failed(name, `There is no subnetwork ${place.name} in ${region} of ${place.project}.`, list);
    }
    const { network, privateGoogleAccess, nat } = facts.value;
    if (needsInternet(plan, region) && !nat && plan.cloud?.nat !== true) {
      const bootImage = plan.cloud?.regions[region]?.bootImage;
      const message = `VMs from ${bootImage} fetch the GPU driver from the internet, and ${network} has no Cloud NAT in ${region}: use batch-cos, or add NAT.`;
      return failed(name, message, natCommand(place.project, region, network));
    }
    if (!privateGoogleAccess && !nat) {
      const message = `Subnetwork ${place.name} in ${region} has no Private Google Access: its VMs would reach neither Batch nor the registry.`;
      const repair = `gcloud compute networks subnets update ${place.name} --project=${place.project} --region=${region} --enable-private-ip-google-access`;
      return failed(name, message, repair);
    }
    return passed(name, `VMs in ${region} reach Google's services without an external address.`);
  });
}

function natCommand(project: string, region: string, network: string): string {
  const router = `fepcast-${region}`;
  return [
    `gcloud compute routers create ${router} --project=${project} --region=${region} --network=${network}`,
    `gcloud compute routers nats create ${router} --router=${router} --project=${project} --region=${region} --auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges`,
  ].join(' && ');
}
