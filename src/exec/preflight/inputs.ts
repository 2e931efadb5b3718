import { access } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { Plan } from '../../plan/plan.js';
import { mapBounded } from '../mapBounded.js';
import { PortError } from '../port.js';
import { parseGsUrl, type StoragePort } from '../storagePort.js';
import type { InputState } from './checkPlan.js';

const AT_ONCE = 32;

/**
 * Looks for every input of the plan's work where it is said to lie: on this machine or in a bucket. `unnamed` for a plan
 * that is made from counts alone.
 */
export async function findInputs(plan: Plan, storage: Pick<StoragePort, 'stat'>): Promise<InputState> {
  const { work } = plan;
  if (work === null) return 'unnamed';
  const inputs = [...new Set(work.inputs)];
  const there = await mapBounded(inputs, AT_ONCE, (input) => isThere(input, work.folder, storage));
  return { total: inputs.length, missing: inputs.filter((_, i) => !there[i]) };
}

async function isThere(input: string, folder: string, storage: Pick<StoragePort, 'stat'>): Promise<boolean> {
  const place = parseGsUrl(input);
  if (place === null) {
    return access(isAbsolute(input) ? input : resolve(folder, input)).then(
      () => true,
      () => false,
    );
  }
  try {
    return (await storage.stat(place)) !== null;
  } catch (error) {
    // No such bucket is no such input; anything else is not known, and staging will say what it was.
    if (error instanceof PortError && error.kind === 'NOT_FOUND') return false;
    throw error;
  }
}
