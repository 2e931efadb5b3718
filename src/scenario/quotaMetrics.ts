/**
 * Compute Engine's names of the quotas of a GPU: `nvidia-l4` -> NVIDIA_L4_GPUS and PREEMPTIBLE_NVIDIA_L4_GPUS.
 * Source: enum Quota.Metric of the Compute Engine API, version 1.
 */
export function gpuMetrics(accelerator: string | null): { standard: string; spot: string } {
  const name = (accelerator ?? 'nvidia-l4')
    .replace(/^nvidia-tesla-/, 'nvidia-')
    .replaceAll('-', '_')
    .toUpperCase();
  return { standard: `${name}_GPUS`, spot: `PREEMPTIBLE_${name}_GPUS` };
}
