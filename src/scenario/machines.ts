/** What one VM of a machine type takes from the quotas. */
export interface MachineShape {
  vcpus: number;
  memoryMib: number;
  gpus: number;
}

/**
 * The G2 shapes, the GPUs come with the machine type.
 * Source: docs.cloud.google.com/compute/docs/accelerator-optimized-machines, as listed 2026-08.
 */
const G2: Record<string, [vcpus: number, memoryGib: number, gpus: number]> = {
  'g2-standard-4': [4, 16, 1],
  'g2-standard-8': [8, 32, 1],
  'g2-standard-12': [12, 48, 1],
  'g2-standard-16': [16, 64, 1],
  'g2-standard-24': [24, 96, 2],
  'g2-standard-32': [32, 128, 1],
  'g2-standard-48': [48, 192, 4],
  'g2-standard-96': [96, 384, 8],
};

/**
 * The shape of a machine type. A type outside the G2 series is read by its name (`n1-standard-4`: 4 vCPUs,
 * 3.75 GiB each; `n2-custom-8-16384`: 8 vCPUs and 16384 MiB) and has the GPUs that its job attaches.
 */
export function machineShape(type: string, attachedGpus = 0): MachineShape {
  const g2 = G2[type];
  if (g2) return { vcpus: g2[0], memoryMib: g2[1] * 1024, gpus: g2[2] };
  const custom = /(?:^|-)custom-(\d+)-(\d+)/.exec(type);
  if (custom) return { vcpus: Number(custom[1]), memoryMib: Number(custom[2]), gpus: attachedGpus };
  const vcpus = Number(/-(\d+)(?:-lssd)?$/.exec(type)?.[1] ?? '1');
  return { vcpus, memoryMib: vcpus * 3840, gpus: attachedGpus };
}
