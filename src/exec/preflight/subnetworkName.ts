/** Where a subnetwork lies: with a Shared VPC that is another project. */
export interface SubnetworkName {
  project: string;
  region: string;
  name: string;
}

const PATH = /(?:projects\/(?<project>[^/]+)\/)?regions\/(?<region>[^/]+)\/subnetworks\/(?<name>[^/]+)$/;

/** Reads a bare name, `regions/R/subnetworks/S`, `projects/P/regions/R/subnetworks/S` or a full URL; null: `default`. */
export function parseSubnetwork(
  text: string | null,
  home: { project: string; region: string },
): SubnetworkName {
  const groups = PATH.exec(text ?? '')?.groups;
  if (!groups) return { ...home, name: text ?? 'default' };
  return {
    project: groups.project ?? home.project,
    region: groups.region ?? home.region,
    name: groups.name ?? 'default',
  };
}
