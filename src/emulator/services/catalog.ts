import { machineShape } from '../../scenario/machines.js';
import type { Scenario } from '../../scenario/scenario.js';

/**
 * How the price of a G2 machine is divided over its lines, roughly as in us-central1 in 2026: an L4 is four fifths.
 * Only the sum matters: it is the scenario's price of the machine.
 */
const SHARES = { gpu: 0.79, cores: 0.12, memory: 0.09 };

/** Lines that look like the wanted ones and are not: reservations, commitments, other GPUs, Flex-start. */
const DECOYS: [description: string, usageType: string, unit: string][] = [
  ['Nvidia L4 GPU attached to DWS Defined Duration VMs running in', 'OnDemand', 'h'],
  ['Reserved Nvidia L4 GPU in', 'OnDemand', 'h'],
  ['Commitment v1: Nvidia L4 GPU running in', 'Commit1Yr', 'h'],
  ['Commitment v1: G2 Instance Core running in', 'Commit1Yr', 'h'],
  ['Sole Tenancy G2 Instance Core running in', 'OnDemand', 'h'],
  ['G2 Custom Instance Core running in', 'OnDemand', 'h'],
  ['Nvidia L4 Virtual Workstation GPU running in', 'OnDemand', 'h'],
  ['Nvidia L40S GPU running in', 'OnDemand', 'h'],
];
const DECOY_USD = 9;

/** The price catalog of the scenario: what its machine costs in its regions, and what only seems to be it. */
export function catalogOf(scenario: Scenario): object[] {
  const { type } = scenario.machine;
  if (!type.startsWith('g2-')) return [];
  const shape = machineShape(type);
  const memoryGib = shape.memoryMib / 1024;
  return Object.entries(scenario.regions).flatMap(([region, { price }]) => {
    const lines = (usd: number, spot: boolean): object[] => {
      const usageType = spot ? 'Preemptible' : 'OnDemand';
      const host = spot ? 'Spot Preemptible ' : '';
      const gpu = spot ? 'attached to Spot Preemptible VMs running' : 'running';
      return [
        line(
          `${host}G2 Instance Core running in ${region}`,
          usageType,
          'h',
          region,
          (usd * SHARES.cores) / shape.vcpus,
        ),
        line(
          `${host}G2 Instance Ram running in ${region}`,
          usageType,
          'GiBy.h',
          region,
          (usd * SHARES.memory) / memoryGib,
        ),
        line(`Nvidia L4 GPU ${gpu} in ${region}`, usageType, 'h', region, (usd * SHARES.gpu) / shape.gpus),
      ];
    };
    return [
      ...DECOYS.map(([text, usageType, unit]) =>
        line(`${text} ${region}`, usageType, unit, region, DECOY_USD),
      ),
      ...lines(price.onDemandUsdPerHour, false),
      ...lines(price.spotUsdPerHour, true),
    ];
  });
}

function line(
  description: string,
  usageType: string,
  usageUnit: string,
  region: string,
  usd: number,
): object {
  const units = Math.floor(usd);
  return {
    description,
    category: {
      serviceDisplayName: 'Compute Engine',
      resourceFamily: 'Compute',
      resourceGroup: 'G2',
      usageType,
    },
    serviceRegions: [region],
    pricingInfo: [
      {
        pricingExpression: {
          usageUnit,
          tieredRates: [
            {
              startUsageAmount: 0,
              unitPrice: {
                currencyCode: 'USD',
                units: String(units),
                nanos: Math.round((usd - units) * 1e9),
              },
            },
          ],
        },
      },
    ],
    serviceProviderName: 'Google',
  };
}
