import { makePlan } from '../../src/plan/makePlan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Cloud, CloudRegion, Scenario } from '../../src/scenario/scenario.js';
import { scenarioOf } from './plans.js';

export const PROJECT = 'my-project';
export const REGIONS = ['us-central1', 'us-east1'];

export function cloudRegion(region: string, settings: Partial<CloudRegion> = {}): CloudRegion {
  return {
    subnetwork: null,
    zones: null,
    avoidZones: [],
    imageUri: `${region}-docker.pkg.dev/${PROJECT}/fep/task:1`,
    bootImage: null,
    scratchBucket: `scratch-${region}`,
    resultsBucket: `results-${region}`,
    reservation: null,
    ...settings,
  };
}

export function cloudOf(settings: Partial<Cloud> = {}): Cloud {
  return {
    project: PROJECT,
    serviceAccount: `runner@${PROJECT}.iam.gserviceaccount.com`,
    labels: {},
    tags: [],
    network: null,
    externalIp: false,
    nat: false,
    installGpuDrivers: true,
    secretEnvironment: {},
    state: 'gs://state-home/fepcast',
    regions: Object.fromEntries(REGIONS.map((region) => [region, cloudRegion(region)])),
    ...settings,
  };
}

/** 10 molecules of 13 windows in two regions, 10 VMs each, with everything that a run on Google needs. */
export function realScenario(cloud: Partial<Cloud> = {}): Scenario {
  return { ...scenarioOf({ molecules: 10, windows: 13 }, {}, REGIONS), cloud: cloudOf(cloud) };
}

export function realPlan(cloud: Partial<Cloud> = {}): Plan {
  return makePlan(realScenario(cloud));
}
