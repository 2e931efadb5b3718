import type { Cloud, CloudRegion, Task, WorkTable } from '../src/scenario/scenario.js';

/** How a scenario that says nothing of it runs its tasks. */
export const GROMACS_TASK: Task = {
  adapter: 'gromacs',
  maxRunDurationSeconds: null,
  command: [],
  environment: {},
  checkpointFiles: [],
  outputs: [],
  doneFile: null,
  progress: null,
  stopSignal: 'TERM',
  restartFromZero: true,
  stallSeconds: 600,
};

export const EMPTY_CLOUD_REGION: CloudRegion = {
  subnetwork: null,
  zones: null,
  avoidZones: [],
  imageUri: null,
  bootImage: null,
  scratchBucket: null,
  resultsBucket: null,
  reservation: null,
};

/** A `cloud` that says only which project and regions are used. */
export function emptyCloud(regions: readonly string[]): Cloud {
  return {
    project: 'p',
    serviceAccount: null,
    labels: {},
    tags: [],
    network: null,
    externalIp: false,
    nat: false,
    installGpuDrivers: true,
    secretEnvironment: {},
    state: null,
    regions: Object.fromEntries(regions.map((region) => [region, { ...EMPTY_CLOUD_REGION }])),
  };
}

/** Molecules with these names, each with the same windows of one leg. */
export function workTable(molecules: readonly string[], windows: number): WorkTable {
  return {
    file: 'tasks.csv',
    sha256: 'a'.repeat(64),
    folder: '',
    molecules: [...molecules],
    windows: Array.from({ length: windows }, (_, i) => ({ leg: 'main', repeat: '0', window: String(i) })),
    inputs: molecules.flatMap((_, m) => Array.from({ length: windows }, (_, w) => `in/${m}-${w}.tpr`)),
  };
}
